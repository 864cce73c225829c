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
