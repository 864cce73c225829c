/** Learning rates × widths with the Python example; test/long/sweep.test.ts runs twelve. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { blocksOf, pageOf } from '../../docs/support/pages.js';
import { example, hasPython, out, sweep } from '../../examples/support/sweep.js';
import { projectWithin } from '../../rig/projects.js';

it.runIf(hasPython)(
  'the best of six runs is named, compared and checked out, and gc leaves all rows',
  async () => {
    await sweep([0.1, 0.05, 0.01], [2, 8]);
  },
);

it.runIf(hasPython)(
  'the best rate is named by the metric of a stage that reads the model',
  async () => {
    const made = example();
    const evaluate = `  evaluate:
    cmd: |
      python3 - \${deps.model} \${outs.scores} <<'EOF'
      import json, math, sys
      units = json.load(open(sys.argv[1]))
      fit = lambda x: sum(out * math.tanh(weight * x + bias) for weight, bias, out in units)
      points = [(x / 31, math.sin(x / 31 * 3)) for x in range(-31, 32)]
      worst = max(abs(fit(x) - y) for x, y in points)
      json.dump({"test": {"worst": worst}}, open(sys.argv[2], "w"))
      EOF
    deps: { model: cache/out/model.json }
    metrics: { scores: cache/out/test.json }
`;
    made.write('pipeline.yaml', made.read('pipeline.yaml') + evaluate);
    const worst = new Map<string, number>();
    for (const rate of ['0.1', '0.05', '0.01'])
      for (const width of ['2', '8']) {
        await out(made, 'run', '--set', `train.lr=${rate}`, '--set', `train.width=${width}`);
        worst.set(`${rate} ${width}`, JSON.parse(made.read('cache/out/test.json')).test.worst);
      }
    const csv = await out(made, 'results', 'evaluate', '--sort', 'test.worst', '--csv');
    const [names = [], ...rows] = csv
      .trimEnd()
      .split('\n')
      .map((line) => line.split(','));
    const cells = (row: string[], ...wanted: string[]) =>
      wanted.map((name) => row[names.indexOf(name)]);
    const expected = [...worst].sort(([, a], [, b]) => a - b).map(([name]) => name);
    expect(rows.map((row) => cells(row, 'train.lr', 'train.width').join(' '))).toEqual(expected);
    const table = await out(made, 'results', 'evaluate', '--sort', 'test.worst', '--limit', '1');
    expect(table).toMatch(
      /^key +item +when +train\.lr +train\.width +test\.worst +time +state +deps\.model\n/,
    );
  },
);

it('tries other values of an axis with --set, and lists the results of all of them', async () => {
  const made = projectWithin({
    'pipeline.yaml': `params: { train: { lr: [0.1] } }
stages:
  train:
    matrix: { lr: "\${train.lr}" }
    cmd: printf '{"val":{"loss":%s}}' \${lr} > \${outs.scores}
    metrics: { scores: "cache/out/\${lr}/scores.json" }
`,
  });
  await out(made, 'run');
  const set = ['--set', 'train.lr=[0.1,0.01]'];
  expect(await out(made, 'run', ...set)).toContain('pipe: 1 ran, 0 restored, 1 fresh\n');
  const items = async (...args: string[]) =>
    (JSON.parse(await out(made, 'results', '--sort', 'loss', '--json', ...args)) as Item[]).map(
      ({ item, state }) => `${item} ${state}`,
    );
  interface Item {
    readonly item: string;
    readonly state: string;
  }
  expect(await items()).toEqual(['train@0.01 kept', 'train@0.1 current']);
  expect(await items(...set)).toEqual(['train@0.01 current', 'train@0.1 current']);
});

it.runIf(hasPython)('answers the questions of docs/guides/questions.md', async () => {
  const made = example();
  await out(made, 'run');
  const git = (...args: string[]) => execFileSync('git', args, { cwd: made.root });
  made.write('.gitignore', 'cache\n');
  git('init', '-q');
  git('add', '-A');
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-qm', 'one');
  made.write('pipeline.yaml', made.read('pipeline.yaml').replace('width: 8', 'width: 4'));
  const commands = blocksOf(pageOf('docs/guides/questions.md')).flatMap(({ text }) =>
    text.split('\n').filter((line) => line !== ''),
  );
  const said = new Map<string, string>();
  for (const line of commands) {
    const [prompt, program, ...words] = line.match(/"[^"]*"|\S+/g) ?? [];
    expect([prompt, program]).toEqual(['$', 'pipe']);
    said.set(line, await out(made, ...words.map((word) => word.replaceAll('"', ''))));
  }
  const lines = (command: string) => said.get(`$ pipe ${command}`)?.trimEnd().split('\n') ?? [];
  expect(lines('results train --sort val.loss --limit 3')).toHaveLength(4);
  expect(lines('results train --filter "lr<0.1" --filter width=32')).toHaveLength(2);
  expect(lines('metrics diff HEAD --md').join('\n')).toContain('| train | val.loss |');
  expect(lines('plots diff HEAD').at(-1)).toBe('cache/plots.html');
  expect(lines('results diff train@HEAD train --all').join('\n')).toMatch(
    /^params\.train\.width +8 +4 +-4/m,
  );
  expect(readdirSync(made.path('best')).sort()).toEqual([
    'fit.csv',
    'loss.csv',
    'model.json',
    'scores.json',
  ]);
});
