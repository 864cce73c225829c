/** `pipe metrics`, `metrics diff` and `params diff`, compared with git revisions, without a checkout. */
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { execute } from '../../src/cli/commands.js';
import { smallCurve } from '../../src/cli/metric-curves.js';
import { command } from '../../src/cli/metrics-command.js';
import { createTerminal } from '../../src/cli/terminal.js';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

const PIPELINE = `
params: { rate: 2, names: [a, b] }
profiles: { fast: { rate: 9 } }
stages:
  score:
    matrix: { name: "\${names}" }
    cmd: >-
      printf '{"rate": %s, "val": {"ssim": 0.5, "of": "%s"}}' \${rate} \${name} > \${outs.metrics}
    metrics: { metrics: "cache/out/\${name}.json" }
  whole:
    cmd: echo '{"count":1}' > \${outs.one}; echo '{"count":2}' > \${outs.two}
    metrics: { one: cache/out/one.json, two: cache/out/two.json }
`;

let made: Project;

function git(...args: string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@t'];
  execFileSync('git', [...identity, ...args], { cwd: made.root, stdio: 'pipe' });
}

beforeAll(async () => {
  made = new ProjectWithin({ 'pipeline.yaml': PIPELINE, '.gitignore': 'cache\n.runtime\n' });
  await made.pipe('run', '--profile', 'fast');
  await made.pipe('run');
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-qm', 'first');
  git('tag', 'start');
});

afterAll(() => made.dispose());

async function out(...args: string[]): Promise<string> {
  const ended = await made.pipe(...args);
  expect([ended.code, ended.err]).toEqual([0, '']);
  return ended.out;
}

it('explains how to print fewer if a terminal shows only the end of them', async () => {
  const never = new AbortController().signal;
  const shownOn = async (rows: number) => {
    let out = '';
    const write = (text: string) => {
      out += text;
    };
    const screen = { size: () => ({ columns: 80, rows }), onResize: () => () => {} };
    await execute(command, [], {
      host: { cwd: made.root, env: made.env, dist: '', version: '0' },
      terminal: createTerminal({
        out: write,
        err: write,
        keyboard: () => undefined,
        isTerminal: false,
        screen,
        colors: false,
      }),
      interruption: { stop: never, kill: never },
      onTimeLimit: () => {},
    });
    return out;
  };
  const advice = "--metric 'val.*' prints only the metrics that a pattern matches";
  expect(await shownOn(40)).not.toContain(advice);
  expect(await shownOn(4)).toMatch(
    new RegExp(`\\n\\d+ lines: ${advice.replaceAll('*', '\\*')}\\n$`),
  );
});

