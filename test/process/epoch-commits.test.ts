/** The run's side of the epoch protocol: in order, one at a time, with named mistakes. */
import {
  appendFileSync,
  closeSync,
  existsSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Arrivals } from '../../src/process/arrivals.js';
import { lookAtCommit } from '../../src/process/commit-look.js';
import { type CommitWatch, watchCommits } from '../../src/process/epoch-commits.js';
import { type CommitNote, Judge, wasLeftWhole } from '../../src/process/whole-commits.js';
import { tempFolder } from './support/script.js';

/** A watched commit folder; commits that are passed on are recorded, and removed. */
class Watched {
  readonly folder = tempFolder();
  readonly taken: number[] = [];
  mistakes = 0;
  watch!: CommitWatch;
  #wake = () => {};

  start(
    completed: number,
    target: number,
    store = async (_epoch: number) => {},
    onNote: (note: CommitNote) => void = () => {},
  ): this {
    this.watch = watchCommits({
      onNote,
      folder: this.folder,
      completed,
      target,
      onCommit: async (epoch, folder) => {
        await store(epoch);
        rmSync(folder, { recursive: true });
        this.taken.push(epoch);
        this.#wake();
      },
      onMistake: () => {
        this.mistakes++;
        this.#wake();
      },
    });
    return this;
  }

