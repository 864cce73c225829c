/** Remaining time of a running item, from the best available measure. Pure. */
import type { Epochs, Progress, Running } from './live-state.js';

/** Seconds; undefined if there is no measure. */
export function secondsLeft(running: Running, now: number): number | undefined {
  const { epochs, progress, expected } = running;
  const left =
    (epochs && leftOfEpochs(epochs, now)) ??
    // During an epoch, the reported progress is that of the epoch.
    (progress && epochs === undefined ? leftOfProgress(progress, now) : undefined) ??
    (expected === undefined ? undefined : expected - (now - running.since));
  return left !== undefined && left > 0 ? left : undefined;
}

/** The mean of the last epochs for each remaining one, minus the elapsed time of the current one. */
function leftOfEpochs({ completed, target, at, seconds }: Epochs, now: number): number | undefined {
  if (seconds.length === 0 || completed >= target) return undefined;
  const mean = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
  return (target - completed - 1) * mean + Math.max(0, mean - (now - at));
}

/** From the speed between the first and the last report. */
function leftOfProgress({ done, total, at, first }: Progress, now: number): number | undefined {
  const speed = (done - first.done) / (at - first.at);
  if (!(speed > 0) || !Number.isFinite(speed)) return undefined;
  return (total - done) / speed - (now - at);
}
