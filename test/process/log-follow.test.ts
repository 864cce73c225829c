/** Logs: the newest one of an item, and new output as it is written. */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { followLogs, logsIn, readLog } from '../../src/process/log-follow.js';
import { tempFolder } from './support/script.js';

/** A followed folder of logs; `until` resolves when the text so far satisfies the condition. */
class Followed {
  readonly folder = tempFolder();
  readonly abort = new AbortController();
  running = true;
  text = '';
  #wake = () => {};

  readonly #onText = async (text: string) => {
    this.text += text;
    this.#wake();
  };

  follow(): Promise<void> {
    return followLogs(this.folder, () => this.running, this.#onText, this.abort.signal);
  }

  async until(text: string): Promise<void> {
    while (this.text !== text) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  path(name: string): string {
    return join(this.folder, name);
  }
}

test('the logs of a folder are in the order of their times, and may be absent', () => {
  const folder = tempFolder();
  for (const name of ['2026-01-02.log', '2026-01-01.log', 'other.txt'])
    writeFileSync(join(folder, name), '');
  expect(logsIn(folder)).toEqual([join(folder, '2026-01-01.log'), join(folder, '2026-01-02.log')]);
  expect(logsIn(join(folder, 'none'))).toEqual([]);
});

test('a log of any length is read completely, without split characters', async () => {
  const file = join(tempFolder(), 'a.log');
  const text = 'größe 顔\n'.repeat(50_000);
  writeFileSync(file, text);
  let read = '';
  const onText = async (piece: string) => {
    read += piece;
  };
  await readLog(file, onText, new AbortController().signal);
  expect(read).toBe(text);
});

test('a log is read on only when its reader is done with a piece, until an interrupt', async () => {
  const file = join(tempFolder(), 'a.log');
  writeFileSync(file, 'x'.repeat(1_000_000));
  const controller = new AbortController();
  const pieces: number[] = [];
  let isBusy = false;
  await readLog(
    file,
    async ({ length }) => {
      expect(isBusy).toBe(false);
      isBusy = true;
      pieces.push(length);
      await new Promise(setImmediate);
      isBusy = false;
      if (pieces.length === 3) controller.abort();
    },
    controller.signal,
  );
  expect(pieces.slice(0, 3).every((length) => length > 0 && length < 100_000)).toBe(true);
  expect(pieces.slice(3)).toEqual([0]);
});

test('new output is passed on until nothing runs', async () => {
  const log = new Followed();
  writeFileSync(log.path('1.log'), 'before\n');
  const done = log.follow();
  await log.until('before\n');
  appendFileSync(log.path('1.log'), 'while\n');
  await log.until('before\nwhile\n');
  appendFileSync(log.path('1.log'), 'last\n');
  log.running = false;
  await done;
  expect(log.text).toBe('before\nwhile\nlast\n');
});

test('a character that is written in two pieces is one character', async () => {
  const log = new Followed();
  const [first, ...rest] = Buffer.from('ü');
  writeFileSync(log.path('1.log'), Buffer.from([0x61, first as number]));
  const done = log.follow();
  await log.until('a');
  appendFileSync(log.path('1.log'), Buffer.from(rest));
  await log.until('aü');
  log.running = false;
  await done;
});

test('the log of a retry follows the rest of the first one', async () => {
  const log = new Followed();
  writeFileSync(log.path('1.log'), 'first ');
  const done = log.follow();
  await log.until('first ');
  appendFileSync(log.path('1.log'), 'fails ');
  writeFileSync(log.path('2.log'), 'second');
  await log.until('first fails second');
  log.running = false;
  await done;
});

test('the log of an ended execution is read once', async () => {
  const log = new Followed();
  log.running = false;
  mkdirSync(log.path('folder'));
  writeFileSync(log.path('1.log'), 'all of it');
  await log.follow();
  expect(log.text).toBe('all of it');
});

test('an interrupt ends it', async () => {
  const log = new Followed();
  writeFileSync(log.path('1.log'), 'x');
  const done = log.follow();
  await log.until('x');
  log.abort.abort();
  await done;
});
