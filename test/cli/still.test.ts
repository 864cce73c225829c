/** The no-op cache answers a run with nothing to do without loading the tool, while nothing has changed. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WITHOUT_ANSWER } from '../../src/cli/run-command.js';
import { RUN_USAGE } from '../../src/cli/run-options.js';
import { decodeAnswer, encodeAnswer, readAnswer } from '../../src/noop/answer-file.js';
import { BIN, Project } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { runUntilStill } from '../rig/still.js';
import { standingIn } from '../rig/within.js';

const LINE = 'pipe: 0 ran, 0 restored, 2 fresh';

const FILES = {
  'pipeline.yaml': `params: { n: 1 }
stages:
  all:
    cmd: sh tools/join.sh data/*.txt > \${outs.o}
    deps: { texts: "data/*.txt", folder: more }
    env: [JOIN_MODE]
    outs: { o: cache/out/all }
  count:
    cmd: mkdir \${outs.d} && wc -c \${deps.all} | tee \${outs.o} \${outs.d}/inner
    deps: { all: cache/out/all }
    params: [n]
    outs: { o: count.txt, d: cache/out/folder/ }
`,
  'tools/join.sh': 'cat "$@"\n',
  'data/a.txt': 'a\n',
  'data/b.txt': 'b\n',
  'more/below/c.txt': 'c\n',
};

const template = new Project(FILES);

beforeAll(async () => {
  const first = await template.pipe('run');
  expect(first.err + first.code).toBe('0');
});

afterAll(() => template.dispose());

/** A project whose next run is a no-op answer. */
async function stillProject(): Promise<Project> {
  const made = project();
  cpSync(template.root, made.root, { recursive: true });
  expect(await runUntilStill(made)).toBe(true);
  return made;
}

function stillFile(made: Project): string {
  const folder = made.path('cache/v1/stills');
  const [name, ...others] = readdirSync(folder);
  expect(others).toEqual([]);
  return path.join(folder, name as string);
}

/** Edits keep the size, and restore the mtime, which programs can set. */
function edit(made: Project, name: string, from: string, to: string): void {
  const { atime, mtime } = statSync(made.path(name));
  const text = made.read(name);
  expect(text).toContain(from);
  writeFileSync(made.path(name), text.replace(from, to));
  utimesSync(made.path(name), atime, mtime);
}

/** Each of them takes the slow path. */
const MOVES: Readonly<Record<string, (made: Project) => unknown>> = {
  'a dep with the same size and time': (p) => edit(p, 'data/a.txt', 'a', 'A'),
  'a file deep in a folder that is a dep': (p) => edit(p, 'more/below/c.txt', 'c', 'C'),
  'a new file that a pattern matches': (p) => p.write('data/c.txt', 'c\n'),
  'a removed file that a pattern matches': (p) => p.remove('data/b.txt'),
  'a renamed file that a pattern matches': (p) =>
    renameSync(p.path('data/b.txt'), p.path('data/z.txt')),
  'a new file in a folder that is a dep': (p) => p.write('more/below/d.txt', ''),
  'a new empty folder in it': (p) => void mkdirSync(p.path('more/empty')),
  'the executable bit of a file': (p) => chmodSync(p.path('more/below/c.txt'), 0o755),
  'a file that became a link': (p) => {
    renameSync(p.path('data/a.txt'), p.path('a.txt'));
    symlinkSync('../a.txt', p.path('data/a.txt'));
  },
  'a script that a command names': (p) => edit(p, 'tools/join.sh', 'cat', 'cut'),
  'a param': (p) => edit(p, 'pipeline.yaml', 'n: 1', 'n: 2'),
  'a variable under env': (p) => Object.assign(p.env, { JOIN_MODE: 'fast' }),
  'a variable of the tool': (p) => Object.assign(p.env, { PIPE_CACHE_MAX_SIZE: 'x' }),
  'an out': (p) => edit(p, 'count.txt', 'all', 'ALL'),
  'a removed out': (p) => p.remove('cache/out/all'),
  'a file that was added to an out': (p) => p.write('cache/out/folder/more', ''),
  'the records': (p) => p.remove('cache/v1/records'),
  'the cache': (p) => p.remove('cache'),
  'pipeline.lock': (p) => p.remove('pipeline.lock'),
  'what a killed run left in tmp': (p) => p.write('cache/tmp/left/x', ''),
  'a project within it to start in': (p) => p.write('pipeline.yaml', 'stages: {}\n'),
};

