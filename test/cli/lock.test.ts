/** pipeline.lock: what `pipe run` writes, keeps and refuses. */
import { execFileSync } from 'node:child_process';
import { readdirSync, utimesSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import type { Project } from '../rig/project.js';
import { disposed, projectWithin } from '../rig/projects.js';
import { ranOnce } from '../rig/template.js';
import { ProjectWithin } from '../rig/within.js';

const PIPELINE = `
params: { rate: 2, names: [a, b] }
profiles:
  fast: { rate: 9 }
stages:
  copy:
    matrix: { name: "\${names}" }
    cmd: cat \${deps.raw} > \${outs.copy}
    deps: { raw: "data/\${name}.txt" }
    outs: { copy: "cache/out/\${name}.txt" }
  score:
    matrix: { name: "\${names}" }
    cmd: >-
      printf '{"rate": %s, "deep": {"size": %s}}' \${rate} "$(wc -c < \${deps.copy})" > \${outs.metrics}
    deps: { copy: "cache/out/\${name}.txt" }
    metrics: { metrics: "cache/out/\${name}.json" }
`;

const FILES = { 'pipeline.yaml': PIPELINE, 'data/a.txt': 'one\n', 'data/b.txt': 'three\n' };

interface Locked {
  readonly key: string;
  readonly outs: Record<string, { digest: string; size: number; files: number }>;
  readonly deps: Record<string, string>;
  readonly metrics?: unknown;
}

function lockOf(made: Project): Record<string, Record<string, Locked>> & { format: number } {
  return parseDocument(made.read('pipeline.lock'), { version: '1.2' }).toJS();
}

/** The line number of the text in the lock, from 1. */
function lineOf(made: Project, text: string): number {
  return made.lines('pipeline.lock').length === 0
    ? 0
    : made
        .read('pipeline.lock')
        .split('\n')
        .findIndex((line) => line.includes(text)) + 1;
}

const runOnce = ranOnce(FILES, ProjectWithin);

/** The same project after a run. */
async function ran(): Promise<Project> {
  return disposed(await runOnce());
}

describe('pipeline.lock', () => {
  it('is YAML with key, deps, outs and metrics of every item, sorted', async () => {
    const made = projectWithin(FILES);
    const { items } = await made.run();
    const lock = lockOf(made);
    expect(lock.format).toBe(1);
    expect(Object.keys(lock.default ?? {})).toEqual(['copy@a', 'copy@b', 'score@a', 'score@b']);
    const score = lock.default?.['score@b'];
    expect(score?.key).toBe(items['score@b']?.key);
    expect(score?.deps.copy).toBe(lock.default?.['copy@b']?.outs.copy?.digest);
    expect(score?.outs.metrics).toMatchObject({ size: 32, files: 1 });
    expect(score?.metrics).toEqual({ metrics: { rate: 2, 'deep.size': 6 } });
  });

  it('has the same bytes after a no-op run, from another folder, and from an empty cache', async () => {
    const made = await ran();
    const first = made.read('pipeline.lock');
    await made.run();
    expect(made.read('pipeline.lock')).toBe(first);
    made.remove('cache');
    await made.run();
    expect(made.read('pipeline.lock')).toBe(first);
    const other = projectWithin(FILES);
    await other.run();
    expect(other.read('pipeline.lock')).toBe(first);
  });

  it('is written again after its deletion, although nothing runs', async () => {
    const made = await ran();
    const first = made.read('pipeline.lock');
    made.remove('pipeline.lock');
    const { summary } = await made.run();
    expect(summary?.fresh).toBe(4);
    expect(made.read('pipeline.lock')).toBe(first);
  });

  it('changes only where results change', async () => {
    const made = await ran();
    const before = lockOf(made).default;
    made.write('data/a.txt', 'another\n');
    await made.run();
    const after = lockOf(made).default;
    expect(after?.['copy@a']).not.toEqual(before?.['copy@a']);
    expect(after?.['copy@b']).toEqual(before?.['copy@b']);
    expect(after?.['score@b']).toEqual(before?.['score@b']);
  });

  it('keeps a section for each profile, and ignores --set and --dry', async () => {
    const made = projectWithin(FILES);
    await made.run('--dry');
    await made.run('--set', 'rate=7');
    expect(made.lines('pipeline.lock')).toEqual([]);
    await made.run('--profile', 'fast');
    await made.run();
    const lock = lockOf(made);
    expect(lock.fast?.['score@a']?.metrics).toMatchObject({ metrics: { rate: 9 } });
    expect(lock.default?.['score@a']?.metrics).toMatchObject({ metrics: { rate: 2 } });
    const before = made.read('pipeline.lock');
    await made.run('--set', 'rate=7');
    expect(made.read('pipeline.lock')).toBe(before);
  });

  it.each(['mkdir', 'mkfifo', 'ln -s pipeline.lock'])(
    'created by %s is an error, and nothing waits for it',
    async (make) => {
      const made = projectWithin({ 'pipeline.yaml': 'stages: { a: { cmd: "true" } }\n' });
      const [program = '', ...words] = make.split(' ');
      execFileSync(program, [...words, made.path('pipeline.lock')]);
      const { code, err } = await made.pipe('run');
      expect([code, err]).toEqual([
        2,
        'error: pipeline.lock is not a file (lock-not-a-file)\n  move it away: the next run writes the file\n',
      ]);
    },
  );

  it('keeps the blocks of items that failed or were not selected', async () => {
    const made = await ran();
    const before = lockOf(made).default;
    made.write('pipeline.yaml', PIPELINE.replace('cat $', 'false && cat $'));
    expect((await made.run('copy@a')).summary?.failed).toBe(1);
    expect(lockOf(made).default).toEqual(before);
    made.write('pipeline.yaml', PIPELINE.replace('cat $', 'cat < $'));
    await made.run('copy@a');
    const after = lockOf(made).default;
    expect(after?.['copy@a']?.key).not.toBe(before?.['copy@a']?.key);
    expect({ ...after, 'copy@a': 0 }).toEqual({ ...before, 'copy@a': 0 });
  });

  it('drops items that left the pipeline, in a run of everything', async () => {
    const made = await ran();
    made.write('pipeline.yaml', PIPELINE.replace('[a, b]', '[b]'));
    await made.run('copy');
    expect(Object.keys(lockOf(made).default ?? {})).toHaveLength(4);
    await made.run();
    expect(Object.keys(lockOf(made).default ?? {})).toEqual(['copy@b', 'score@b']);
  });

  it('protects its results from gc, whichever profile ran last', async () => {
    const made = projectWithin(FILES);
    await made.run('--profile', 'fast');
    for (const rate of ['3', '4', '5']) await made.run('--set', `rate=${rate}`);
    // gc keeps new files.
    for (const entry of readdirSync(made.path('cache/v1'), { recursive: true, encoding: 'utf8' }))
      utimesSync(made.path(`cache/v1/${entry}`), 1e9, 1e9);
    expect((await made.pipe('cache', 'gc', '--max-size', '0')).code).toBe(0);
    expect((await made.run('--frozen', '--profile', 'fast')).code).toBe(0);
    expect((await made.run('--dry', '--profile', 'fast')).summary?.ran).toBe(0);
  });

  it('is not an input of a stage that reads everything', async () => {
    const made = projectWithin({
      'pipeline.yaml':
        'stages: { all: { cmd: "ls > ${outs.list}", deps: ["*.*"], outs: { list: cache/out/list } } }',
    });
    await made.run();
    expect((await made.run()).summary).toMatchObject({ fresh: 1, ran: 0 });
  });

  it('merges automatically when two branches changed different items', async () => {
    const made = projectWithin(FILES);
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
        cwd: made.root,
        encoding: 'utf8',
        stdio: 'pipe',
      });
    made.write('.gitignore', 'cache\n.runtime\n');
    git('init', '-q', '-b', 'main');
    const commit = async (name: string, text: string) => {
      if (name !== '') made.write(name, text);
      await made.run();
      git('add', '-A');
      git('commit', '-qm', `change ${name}`);
    };
    await commit('', '');
    git('checkout', '-qb', 'other');
    await commit('data/a.txt', 'of a branch\n');
    git('checkout', '-q', 'main');
    await commit('data/b.txt', 'of main\n');
    git('merge', '-q', '--no-edit', 'other');
    const merged = made.read('pipeline.lock');
    expect((await made.run()).summary).toMatchObject({ failed: 0 });
    expect(made.read('pipeline.lock')).toBe(merged);
  });
});

