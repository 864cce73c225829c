/** `pipe metrics` reports by key, for the pipeline of --profile and --set, whatever the workspace contains. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `params: { rate: 1 }
profiles: { two: { rate: 2 }, three: { rate: 3 } }
stages:
  train:
    cmd: echo \${rate} > \${outs.model}
    outs: { model: cache/out/model }
  score:
    matrix: { set: [a, b] }
    cmd: printf '{"ssim":%s.5}' "$(cat \${deps.model})" > \${outs.m}
    deps: { model: cache/out/model }
    metrics: { m: "cache/out/\${set}.json" }
`;

async function json(made: Project, ...args: string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await made.pipe('metrics', '--json', ...args);
  expect([code, err]).toEqual([0, '']);
  return JSON.parse(out) as Record<string, unknown>;
}

const both = (figures: object) => ({ 'score@a': figures, 'score@b': figures });

function commitAll(made: Project): void {
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: made.root,
      stdio: 'pipe',
    });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'all');
}

describe('the metrics of a variant', () => {
  it('are those of its own results, whatever the workspace contains', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run('--profile', 'two');
    await made.run('--set', 'rate=7');
    await made.run();
    expect(made.read('cache/out/a.json')).toBe('{"ssim":1.5}');
    expect(await json(made)).toEqual(both({ ssim: 1.5 }));
    expect(await json(made, '--profile', 'two')).toEqual(both({ ssim: 2.5 }));
    expect(await json(made, '--set', 'rate=7', 'score@b')).toEqual({ 'score@b': { ssim: 7.5 } });
    // Two equivalent command lines have one key.
    expect(await json(made, '--profile', 'two', '--set', 'rate=1')).toEqual(both({ ssim: 1.5 }));
  });

  it('are marked stale without results: in the table, and in JSON', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run();
    expect(await json(made, '--profile', 'three')).toEqual(both({ ssim: 1.5, stale: true }));
    expect((await made.pipe('metrics', '--set', 'rate=9')).out).toBe(
      'item             ssim\nscore@a (stale)   1.5\nscore@b (stale)   1.5\n',
    );
    expect((await made.pipe('metrics', '--set', 'rate=9', 'score@a', '--md')).out).toBe(
      '| metric | score@a (stale) |\n| --- | --- |\n| ssim | 1.5 |\n',
    );
  });

  it('are distinct from the mark, also if one is named stale', async () => {
    const made = projectWithin({
      'pipeline.yaml':
        'params: { n: 1 }\nstages: { a: { cmd: \'echo "{\\"stale\\":${n}}" > m\', params: [n], outs: [m], metrics: [m] } }\n',
    });
    await made.run();
    expect(await json(made)).toEqual({ a: { 'metrics.stale': 1 } });
    expect(await json(made, '--set', 'n=2')).toEqual({ a: { 'metrics.stale': 1, stale: true } });
  });

  it('are marked stale after an edit, and a dash if nothing was measured', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run();
    made.write('pipeline.yaml', PIPELINE.replace('[a, b]', '[a, c]').replace('rate: 1', 'rate: 4'));
    expect((await made.pipe('metrics')).out).toBe(
      'item             ssim\nscore@a (stale)   1.5\nscore@c           –\n',
    );
    expect(await json(made)).toEqual({ 'score@a': { ssim: 1.5, stale: true } });
  });

  it('come from the cache when the files were edited or deleted', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run();
    made.write('cache/out/a.json', '{"ssim":99}');
    made.remove('cache/out/b.json');
    expect(await json(made)).toEqual(both({ ssim: 1.5 }));
  });

  it('come from pipeline.lock in a clone without results, and are stale if its key differs', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run('--profile', 'two');
    await made.run();
    const clone = projectWithin({
      'pipeline.yaml': PIPELINE,
      'pipeline.lock': made.read('pipeline.lock'),
    });
    expect(await json(clone)).toEqual(both({ ssim: 1.5 }));
    expect(await json(clone, '--profile', 'two')).toEqual(both({ ssim: 2.5 }));
    expect(await json(clone, '--profile', 'three')).toEqual({});
    // `score` has the same definition, but its input has another.
    expect(await json(clone, '--set', 'rate=5')).toEqual(both({ ssim: 1.5, stale: true }));
    clone.write('pipeline.yaml', PIPELINE.replace('%s.5', '%s.25'));
    expect(await json(clone)).toEqual(both({ ssim: 1.5, stale: true }));
  });

  it('come from pipeline.lock when objects are missing in the cache and its key is the same', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run();
    rmSync(made.path('cache/v1/objects'), { recursive: true });
    for (const name of ['a', 'b']) made.write(`cache/out/${name}.json`, '{"ssim":99}');
    expect(await json(made)).toEqual(both({ ssim: 1.5 }));
    made.remove('pipeline.lock');
    expect(await json(made)).toEqual(both({ ssim: 99, stale: true }));
  });

  it('of a stage that always runs are those of its last result', async () => {
    const made = projectWithin({
      'pipeline.yaml': PIPELINE.replace('    outs: { model', '    always: true\n    outs: { model'),
    });
    await made.run();
    expect(await json(made)).toEqual(both({ ssim: 1.5 }));
  });

  it('are compared by metrics diff, which shows stale metrics even if they are equal', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE, '.gitignore': 'cache\n.runtime\n' });
    await made.run('--profile', 'two');
    await made.run();
    commitAll(made);
    expect((await made.pipe('metrics', 'diff', '--profile', 'two')).out).toBe(
      'metrics are as in HEAD\n',
    );
    await made.run('--set', 'rate=8');
    expect((await made.pipe('metrics', 'diff')).out).toBe('metrics are as in HEAD\n');
    expect((await made.pipe('metrics', 'diff', '--set', 'rate=8')).out).toBe(
      'item     name  before  now  change\nscore@a  ssim     1.5  8.5  +7 (+467 %)\nscore@b  ssim     1.5  8.5  +7 (+467 %)\n',
    );
    await made.run();
    expect((await made.pipe('metrics', 'diff', '--set', 'rate=6')).out).toBe(
      'item     name  before  now\nscore@a  ssim     1.5  1.5 (stale)\nscore@b  ssim     1.5  1.5 (stale)\n',
    );
    const { out } = await made.pipe('metrics', 'diff', '--set', 'rate=6', '--json');
    expect(JSON.parse(out)).toContainEqual({
      where: 'score@a',
      name: 'ssim',
      before: 1.5,
      now: 1.5,
      stale: true,
    });
  });

  it('are its own or marked stale, after any runs and edits of the files (property)', async () => {
    const rate = fc.integer({ min: 1, max: 4 });
    const step = fc.record({ rate, edit: fc.constantFrom('none', 'change', 'delete') });
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 4 }),
      rate,
      async (steps, asked) => {
        const made = projectWithin({ 'pipeline.yaml': PIPELINE });
        for (const { rate: run, edit } of steps) {
          await made.run('--set', `rate=${run}`);
          if (edit === 'change') made.write('cache/out/a.json', '{"ssim":77}');
          if (edit === 'delete') made.remove('cache/out/a.json');
        }
        const figures = (await json(made, '--set', `rate=${asked}`))['score@a'];
        if (steps.some((each) => each.rate === asked))
          expect(figures).toEqual({ ssim: asked + 0.5 });
        else if (figures !== undefined) expect(figures).toMatchObject({ stale: true });
      },
    );
    await fc.assert(property, { numRuns: 5 });
  });
});

describe('status and why', () => {
  it('report on the variant too', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run('--profile', 'two');
    await made.run();
    expect((await made.pipe('status', '--profile', 'two', 'train')).out).toContain('restorable');
    expect((await made.pipe('status', '--set', 'rate=2', 'train')).out).toContain('restorable');
    expect((await made.pipe('why', '--profile', 'three', 'train')).out).toBe(
      'train would run:\n  command `echo 1 > cache/out/model` → `echo 3 > cache/out/model`\n',
    );
  });

  it('find the cause in pipeline.lock when the last result is missing or of another variant', async () => {
    const files = {
      'pipeline.yaml': `params: { rate: 1 }
profiles: { two: { rate: 2 } }
stages:
  train: { cmd: "sh train.sh \${rate} > \${outs.o}", params: [rate], outs: { o: model } }
`,
      'train.sh': 'echo "$1"\n',
    };
    const made = projectWithin(files);
    await made.run('--profile', 'two');
    await made.run();
    made.write('train.sh', 'echo "rate $1"\n');
    const changed = 'train would run:\n  train.sh changed\n';
    expect((await made.pipe('why', 'train')).out).toBe(changed);
    expect((await made.pipe('why', 'train', '--profile', 'two')).out).toBe(changed);
    const clone = projectWithin({ ...files, 'pipeline.lock': made.read('pipeline.lock') });
    expect((await clone.pipe('why', 'train')).out).toBe(
      'train would run:\n  its result is not in the cache\n',
    );
    clone.write('train.sh', 'echo "rate $1"\n');
    expect((await clone.pipe('why', 'train', '--profile', 'two')).out).toBe(changed);
    await clone.run('--set', 'rate=3');
    expect((await clone.pipe('why', 'train')).out).toBe(changed);
  });
});
