/** The runner's side of the epoch protocol: in order, one at a time, mistakes named. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type CommitWatch, watchCommits } from '../../src/process/commits.js';
import { tempFolder } from './support/script.js';

/** A commit folder that is watched; what is handed over is noted, and vanishes. */
class Watched {
  readonly folder = tempFolder();
  readonly taken: number[] = [];
  mistakes = 0;
  watch!: CommitWatch;
  #wake = () => {};

  start(completed: number, target: number, store = async (_epoch: number) => {}): this {
    this.watch = watchCommits({
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

  commit(name: string | number): void {
    const draft = join(this.folder, 'draft');
    mkdirSync(draft);
    writeFileSync(join(draft, 'weights'), 'w');
    renameSync(draft, join(this.folder, String(name)));
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

test('what is committed is noticed while the process runs', async () => {
  const watched = new Watched().start(0, 3);
  for (const epoch of [1, 2, 3]) {
    watched.commit(epoch);
    await watched.until(() => watched.taken.includes(epoch));
    expect(existsSync(join(watched.folder, String(epoch)))).toBe(false);
  }
  await watched.watch.drain();
  expect(watched.taken).toEqual([1, 2, 3]);
});

test('what was committed before the watch began is handed over too', async () => {
  const watched = new Watched();
  watched.commit(5);
  watched.commit(6);
  watched.start(4, 8);
  await watched.until(() => watched.taken.length === 2);
  watched.watch.close();
  expect(watched.taken).toEqual([5, 6]);
});

test('many epochs committed at once come in order of their numbers, each when the last is stored', async () => {
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

test('drain takes what was committed last, and waits for it', async () => {
  const watched = new Watched().start(0, 2);
  watched.commit(1);
  watched.commit(2);
  await watched.watch.drain();
  expect(watched.taken).toEqual([1, 2]);
});

test('names that are no numbers belong to the stage', async () => {
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
    'epoch 3 was committed, but epoch 2 was not: epochs come one after another (PIPE_EPOCH says how many are completed)',
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
    'epoch 9 was committed, but PIPE_EPOCHS asks for 8: end after epoch 8',
  ],
  ['leading zeros', 0, ['01'], [], '"01" was committed: name the folder 1, without leading zeros'],
])('%s is a mistake that is named', async (_, completed, names, taken, message) => {
  const watched = new Watched();
  for (const name of names) watched.commit(name);
  watched.start(completed, 8);
  await watched.until(() => watched.mistakes > 0);
  await watched.watch.drain();
  expect(watched.watch.mistake).toBe(message);
  expect(watched).toMatchObject({ taken, mistakes: 1 });
});

test('a file instead of a folder is a mistake that is named', async () => {
  const watched = new Watched().start(0, 2);
  writeFileSync(join(watched.folder, '1'), 'weights');
  await watched.until(() => watched.mistakes > 0);
  await watched.watch.drain();
  expect(watched.watch.mistake).toBe(
    'epoch 1 was committed as a file: make it a folder that holds the state',
  );
});

test('an epoch that cannot be stored ends the handing over, with the error itself', async () => {
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