describe('pipe metrics', () => {
  it('prints a table for each stage, with items as columns', async () => {
    expect(await out('metrics')).toBe(
      'metric    score@a  score@b\nrate          2        2\nval.ssim      0.5      0.5\n\n' +
        'metric     whole\none.count      1\ntwo.count      2\n',
    );
  });

  it('takes items and patterns, and prints Markdown or JSON', async () => {
    expect(await out('metrics', 'score@b', '--metric', 'val.*', '--md')).toBe(
      '| metric | score@b |\n| --- | --- |\n| val.ssim | 0.5 |\n',
    );
    expect(JSON.parse(await out('metrics', 'score@a', '--json'))).toEqual({
      'score@a': { rate: 2, 'val.ssim': 0.5 },
    });
  });

  it.each(['metrics --all', 'results --all', 'params --all', 'params --md'])(
    'refuses an option that needs diff: %s',
    async (words) => {
      const [name = '', option] = words.split(' ');
      const { code, err } = await made.pipe(name, option as string);
      expect([code, err]).toEqual([
        2,
        `error: pipe ${name} has the option ${option} only with diff (unknown-option)\n  for example \`pipe ${name} diff ${option}\`\n`,
      ]);
    },
  );

  it('says why there is nothing to print', async () => {
    const other = new ProjectWithin({
      'pipeline.yaml':
        'stages:\n  a: { cmd: \'echo {"loss":NaN} > m\', outs: [m], metrics: [m] }\n  b: { cmd: echo > n, outs: [n] }\n',
    });
    await other.pipe('run');
    const said = [
      await other.pipe('metrics', '--metric', 'loss'),
      await other.pipe('metrics', 'b', '--metric', 'loss'),
    ];
    other.dispose();
    expect(said.map((each) => each.out)).toEqual([
      'the files under `metrics:` contain no finite numbers: run, or correct what the stages write\n',
      'there are no metrics: name JSON outs under `metrics:`, and run\n',
    ]);
  });

  it.each([[], ['--json'], ['score@a'], ['diff'], ['diff', 'start', '--md']])(
    'refuses patterns that match no metric, like results: %j',
    async (...words) => {
      const patterns = ['--metric', 'val.simm', '--metric', 'loss*'];
      const told = {
        code: 2,
        out: '',
        err: 'error: no metric matches "val.simm" or "loss*" (unknown-column)\n  did you mean "val.ssim"?\n',
      };
      expect(await made.pipe('metrics', ...words, ...patterns)).toMatchObject(told);
      expect(await made.pipe('results', 'score@a', ...patterns)).toMatchObject(told);
      expect(await out('metrics', ...words, '--metric', 'rate', '--metric', 'loss')).not.toBe('');
    },
  );

  it('reads the numbers from pipeline.lock when there are no results', async () => {
    const clone = new ProjectWithin({
      'pipeline.yaml': PIPELINE,
      'pipeline.lock': made.read('pipeline.lock'),
    });
    const { out: fast } = await clone.pipe('metrics', 'score@a', '--json', '--profile', 'fast');
    clone.dispose();
    expect(JSON.parse(fast)).toEqual({ 'score@a': { rate: 9, 'val.ssim': 0.5 } });
  });
});

describe('metrics diff', () => {
  it('prints nothing when nothing changed', async () => {
    expect(await out('metrics', 'diff')).toBe('metrics are as in HEAD\n');
    expect(await out('metrics', 'diff', 'start', '--md')).toBe(
      '### Metrics since start\n\nNo difference.\n',
    );
  });

  it('shows changed, new and removed metrics', async () => {
    made.write('pipeline.yaml', PIPELINE.replace('[a, b]', '[b, c]').replace('rate: 2', 'rate: 3'));
    await made.pipe('run');
    expect(await out('metrics', 'diff')).toBe(
      [
        'item     name      before  now  change',
        'score@a  rate         2    –',
        'score@a  val.ssim     0.5  –',
        'score@b  rate         2    3    +1 (+50 %)',
        'score@c  rate         –    3',
        'score@c  val.ssim     –    0.5',
        '',
      ].join('\n'),
    );
    expect(await out('metrics', 'diff', 'start', '--md', '--metric', 'rate')).toBe(
      [
        '### Metrics since start',
        '',
        '| item | name | before | now | change |',
        '| --- | --- | --- | --- | --- |',
        '| score@a | rate | 2 | – |  |',
        '| score@b | rate | 2 | 3 | +1 (+50 %) |',
        '| score@c | rate | – | 3 |  |',
        '',
      ].join('\n'),
    );
  });

  it('compares two revisions, and a profile with itself', async () => {
    git('commit', '-qam', 'second');
    expect(await out('metrics', 'diff', 'start', 'HEAD', '--metric', 'rate')).toContain('+50 %');
    expect(await out('metrics', 'diff', 'start', 'HEAD', '--profile', 'fast')).toBe(
      'metrics are as in start\n',
    );
    expect(JSON.parse(await out('metrics', 'diff', 'start', '--json', '--metric', 'rate'))).toEqual(
      [
        { where: 'score@a', name: 'rate', before: 2 },
        { where: 'score@b', name: 'rate', before: 2, now: 3 },
        { where: 'score@c', name: 'rate', now: 3 },
      ],
    );
  });

  it('reports an unknown revision, one without a lock, a missing repository, and missing git', async () => {
    expect(await made.pipe('metrics', 'diff', 'nowhere')).toMatchObject({
      code: 2,
      err: expect.stringContaining('git does not know the revision "nowhere" (unknown-revision)'),
    });
    expect((await made.pipe('metrics', 'diff', '--output=x')).err).toContain('unknown option');
    git('rm', '-q', '--cached', 'pipeline.lock');
    git('commit', '-qm', 'without');
    expect((await made.pipe('metrics', 'diff')).err).toContain(
      'there is no pipeline.lock in revision HEAD (no-lock)',
    );
    git('add', 'pipeline.lock');
    git('commit', '-qm', 'with');
    const bare = new ProjectWithin({ 'pipeline.yaml': PIPELINE });
    bare.env.GIT_CEILING_DIRECTORIES = bare.path('..');
    expect((await bare.pipe('params', 'diff')).err).toContain('(no-git)');
    bare.env.PATH = bare.path('nothing');
    expect(await bare.pipe('metrics', 'diff')).toMatchObject({
      code: 2,
      err: expect.stringContaining('error: git is not installed (no-git)\n'),
    });
    bare.dispose();
  });
});

