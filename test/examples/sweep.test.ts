/** Learning rates × widths with the Python example: what a user asks of the results, before and after gc. */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { blocksOf, pageOf } from '../docs/support/pages.js';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;

const RATES = [0.1, 0.05, 0.01, 0.001];
const WIDTHS = [2, 4, 8];

interface Row {
  readonly key: string;
  readonly state: string;
  readonly params: Record<string, number>;
  readonly metrics: Record<string, number>;
}

function example(): Project {
  const made = projectWithin();
  const source = fileURLToPath(new URL('../../examples/sweep-python', import.meta.url));
  cpSync(source, made.root, { recursive: true });
  const short = made.read('pipeline.yaml').replace('epochs: 80', 'epochs: 3');
  made.write('pipeline.yaml', short);
  return made;
}

/** As if all results had been stored an hour ago. */
function age(made: Project): void {
  const then = Date.now() / 1000 - 3600;
  for (const folder of ['cache/v1/records', 'cache/v1/objects'])
    for (const name of readdirSync(made.path(folder), { recursive: true, encoding: 'utf8' }))
      utimesSync(made.path(`${folder}/${name}`), then, then);
}

async function out(made: Project, ...args: string[]): Promise<string> {
  const ended = await made.pipe(...args);
  expect([args, ended.code, ended.err]).toEqual([args, 0, '']);
  return ended.out;
}

it.runIf(hasPython)(
  'the best of twelve runs is named, compared and checked out, and gc leaves all rows',
  async () => {
    const made = example();
    const models = new Map<string, string>();
    for (const rate of RATES)
      for (const width of WIDTHS) {
        await out(made, 'run', '--set', `train.lr=${rate}`, '--set', `train.width=${width}`);
        models.set(`${rate} ${width}`, made.read('cache/out/model.json'));
      }
    const rows = async () =>
      JSON.parse(await out(made, 'results', 'train', '--sort', 'val.loss', '--json')) as Row[];
    const before = await rows();
    const losses = before.map(({ metrics }) => metrics['val.loss'] as number);
    expect(losses).toHaveLength(12);
    expect(losses).toEqual([...losses].sort((a, b) => a - b));
    const [best, worst] = [before[0] as Row, before.at(-1) as Row];

    const diff = ['results', 'diff', best.key, worst.key.slice(0, 12), '--json'];
    const names = async () =>
      (JSON.parse(await out(made, ...diff)).differences as { name: string }[]).map(
        ({ name }) => name,
      );
    expect(await names()).toEqual(expect.arrayContaining(['params.train.lr', 'metrics.val.loss']));
    expect(await names()).not.toContain('code');

    const workspace = made.read('cache/out/model.json');
    await out(made, 'checkout', best.key.slice(0, 10), 'best');
    expect(readdirSync(made.path('best'))).toContain('model.json');
    const { 'train.lr': rate, 'train.width': width } = best.params;
    expect(readFileSync(made.path('best/model.json'), 'utf8')).toBe(models.get(`${rate} ${width}`));
    expect(made.read('cache/out/model.json')).toBe(workspace);

    // gc spares what is new, the result of today and those of the last three runs.
    age(made);
    expect(await out(made, 'cache', 'gc', '--max-size', '1')).toContain('removed 8 entries');
    const after = await rows();
    expect(after.map(({ key, metrics }) => [key, metrics])).toEqual(
      before.map(({ key, metrics }) => [key, metrics]),
    );
    const removed = after.filter(({ state }) => state === 'removed');
    expect(removed).toHaveLength(8);
    expect(await names()).toContain('params.train.lr');
    const refused = await made.pipe('checkout', (removed[0] as Row).key, 'again');
    expect([refused.code, refused.err.includes('gc removed its outs')]).toEqual([2, true]);

    const { 'train.lr': lost, 'train.width': units } = (removed[0] as Row).params;
    await out(made, 'run', '--set', `train.lr=${lost}`, '--set', `train.width=${units}`);
    expect(made.read('cache/out/model.json')).toBe(models.get(`${lost} ${units}`));
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