  commit(name: string | number, touch: (draft: string) => void = () => {}): void {
    const draft = join(this.folder, 'draft');
    mkdirSync(draft);
    writeFileSync(join(draft, 'weights'), 'w');
    touch(draft);
    renameSync(draft, join(this.folder, String(name)));
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

test('a commit is noticed while the process runs', async () => {
  const watched = new Watched().start(0, 3);
  for (const epoch of [1, 2, 3]) {
    watched.commit(epoch);
    await watched.until(() => watched.taken.includes(epoch));
    expect(existsSync(join(watched.folder, String(epoch)))).toBe(false);
  }
  await watched.watch.drain();
  expect(watched.taken).toEqual([1, 2, 3]);
});

test.each([1, 2, 3])(
  'a draft whose times are set %s times before its rename is whole at once',
  async (times) => {
    const watched = new Watched().start(0, 4);
    for (const epoch of [1, 2, 3, 4]) {
      // The times of a copy: they do not prove a rename.
      const seconds = Array.from({ length: times }, (_, at) => 1e9 + at);
      watched.commit(epoch, (draft) => {
        for (const second of seconds) utimesSync(draft, second, second);
      });
      await watched.until(() => watched.taken.includes(epoch) || watched.mistakes > 0);
    }
    watched.watch.close();
    expect([watched.taken, watched.watch.mistake]).toEqual([[1, 2, 3, 4], undefined]);
  },
);

test('a folder made in place while a draft is removed is not whole at once', async () => {
  const watched = new Watched().start(0, 2);
  const draft = join(watched.folder, 'draft');
  mkdirSync(draft);
  mkdirSync(join(watched.folder, '1'));
  rmSync(draft, { recursive: true });
  writeFileSync(join(watched.folder, '1', 'weights'), 'w');
  await watched.watch.drain(false);
  watched.watch.close();
  expect(watched.taken).toEqual([]);
});

test.each([0, 1, 2, 3])(
  'a folder made in place beside a draft whose times are set %s times is not whole at once',
  async (times) => {
    const watched = new Watched().start(0, 2);
    const draft = join(watched.folder, 'draft');
    mkdirSync(draft);
    for (let time = 1; time <= times; time++) utimesSync(draft, time, time);
    afterTick(watched.folder, draft);
    inPlace(join(watched.folder, '1'), 'weights');
    await watched.watch.drain(false);
    watched.watch.close();
    expect(watched.taken).toEqual([]);
  },
);

test('a commit from before the watch is passed on too', async () => {
  const watched = new Watched();
  watched.commit(5);
  watched.commit(6);
  watched.start(4, 8);
  await watched.until(() => watched.taken.length === 2);
  watched.watch.close();
  expect(watched.taken).toEqual([5, 6]);
});

test('many epochs committed at once are passed on in order, each when the last is stored', async () => {
  let storing = 0;
  const watched = new Watched();
  for (let epoch = 1; epoch <= 12; epoch++) watched.commit(epoch);
  watched.start(0, 12, async () => {
    expect(++storing).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    storing--;
  });
  await watched.watch.drain();
  expect(watched.taken).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
});

test('drain passes on the last commits, and waits for them', async () => {
  const watched = new Watched().start(0, 2);
  watched.commit(1);
  watched.commit(2);
  await watched.watch.drain();
  expect(watched.taken).toEqual([1, 2]);
});

test('names that are not numbers belong to the stage', async () => {
  const watched = new Watched().start(0, 2);
  for (const name of ['draft-2', '1.tmp', 'x1', '-1', '1e3']) mkdirSync(join(watched.folder, name));
  await watched.watch.drain();
  expect(watched).toMatchObject({ taken: [], mistakes: 0 });
  expect(watched.watch.mistake).toBeUndefined();
});

test.each<[string, number, (string | number)[], number[], string]>([
  [
    'a gap',
    0,
    [1, 3],
    [1],
    'epoch 3 was committed, but epoch 2 was not: commit epochs in order (PIPE_EPOCH says how many are completed)',
  ],
  [
    'a repeat',
    3,
    [3],
    [],
    'epoch 3 was committed again, but epochs 1 to 3 are completed already: continue with 4',
  ],
  [
    'the first epoch again',
    1,
    [1],
    [],
    'epoch 1 was committed again, but epoch 1 is completed already: continue with 2',
  ],
  [
    'an epoch beyond the target, after the right ones',
    7,
    [8, 9],
    [8],
    'epoch 9 was committed, but PIPE_EPOCHS is 8: end after epoch 8',
  ],
  ['leading zeros', 0, ['01'], [], '"01" was committed: name the folder 1, without leading zeros'],
])('%s is reported by name', async (_, completed, names, taken, message) => {
  const watched = new Watched();
  for (const name of names) watched.commit(name);
  watched.start(completed, 8);
  await watched.until(() => watched.mistakes > 0);
  await watched.watch.drain();
  expect(watched.watch.mistake).toBe(message);
  expect(watched).toMatchObject({ taken, mistakes: 1 });
});

test('a file instead of a folder is reported', async () => {
  const watched = new Watched().start(0, 2);
  writeFileSync(join(watched.folder, '1'), 'weights');
  await watched.until(() => watched.mistakes > 0);
  await watched.watch.drain();
  expect(watched.watch.mistake).toBe(
    'epoch 1 was committed as a file: make it a folder that contains the state',
  );
});

test('an epoch that cannot be stored ends the watch with its error', async () => {
  const watched = new Watched().start(0, 3, async (epoch) => {
    if (epoch === 2) throw new Error('disk full');
  });
  for (const epoch of [1, 2, 3]) watched.commit(epoch);
  await watched.until(() => watched.mistakes > 0);
  await expect(watched.watch.drain()).rejects.toThrow('disk full');
  expect(watched).toMatchObject({ taken: [1], mistakes: 1 });
  expect(watched.watch.mistake).toBeUndefined();
  expect(existsSync(join(watched.folder, '2'))).toBe(true);
});

/** Made in place, and not complete yet. */
function inPlace(folder: string, ...names: string[]): void {
  if (!existsSync(folder)) mkdirSync(folder);
  for (const name of names) writeFileSync(join(folder, name), name);
}

/** No later than the last change of its parent, and with no sign of a rename. */
function unclear(folder: string, name: string): void {
  inPlace(join(folder, name), 'a');
  writeFileSync(join(folder, `after ${name}`), '');
}

const HOW =
  'build the folder as $PIPE_COMMIT/<any other name>, then rename it to $PIPE_COMMIT/1 (in Python: os.rename)';

test('an empty folder is refused at once, unless it was renamed', async () => {
  const watched = new Watched().start(0, 2);
  inPlace(join(watched.folder, '1'));
  await watched.until(() => watched.mistakes > 0);
  await watched.watch.drain();
  expect(watched.watch.mistake).toBe(`epoch 1 was committed empty: ${HOW}`);
  const renamed = new Watched().start(0, 2);
  mkdirSync(join(renamed.folder, 'draft'));
  renameSync(join(renamed.folder, 'draft'), join(renamed.folder, '1'));
  await renamed.until(() => renamed.taken.length > 0);
  await renamed.watch.drain();
  expect(renamed.taken).toEqual([1]);
});

test('a folder that is filled after it got its name is refused, however late', async () => {
  const notes: CommitNote[] = [];
  const watched = new Watched();
  const folder = join(watched.folder, '1');
  let isUnclear = () => {};
  const unclear = new Promise<void>((resolve) => (isUnclear = resolve));
  watched.start(0, 2, undefined, (note) => {
    notes.push(note);
    isUnclear();
  });
  inPlace(folder, 'a');
  await Promise.race([unclear, watched.until(() => watched.mistakes > 0)]);
  inPlace(folder, 'b');
  await watched.until(() => watched.mistakes > 0);
  await watched.watch.drain();
  expect(watched.watch.mistake).toBe(`epoch 1 was not committed in one step: ${HOW}`);
  expect(watched.taken).toEqual([]);
  expect(notes.every((note) => note.mark === '')).toBe(true);
});

test.each(['link', 'open file'])(
  'a state that is written after its rename by another %s is refused, whatever follows',
  (way) => {
    const folder = tempFolder();
    const [draft, kept] = [join(folder, 'draft'), join(folder, '..', 'kept')];
    onTestFinished(() => rmSync(kept, { force: true }));
    mkdirSync(draft);
    const handle = openSync(join(draft, 'weights'), 'w');
    onTestFinished(() => closeSync(handle));
    writeSync(handle, '1');
    if (way === 'link') {
      linkSync(join(draft, 'weights'), kept);
      // As `cp -a` leaves it: the folder's time proves nothing.
      utimesSync(draft, 1, 1);
    } else afterTick(folder, join(draft, 'weights'));
    renameSync(draft, join(folder, '1'));
    expect(lookAtCommit(join(folder, '1'))?.isLate).toBe(false);
    afterTick(folder, join(folder, '1'));
    if (way === 'link') appendFileSync(kept, '2');
    else writeSync(handle, '2');
    afterTick(folder, join(folder, '1', 'weights'));
    mkdirSync(draft);
    expect(lookAtCommit(join(folder, '1'))?.isLate).toBe(true);
  },
);

/** Until the clock of the file system is past the last change of the path. */
function afterTick(folder: string, path: string): void {
  const probe = join(folder, '..', 'probe');
  onTestFinished(() => rmSync(probe, { force: true }));
  const changed = (file: string) => statSync(file, { bigint: true }).ctimeNs;
  do writeFileSync(probe, '');
  while (changed(probe) <= changed(path));
}

test('a folder made in place counts only if the process succeeds', async () => {
  for (const hasEndedWell of [true, false]) {
    const watched = new Watched().start(0, 1);
    inPlace(join(watched.folder, '1'), 'a', 'b');
    await watched.watch.drain(hasEndedWell);
    // After a tick, the times show that it was filled later, which is then an error.
    if (watched.mistakes === 0) expect(watched.taken).toEqual(hasEndedWell ? [1] : []);
    else expect(watched.watch.mistake).toBe(`epoch 1 was not committed in one step: ${HOW}`);
  }
});

test('a folder made after another was stored, or after a file appeared, does not count as renamed', async () => {
  const watched = new Watched().start(0, 4);
  for (const epoch of [1, 2]) watched.commit(epoch);
  await watched.until(() => watched.taken.length === 2);
  inPlace(join(watched.folder, '3'));
  await watched.until(() => watched.mistakes > 0);
  await watched.watch.drain();
  expect(watched).toMatchObject({ taken: [1, 2], mistakes: 1 });
  const logging = new Watched().start(0, 2);
  writeFileSync(join(logging.folder, 'log'), '');
  inPlace(join(logging.folder, '1'));
  await logging.until(() => logging.mistakes > 0);
  await logging.watch.drain();
  expect(logging.taken).toEqual([]);
});

test('if the system does not report renames, a commit that stays unchanged counts', () => {
  const folder = tempFolder();
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => void vi.restoreAllMocks());
  const judge = new Judge(folder, new Arrivals(folder), () => false);
  unclear(folder, '1');
  expect(judge.isWhole(1, 'running')).toBe(false);
  now = 999;
  expect(judge.isWhole(1, 'running')).toBe(false);
  now = 1_001;
  expect(judge.isWhole(1, 'running')).toBe(true);
});

test('if the system reports renames, a commit without one is refused, and no stage waits forever', () => {
  const folder = tempFolder();
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => void vi.restoreAllMocks());
  const judge = new Judge(folder, new Arrivals(folder), () => true);
  unclear(folder, '1');
  expect(judge.isWhole(1, 'running')).toBe(false);
  now = 10_001;
  expect(() => judge.isWhole(1, 'running')).toThrow(HOW);
});

test('a folder left by an earlier run is complete if that run noted so, or the stage continued', () => {
  const folder = tempFolder();
  unclear(folder, '1');
  const mark = lookAtCommit(join(folder, '1'))?.mark as string;
  expect(wasLeftWhole(folder, 1, undefined)).toBe(false);
  expect(wasLeftWhole(folder, 1, { epoch: 1, mark: '', isRenamed: false })).toBe(false);
  expect(wasLeftWhole(folder, 1, { epoch: 2, mark, isRenamed: false })).toBe(false);
  expect(wasLeftWhole(folder, 1, { epoch: 1, mark, isRenamed: false })).toBe(true);
  // With another entry, the folder counts as changed.
  writeFileSync(join(folder, '1', 'b'), '');
  rmSync(join(folder, '1', 'b'));
  const later = lookAtCommit(join(folder, '1'))?.mark;
  if (later !== mark)
    expect(wasLeftWhole(folder, 1, { epoch: 1, mark, isRenamed: false })).toBe(false);
});