describe('a pipeline.lock that pipe did not write', () => {
  async function edited(edit: (text: string) => string): Promise<Project> {
    const made = await ran();
    made.write('pipeline.lock', edit(made.read('pipeline.lock')));
    return made;
  }

  it('is refused when a value was edited: the block is named, and nothing runs', async () => {
    const made = await edited((text) => text.replace('deep.size: 4', 'deep.size: 5'));
    made.write('data/b.txt', 'new\n');
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    const [first, last] = [lineOf(made, 'score@a:'), lineOf(made, 'deep.size: 5') + 2];
    expect(err).toBe(
      `pipeline.lock:${first}:3: error: pipeline.lock was edited: the checksum of score@a does not match the text in lines ${first + 1} to ${last} (lock-edited)
      score@a:
      ~~~~~~~~
  undo the edit (git checkout pipeline.lock), or remove the file and run \`pipe run\`
`,
    );
    expect(made.read('cache/out/b.txt')).toBe('three\n');
    for (const args of [['run', '--frozen'], ['verify'], ['lock', '--check'], ['metrics']])
      expect(await made.pipe(...args)).toMatchObject({ code: 2, err });
  });

  it('is refused when a line is invalid, with that line', async () => {
    const made = await edited((text) => text.replace('    outs:', '    out:'));
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain(
      `pipeline.lock:${lineOf(made, '    out:')}:5: error: pipeline.lock was edited: pipe does not write such a line (lock-edited)`,
    );
  });

  it('is refused when a block was copied to another item', async () => {
    const made = await edited((text) => text.replace('copy@b:', 'copy@c:'));
    const { code, err } = await made.pipe('run');
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('the checksum of copy@c does not match'),
    ]);
  });

  it('is refused with a conflict marker, with a hint', async () => {
    const made = await edited((text) => text.replace('  score@a:', '<<<<<<< HEAD\n  score@a:'));
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain(`pipeline.lock:${lineOf(made, '<<<<<<<')}:1: error:`);
    expect(err).toContain('pipeline.lock contains a merge conflict (lock-conflict)');
    expect(err).toContain(
      'take either side (git checkout --ours pipeline.lock), then run `pipe run`, which writes the current results',
    );
  });

  it.each([
    ['run'],
    ['run', '--dry'],
    ['run', '--dry', 'score@a'],
    ['status'],
    ['status', '--json'],
    ['why', 'score@a'],
  ])('is refused with a conflict marker when all is fresh: %s %s %s', async (...args) => {
    const made = await edited((text) => `${text}=======\n`);
    const { code, err } = await made.pipe(...args.filter((each) => each !== undefined));
    expect(code).toBe(2);
    expect(err).toContain('pipeline.lock contains a merge conflict (lock-conflict)');
  });

  it('is not read by status and a dry run with --set, which it does not concern', async () => {
    const made = await edited((text) => `${text}=======\n`);
    for (const args of [['status'], ['run', '--dry']])
      expect(await made.pipe(...args, '--set', 'rate=2')).toMatchObject({ code: 0, err: '' });
  });

  it('is refused when it is truncated or from a later version', async () => {
    const short = await edited((text) => text.slice(0, -30));
    expect((await short.pipe('run')).err).toContain('(lock-edited)');
    const later = await edited((text) => text.replace('format: 1', 'format: 2'));
    expect((await later.pipe('run')).err).toContain(
      'pipeline.lock has format 2, this version of pipe reads format 1 (lock-format)',
    );
  });

  it('may have Windows line ends', async () => {
    const made = await edited((text) => text.replaceAll('\n', '\r\n'));
    expect((await made.pipe('run')).code).toBe(0);
  });
});