describe('params diff', () => {
  it('shows the params that differ, with profiles and --set', async () => {
    expect(await out('params', 'diff', 'start')).toBe(
      'name   before     now        change\nnames  ["a","b"]  ["b","c"]\nrate           2          3  +1 (+50 %)\n'.replace(
        'rate           2          3',
        'rate   2          3        ',
      ),
    );
    expect(await out('params', 'diff', 'start', '--profile', 'fast', '--set', 'names=[a, b]')).toBe(
      'params are as in start\n',
    );
    expect(await out('params', 'diff', '--set', 'rate=8', '--md')).toContain(
      '| rate | 3 | 8 | +5 (+167 %) |',
    );
    expect(JSON.parse(await out('params', 'diff', 'start', 'HEAD', '--json'))).toContainEqual({
      where: '',
      name: 'rate',
      before: 2,
      now: 3,
    });
  });
});

it('draws the epochs of both sides as small curves in Markdown', async () => {
  const trained = projectWithin({
    '.gitignore': 'cache\n',
    'pipeline.yaml': `params: { lr: 1, n: 8 }
stages:
  train:
    cmd: |
      k=$PIPE_EPOCH
      while [ $k -lt $PIPE_EPOCHS ]; do
        k=$((k + 1)); mkdir $PIPE_COMMIT/draft
        echo "{\\"loss\\": $((\${lr} * (9 - k)))}" > $PIPE_COMMIT/draft/metrics.json
        mv $PIPE_COMMIT/draft $PIPE_COMMIT/$k
      done
      echo '{"final": \${lr}}' > \${outs.m}
    epochs: \${n}
    metrics: { m: cache/out/m.json }
`,
  });
  await trained.run();
  const git = (...args: string[]) => execFileSync('git', args, { cwd: trained.root });
  git('init', '-q');
  git('add', '-A');
  git('-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '-qm', 'one');
  trained.write('pipeline.yaml', trained.read('pipeline.yaml').replace('lr: 1', 'lr: 2'));
  await trained.run();
  expect((await trained.pipe('metrics', 'diff', '--md')).out).toBe(`### Metrics since HEAD

| item | name | before | now | change |
| --- | --- | --- | --- | --- |
| train | final | 1 | 2 | +1 (+100 %) |

### Curves since HEAD

| item | metric | before | now |
| --- | --- | --- | --- |
| train | loss | ▄▄▃▃▂▂▁▁ 1 (8 epochs) | █▇▆▅▄▃▂▁ 2 (8 epochs) |
`);
  expect((await trained.pipe('metrics', 'diff')).out).not.toContain('▁');
});

it('draws many epochs as the means of successive ones', () => {
  const values = Array.from({ length: 200 }, (_, at) => at);
  expect(smallCurve(values, [0, 199])).toBe('▁▁▁▂▂▃▃▃▄▄▅▅▆▆▆▇▇███');
  expect(smallCurve([3, 3], [3, 3])).toBe('▅▅');
});