describe('a run with nothing to do', () => {
  it('is answered by only the entry module, with the output of the previous run', async () => {
    const made = await stillProject();
    const file = stillFile(made);
    const kept = readAnswer(file);
    expect(kept?.answer).toBe(LINE);
    expect(await made.pipe('run')).toMatchObject({ code: 0, out: `${LINE}\n`, err: '' });
    // Only the cached answer contains this text.
    writeFileSync(file, Buffer.concat(encodeAnswer({ ...kept!, answer: 'as it was' })));
    expect(await made.pipe('run')).toMatchObject({ code: 0, out: 'as it was\n', err: '' });
    expect((await made.pipe('run', '--json')).out).toContain('"type":"summary"');
  });

  it('is answered in a subfolder of the project', async () => {
    const { root, env } = await stillProject();
    expect(standingIn({ root: path.join(root, 'more/below'), env })).toBe(LINE);
  });

  it.each(Object.entries(MOVES))(
    'takes the slow path after a change of %s',
    async (_what, move) => {
      const made = await stillProject();
      move(made);
      expect(standingIn(made)).toBeUndefined();
    },
  );

  it('takes the slow path for another command line, and each has its own cached answer', async () => {
    const made = await stillProject();
    expect(standingIn(made, 'all')).toBeUndefined();
    expect(await runUntilStill(made, 'all')).toBe(true);
    expect(await runUntilStill(made)).toBe(true);
    expect(standingIn(made, 'all')).toBe('pipe: 0 ran, 0 restored, 1 fresh');
    expect(standingIn(made)).toBe(LINE);
  });

  it('takes the slow path with another build of pipe, once a day, and after a reboot', async () => {
    const made = await stillProject();
    const file = stillFile(made);
    const kept = readAnswer(file)!;
    const keep = (changed: Partial<typeof kept>) =>
      writeFileSync(file, Buffer.concat(encodeAnswer({ ...kept, ...changed })));
    keep({ question: { ...kept.question, tool: '1 2' } });
    expect(standingIn(made)).toBeUndefined();
    keep({ savedAt: Date.now() - 86_400_001 });
    expect(standingIn(made)).toBeUndefined();
    keep({ savedAt: Date.now() + 60_000 });
    expect(standingIn(made)).toBeUndefined();
    keep({});
    expect(standingIn(made)).toBe(LINE);
  });
});

const CODE = {
  'stages/copy.ts': `import { writeFileSync } from 'node:fs';
import left from 'left';
import { defineStage } from 'pipe-run/stage';
import { text } from './lib';
export const trim = 1;
export default defineStage<{ outs: { o: string } }>(({ outs }) => writeFileSync(outs.o, left + text));
`,
  'stages/lib/index.ts': "export const text = 'text';\nexport const TEXT = 'TEXT';\n",
  'node_modules/left/package.json': '{ "name": "left", "version": "1.0.0", "main": "index.js" }',
  'node_modules/left/index.js': "module.exports = 'left ';\n",
};

/** Trace inputs of a stage's code. */
const CODE_MOVES: Readonly<Record<string, (made: Project) => unknown>> = {
  'the module': (p) => edit(p, 'stages/copy.ts', 'trim', 'tail'),
  'a helper that it imports': (p) => edit(p, 'stages/lib/index.ts', 'text', 'TEXT'),
  'a file that would be taken before the helper': (p) => p.write('stages/lib.ts', ''),
  'a package that it imports': (p) => edit(p, 'node_modules/left/package.json', '1.0.0', '1.0.1'),
  'another place of that package': (p) => p.write('stages/node_modules/left/package.json', '{}'),
  'a tsconfig.json that was not there': (p) => p.write('tsconfig.json', '{}'),
};

