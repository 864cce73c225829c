/** Folders that change at any moment while chokidar reads them. */
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isWithin } from '../../src/sys/is-within.js';
import { type FileWatch, watchFiles } from '../../src/watch/file-watch.js';
import { temporaryFolder } from '../cache/project.js';

const FOLDERS = ['in', 'in/a', 'in/b', 'in/a/c'];

/** Changes that leave at least one folder below `in`. */
const CHANGES = {
  add: (at) => void mkdirSync(path.join(at, 'new/deep'), { recursive: true }),
  replace: (at) => {
    mkdirSync(path.join(at, '..', 'other/deep'), { recursive: true });
    renameSync(at, path.join(at, '../gone'));
    renameSync(path.join(at, '..', 'other'), at);
  },
  recreate: (at) => {
    rmSync(at, { recursive: true });
    mkdirSync(path.join(at, 'deep'), { recursive: true });
  },
} satisfies Record<string, (at: string) => void>;

interface Moment {
  readonly change: keyof typeof CHANGES;
  readonly folder: string;
  /** chokidar asked so many times whether a path is relevant. */
  readonly asked: number;
}

/** A watch of the text files below `in`, and what it reports. */
class Observed {
  readonly root = temporaryFolder();
  readonly told: string[] = [];
  readonly #events = new EventEmitter();
  #asked = 0;
  #moment: Moment | undefined;
  #watch: FileWatch | undefined;

  constructor() {
    for (const folder of FOLDERS) mkdirSync(path.join(this.root, folder), { recursive: true });
    for (const folder of FOLDERS) writeFileSync(path.join(this.root, folder, 'old.txt'), '');
  }

  get changed(): Promise<unknown> {
    return once(this.#events, 'changed');
  }

  plan(moment: Moment | undefined): void {
    this.#asked = 0;
    this.#moment = moment;
  }

  #changeNow(): void {
    const { change, folder } = this.#moment as Moment;
    this.#moment = undefined;
    const at = path.join(this.root, folder);
    if (existsSync(at)) CHANGES[change](at);
    this.#events.emit('changed');
  }

  #ask(): void {
    if (++this.#asked === this.#moment?.asked) this.#changeNow();
  }

  async begin(): Promise<void> {
    const ask = (answer: boolean) => {
      this.#ask();
      return answer;
    };
    const set = {
      id: 'in',
      counts: (where: string) => ask(isWithin(where, 'in') && where.endsWith('.txt')),
      leadsTo: (where: string) => ask(where === '' || isWithin(where, 'in')),
      isOfPlan: () => false,
      concerns: () => false,
      followsLinks: true,
      outside: [],
    };
    const tell = (where: string) => {
      this.told.push(where);
      this.#events.emit('told');
    };
    this.#watch = await watchFiles(this.root, set, tell, (error) => {
      this.#events.emit('error', error);
    });
  }

  /** Resolves when each write is reported, or an earlier change, since that causes a new watch. */
  async everyWriteIsReported(): Promise<void> {
    const entries = readdirSync(path.join(this.root, 'in'), {
      recursive: true,
      withFileTypes: true,
    });
    const folders = entries.filter((each) => each.isDirectory());
    expect(folders).not.toEqual([]);
    for (const { parentPath, name } of folders) {
      const file = path.join(parentPath, name, 'later.txt');
      writeFileSync(file, '');
      const isTold = () =>
        this.told.some(
          (each) => !each.endsWith('later.txt') || each === path.relative(this.root, file),
        );
      while (!isTold()) await once(this.#events, 'told');
    }
  }

  async end(): Promise<void> {
    await this.#watch?.close();
  }
}

async function holds(before: Moment | undefined, after: Moment | undefined): Promise<void> {
  const observed = new Observed();
  observed.plan(before);
  await observed.begin();
  observed.plan(after);
  if (after !== undefined) {
    mkdirSync(path.join(observed.root, after.folder));
    await observed.changed;
  }
  await observed.everyWriteIsReported();
  await observed.end();
}

it('reports each write after folders changed while the watch began (property)', async () => {
  const before = fc.record<Moment>({
    change: fc.constantFrom('add', 'replace', 'recreate'),
    folder: fc.constantFrom(...FOLDERS),
    asked: fc.integer({ min: 1, max: 30 }),
  });
  await fc.assert(
    fc.asyncProperty(before, (moment) => holds(moment, undefined)),
    { numRuns: 60 },
  );
});

it('reports each write after folders were added while it reads a new one (property)', async () => {
  const after = fc.record<Moment>({
    change: fc.constant('add'),
    folder: fc.constantFrom('in/first', 'in/a/first'),
    asked: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(after, (moment) => holds(undefined, moment)),
    { numRuns: 60 },
  );
});
