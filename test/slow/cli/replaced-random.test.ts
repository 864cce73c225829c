/** Whatever runs, fails, is killed or collected: no byte or name that the user put at an out is lost. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Project } from '../../rig/project.js';
import { ProjectWithin } from '../../rig/within.js';

const PIPELINE = `
params: { word: one, fail: 0, hang: 0 }
stages:
  folder:
    cmd: |
      mkdir -p \${outs.o}/sub/deep; echo \${word} > \${outs.o}/made; echo b > \${outs.o}/sub/b
      test \${hang} = 0 || exec sleep 30
      echo c > \${outs.o}/sub/deep/c; exit \${fail}
    outs: { o: work/folder }
  file:
    cmd: echo \${word} > \${outs.o}; test \${hang} = 0 || exec sleep 30; exit \${fail}
    outs: { o: work/file }
`;

/** Where the user may create files: at, in and above the outs. */
const PLACES = [
  'work/folder',
  'work/folder/made',
  'work/folder/mine',
  'work/folder/sub',
  'work/folder/sub/b',
  'work/folder/sub/deep/mine',
  'work/folder/more/mine',
  'work/file',
  'work/file/mine',
  'work/mine',
] as const;

type Step =
  | { readonly kind: 'write' | 'link' | 'empty'; readonly place: (typeof PLACES)[number] }
  | { readonly kind: 'rename'; readonly place: string }
  | { readonly kind: 'run'; readonly args: readonly string[] }
  | { readonly kind: 'kill' | 'gc' };

const place = fc.constantFrom(...PLACES);
const flags = fc
  .subarray(['--force', 'word=two', 'fail=1'])
  .map((chosen) => chosen.flatMap((each) => (each === '--force' ? [each] : ['--set', each])));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), place }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('link', 'empty'), place }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('rename' as const),
      place: fc.constantFrom('work/folder/made', 'work/folder/sub', 'work/folder/sub/b'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('run' as const), args: flags }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('kill', 'gc') }) },
);

/** The user, with a record of all files they created. */
class User {
  readonly #made: Project;
  readonly #words = new Set<string>();
  #count = 0;

  constructor(made: Project) {
    this.#made = made;
  }

  put(kind: 'write' | 'link' | 'empty', where: string): void {
    const file = this.#made.path(where);
    if (!isFree(this.#made, where)) return;
    mkdirSync(path.dirname(file), { recursive: true });
    const stat = lstatSync(file, { throwIfNoEntry: false });
    const word = `user-${++this.#count}-word`;
    if (kind === 'write' && (stat === undefined || stat.isFile())) {
      // A file that they overwrite themselves is not missed.
      if (stat?.isFile()) this.#words.delete(readFileSync(file, 'utf8'));
      writeFileSync(file, word);
      this.#words.add(word);
    } else if (kind === 'link' && stat === undefined) {
      symlinkSync(word, file);
      this.#words.add(word);
    } else if (stat === undefined) mkdirSync(file);
  }

  rename(where: string): void {
    const file = this.#made.path(where);
    const name = `user-${++this.#count}-name`;
    const to = path.join(path.dirname(file), name);
    if (!isFree(this.#made, where)) return;
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return;
    renameSync(file, to);
    if (lstatSync(to).isFile()) this.#words.add(name);
  }

  /** Names and contents that are neither in the project nor in its cache. */
  missing(): string[] {
    const seen = [...seenBelow(this.#made.root)].join('\n');
    return [...this.#words].filter((word) => !seen.includes(word));
  }
}

/** Everything above the place is a folder or absent. */
function isFree(made: Project, where: string): boolean {
  const parts = where.split('/');
  return parts.slice(1).every((_, at) => {
    const stat = lstatSync(made.path(parts.slice(0, at + 1).join('/')), { throwIfNoEntry: false });
    return stat === undefined || stat.isDirectory();
  });
}

function* seenBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    yield entry.name;
    if (entry.isDirectory()) yield* seenBelow(file);
    else yield entry.isSymbolicLink() ? readlinkSync(file) : readFileSync(file, 'latin1');
  }
}

async function take(made: Project, user: User, each: Step): Promise<void> {
  switch (each.kind) {
    case 'rename':
      return user.rename(each.place);
    case 'run': {
      const { code, err } = await made.run('-k', ...each.args);
      // A user's link at an out is refused, and stays.
      if (code === 2) expect(err).toContain('(out-is-link)');
      else expect([0, 1], err).toContain(code);
      return;
    }
    case 'gc':
      expect((await made.pipe('cache', 'gc', '--max-size', '0')).code).toBe(0);
      return;
    case 'kill': {
      const running = made.start('run', '--json', '--force', '--set', 'hang=1');
      await Promise.race([
        running.ended,
        running.event(({ type }) => type === 'start').catch(() => undefined),
      ]);
      running.kill('SIGKILL');
      await running.ended;
      return;
    }
    default:
      return user.put(each.kind, each.place);
  }
}

it('is found in place, in cache/replaced or in the cache', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const made = new ProjectWithin({ 'pipeline.yaml': PIPELINE });
      const user = new User(made);
      try {
        for (const each of steps) {
          await take(made, user, each);
          expect(user.missing(), JSON.stringify(each)).toEqual([]);
        }
        // Processes that survived a kill end here; only the owner moves a file above an out.
        const { with: those } = await made.run();
        if (existsSync(made.path('work')) && lstatSync(made.path('work')).isDirectory())
          expect(those('failed')).toEqual([]);
        expect(user.missing()).toEqual([]);
      } finally {
        made.dispose();
      }
    }),
    { numRuns: Number(process.env.PIPE_TEST_RUNS ?? 8) },
  );
}, 600_000);
