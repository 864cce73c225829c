/** The heartbeat of held files: every second if they are few, in turn if they are many. */
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { SILENT_MS } from '../../src/process/silence.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/**
 * How often each of this many files beats within 60 beats, and the largest gap between two of its
 * beats.
 */
async function beatsOf(count: number) {
  // Files of other tests in this process beat too.
  vi.resetModules();
  const { BEAT_MS, startBeating, stopBeating } = await import('../../src/process/heartbeat.js');
  const files = Array.from({ length: count }, () => ({
    beats: [0],
    async beat() {
      this.beats.push(performance.now());
    },
  }));
  const since = performance.now();
  for (const file of files) {
    file.beats = [since];
    startBeating(file);
  }
  onTestFinished(() => files.forEach(stopBeating));
  vi.advanceTimersByTime(60 * BEAT_MS);
  const pauses = files.flatMap(({ beats }) =>
    beats.slice(1).map((each, at) => each - (beats[at] as number)),
  );
  return {
    fewest: Math.min(...files.map(({ beats }) => beats.length - 1)),
    longest: Math.max(...pauses) / BEAT_MS,
    ofSilence: Math.max(...pauses) / SILENT_MS,
  };
}

it('each second if they are few', async () => {
  expect(await beatsOf(50)).toMatchObject({ fewest: 60, longest: 1 });
});

it('less often if they are many, and long before they count as dead', async () => {
  expect(await beatsOf(51)).toMatchObject({ fewest: 30, longest: 2 });
  expect(await beatsOf(1000)).toEqual({ fewest: 20, longest: 3, ofSilence: 0.3 });
});