it("takes the slow path when a trace input of a stage's code changes", async () => {
  const made = project({
    'pipeline.yaml': 'stages:\n  copy: { run: stages/copy.ts, outs: { o: cache/out/o } }\n',
    ...CODE,
  });
  const first = await made.pipe('run');
  expect(first.err + first.code).toBe('0');
  for (const [what, move] of Object.entries(CODE_MOVES)) {
    expect(await runUntilStill(made), what).toBe(true);
    move(made);
    expect(standingIn(made), what).toBeUndefined();
    for (const name of ['stages', 'node_modules', 'tsconfig.json']) made.remove(name);
    for (const [name, text] of Object.entries(CODE)) made.write(name, text);
  }
});

describe('no answer is cached', () => {
  it.each([
    ['--json'],
    ['--force'],
    ['--dry'],
    ['--frozen'],
    ['--frozen=keys'],
    ['--summarize', 'summary.json'],
  ])('with %s', async (...argv) => {
    const made = await stillProject();
    const first = await made.pipe('run', ...argv);
    expect(standingIn(made, ...argv)).toBeUndefined();
    expect(readdirSync(made.path('cache/v1/stills'))).toHaveLength(1);
    made.remove('summary.json');
    const second = await made.pipe('run', ...argv);
    expect(withoutTimes(second.out)).toBe(withoutTimes(first.out));
    expect(existsSync(made.path('summary.json'))).toBe(argv[0] === '--summarize');
  });

  // With these, the output of a run with nothing to do is its last line, or there is no such run.
  it('by mistake: each option of run is known to have one or not', () => {
    const stored = ['only', 'keep-going', 'profile', 'set', 'concurrency', 'executor', 'remote'];
    const never = ['detach', 'watch'];
    const names = RUN_USAGE.options.map(({ name }) => name);
    expect([...stored, ...never, ...WITHOUT_ANSWER].toSorted()).toEqual(names.toSorted());
  });

  // bin/pipe.cjs runs before any code of the tool is loaded, so it has a list of its own.
  it('and none is looked for by the module that starts first', () => {
    const [, listed] =
      /WITHOUT_ANSWER = \/\^--\(\?:([\w|]+)\)/.exec(readFileSync(BIN, 'utf8')) ?? [];
    expect(listed?.split('|')).toEqual([...WITHOUT_ANSWER].toSorted());
  });

  it('when a link of a dep was followed: its target is resolved each time', async () => {
    const made = project({ ...FILES, 'elsewhere/c.txt': 'c\n' });
    made.remove('more');
    symlinkSync('elsewhere', made.path('more'));
    expect((await made.pipe('run')).code).toBe(0);
    expect((await made.pipe('run')).out).toBe(`${LINE}\n`);
    expect(existsSync(made.path('cache/v1/stills'))).toBe(false);
    made.write('elsewhere/c.txt', 'changed\n');
    expect((await made.pipe('run')).out).toContain('1 ran');
  });

  it('after a run with a warning, which must appear each time', async () => {
    const made = project({
      ...FILES,
      'pipeline.yaml': FILES['pipeline.yaml'].replace('params: [n]', 'params: [n]\n    unused: 1'),
    });
    await made.pipe('run');
    expect(standingIn(made)).toBeUndefined();
  });
});

function withoutTimes(out: string): string {
  return out.replace(/\b\d+\.\d+ s\b|"(?:seconds|at|started)":[^,}]+/g, '');
}

describe('a damaged answer', () => {
  it('counts as absent, whichever byte is wrong and wherever it is truncated', async () => {
    const made = await stillProject();
    const file = stillFile(made);
    const whole = readFileSync(file);
    const kept = readAnswer(file)!;
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ (1 << (at % 8));
      const read = readDamaged(damaged);
      // The columns have no checksum: damage there matches no stat.
      if (read !== undefined)
        expect({ ...read, own: 0, behind: 0 }).toEqual({ ...kept, own: 0, behind: 0 });
      expect(readDamaged(whole.subarray(0, at))).toBeUndefined();
      if (read === undefined) continue;
      writeFileSync(file, damaged);
      expect(standingIn(made)).toBeUndefined();
    }
  });
});

function readDamaged(bytes: Buffer) {
  try {
    return decodeAnswer(bytes);
  } catch {
    return undefined;
  }
}
