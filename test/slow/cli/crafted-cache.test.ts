/** A writer of a shared cache cannot make a run write, change or delete anything outside it. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { answerIn } from '../../rig/within.js';

const PIPELINE = `
params: { word: one }
stages:
  plain:
    cmd: printf "%s\\n" "\${word}" > \${outs.o}
    outs: { o: made/plain }
  folder:
    cmd: mkdir \${outs.o}; cp \${deps.i} \${outs.o}/copy; echo own > \${outs.o}/own
    deps: { i: made/plain }
    outs: { o: made/folder }
  train:
    cmd: |
      test "$PIPE_EPOCH" = 1 || { mkdir "$PIPE_COMMIT/d"; echo state > "$PIPE_COMMIT/d/s"; mv "$PIPE_COMMIT/d" "$PIPE_COMMIT/1"; while test -e "$PIPE_COMMIT/1"; do sleep 0.01; done; }
      cp \${deps.i} \${outs.o}
    deps: { i: made/plain }
    outs: { o: made/model }
    epochs: 1
`;

const DEAD = `${hostname().replace(/[^\w.-]/g, '_')}~00000000~1~1~1.1`;

let top: string;

beforeEach(() => {
  top = realpathSync(mkdtempSync(path.join(tmpdir(), 'pipe-crafted-')));
});

afterEach(() => rmSync(top, { recursive: true, force: true }));

const at = (...names: string[]) => path.join(top, ...names);

function place() {
  const env = { PIPE_CACHE: at('shared'), PIPE_RUNTIME_DIR: at('runtime') };
  return { root: at('home/proj'), env };
}

const pipe = (...argv: [string, ...string[]]) => answerIn(place(), ...argv);

/** A home folder with files shaped like those of a cache, as targets of links. */
async function prepare(): Promise<void> {
  rmSync(top, { recursive: true, force: true });
  const hex = 'ab'.repeat(31);
  const files = {
    'home/.profile': 'profile\n',
    'home/docs/letter.txt': 'letter\n',
    [`home/docs/${hex}`]: 'an object by its name\n',
    [`home/docs/ab/${hex}`]: 'an object by its name\n',
    'home/docs/1/metrics.json': '{}',
    'home/docs/old.json': 'old\n',
    [`home/docs/swept/v1~objects~ab~${hex}`]: 'an object by its name\n',
    'home/docs/2020-01-01T00-00-00/mine': 'mine\n',
    'home/proj/pipeline.yaml': PIPELINE,
    'home/proj/notes.txt': 'notes\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(at(name)), { recursive: true });
    writeFileSync(at(name), text);
  }
  mkdirSync(at('shared'));
  mkdirSync(at('runtime'), { mode: 0o700 });
  expect((await pipe('run')).code).toBe(0);
}

/** Paths that runs write: the out, the lock file, and the locks on the project's outs. */
const OWN = ['home/proj/made', 'home/proj/pipeline.lock', 'home/proj/cache'];

/** Everything outside of the cache, the outs and the lock file. */
function outside(folder = at('home')): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name);
      const shown = path.relative(top, file);
      if (OWN.includes(shown)) return [];
      const { mode, mtimeMs, size, nlink } = lstatSync(file);
      if (lstatSync(file).isDirectory()) return [`${shown} ${mode} ${mtimeMs}`, ...outside(file)];
      const content = lstatSync(file).isFile() ? readFileSync(file, 'utf8') : readlinkSync(file);
      return [`${shown} ${mode} ${mtimeMs} ${size} ${nlink} ${content}`];
    });
}

function namesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

interface Plant {
  readonly kind: 'link' | 'file link' | 'swept' | 'swept link';
  readonly pick: number;
  readonly target: string;
  readonly name: string;
}

const plants = fc.record({
  kind: fc.constantFrom('link', 'link', 'file link', 'swept', 'swept link'),
  pick: fc.nat(10_000),
  target: fc.constantFrom('home', 'home/docs', 'home/docs/1', 'home/nowhere', 'home/proj'),
  name: fc.oneof(
    fc.constantFrom('..~home~.profile', '..~home~new', '~~home~new', `v1~objects~ab~..~..~new`),
    fc
      .array(fc.constantFrom('..', '~', 'v1', 'home', 'objects', 'new', '.profile', 'proj'), {
        minLength: 1,
        maxLength: 8,
      })
      .map((parts) => parts.join('~')),
  ),
}) satisfies fc.Arbitrary<Plant>;

/** Folders that a cache may have, existing or not. */
function cacheFolders(): string[] {
  const there = namesBelow(at('shared')).filter((name) =>
    lstatSync(at('shared', name)).isDirectory(),
  );
  const more = [
    'v1/damaged',
    'v1/pins',
    'v1/stills',
    'replaced',
    `tmp/${DEAD}`,
    `tmp/${DEAD}/swept`,
  ];
  const project = there.find((name) => /^v1\/projects\/\w+$/.test(name)) as string;
  return [...there, ...more, ...['left', 'attempts'].map((name) => `${project}/${name}`)];
}

/** Returns the place, relative to the cache. */
function plant({ kind, pick, target, name }: Plant): string {
  if (kind === 'swept' || kind === 'swept link') {
    const where = `tmp/${DEAD}/swept/${name}`;
    put(where, (file) =>
      kind === 'swept' ? writeFileSync(file, 'owned\n') : symlinkSync(at('home/.profile'), file),
    );
    return where;
  }
  const files = namesBelow(at('shared')).filter((each) => lstatSync(at('shared', each)).isFile());
  const places = kind === 'link' ? cacheFolders() : files;
  const where = places[pick % places.length] as string;
  put(where, (file) => symlinkSync(kind === 'link' ? at(target) : at('home/.profile'), file));
  return where;
}

/** Not through an earlier planted link. */
function put(where: string, make: (file: string) => void): void {
  const file = at('shared', where);
  const above = path.dirname(where).split('/');
  for (let depth = 1; depth <= above.length; depth++) {
    const stat = lstatSync(at('shared', ...above.slice(0, depth)), { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isDirectory()) return;
  }
  mkdirSync(path.dirname(file), { recursive: true });
  rmSync(file, { recursive: true, force: true });
  make(file);
}

const COMMANDS: readonly [string, ...string[]][] = [
  ['run'],
  ['run', '--force'],
  ['run', '--set', 'word=two'],
  ['cache', 'verify', '--repair'],
  ['cache', 'gc', '--max-size', '0'],
  ['verify'],
];

it('whatever is planted in the cache, nothing outside it changes, and the run succeeds or reports an error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(plants, { minLength: 1, maxLength: 3 }),
      fc.array(fc.constantFrom(...COMMANDS), { minLength: 1, maxLength: 3 }),
      async (planted, commands) => {
        await prepare();
        const where = planted.map(plant);
        const before = outside();
        for (const command of commands) {
          const { code, out, err } = await pipe(...command);
          expect(outside()).toEqual(before);
          const said = `${where.join(', ')}: ${command.join(' ')}: ${code}\n${out}${err}`;
          if (err.includes('cache-link')) expect(code, said).toBe(2);
          else if (command[0] === 'run') {
            // A note of the run, which is written after the items have ended, may be refused.
            expect(code, said).toBe(out.includes('the cache cannot be updated') ? 1 : 0);
            const word = command.includes('--set') ? 'two\n' : 'one\n';
            for (const made of ['plain', 'folder/copy', 'model'])
              expect(readFileSync(at('home/proj/made', made), 'utf8'), said).toBe(word);
          }
        }
      },
    ),
    { numRuns: Number(process.env.PIPE_TEST_RUNS ?? 7) },
  );
});
