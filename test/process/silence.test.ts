/** An invisible holder is dead if its counter has not changed for long enough while observed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type LockOwner, newOwner } from '../../src/process/lock-owner.js';
import { SILENT_MS, Silence } from '../../src/process/silence.js';
import { tempFolder } from './support/script.js';

const far = { ...newOwner('far'), host: 'far-away', beat: '1' };

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

function file(): string {
  const path = join(tempFolder(), 'lock');
  writeFileSync(path, JSON.stringify(far));
  return path;
}

/** Checks every half second for this long; returns the last answer. */
function watch(silence: Silence, path: string, ms: number, more: Partial<LockOwner> = {}): boolean {
  let gone = silence.isGone(path, { ...far, ...more });
  for (let past = 0; past < ms; past += 500) {
    vi.advanceTimersByTime(500);
    gone = silence.isGone(path, { ...far, ...more });
  }
  return gone;
}

test('after it was silent under observation', () => {
  const path = file();
  const silence = new Silence();
  expect(watch(silence, path, SILENT_MS - 500)).toBe(false);
  expect(watch(silence, path, 500)).toBe(true);
});

test('not as long as it beats', () => {
  const path = file();
  const silence = new Silence();
  for (let beat = 1; beat < 40; beat++)
    expect(watch(silence, path, SILENT_MS / 2, { beat: String(beat) })).toBe(false);
});

test('not after a pause of the observer or the file server', () => {
  const path = file();
  const silence = new Silence();
  expect(watch(silence, path, SILENT_MS / 2)).toBe(false);
  vi.advanceTimersByTime(10 * SILENT_MS);
  expect(watch(silence, path, SILENT_MS - 500)).toBe(false);
  expect(watch(silence, path, 500)).toBe(true);
});

test('immediately if it is visibly dead, and never if it is visibly alive', () => {
  const path = file();
  const silence = new Silence();
  expect(silence.isGone(path, { ...newOwner('gone'), pid: 2 ** 22 + 1 })).toBe(true);
  const own = { ...newOwner('own'), beat: '1' };
  for (let past = 0; past < 3 * SILENT_MS; past += 500) {
    vi.advanceTimersByTime(500);
    expect(silence.isGone(path, own)).toBe(false);
  }
});

test('sooner when its scheduler says that its job has ended, and not while that is suspended', () => {
  const job = { system: 'Slurm', id: '7' };
  const path = file();
  const ended = new Silence({ of: () => 'ended' });
  expect(watch(ended, path, SILENT_MS / 2 - 1500, { job })).toBe(false);
  expect(watch(ended, path, 1000, { job })).toBe(true);
  const stopped = new Silence({ of: () => 'stopped' });
  expect(watch(stopped, path, 3 * SILENT_MS, { job })).toBe(false);
});
