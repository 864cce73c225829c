/** Progress from a stage to the run: lines `<done> <total> [unit]` in the PIPE_PROGRESS file. */
import { appendFileSync } from 'node:fs';

/** More frequent updates are not visible. */
const EVERY_MS = 100;

type ReportProgress = (done: number, total: number, unit?: string) => void;

/** Writes nothing without a file (a stage that is run by hand). */
export function progressWriter(file: string | undefined): ReportProgress {
  if (file === undefined) return () => {};
  let last = Number.NEGATIVE_INFINITY;
  return (done, total, unit) => {
    const now = performance.now();
    if (now - last < EVERY_MS && done !== total) return;
    last = now;
    appendFileSync(file, `${progressLine(done, total, unit)}\n`);
  };
}

/** One line: a unit of several lines would read as several reports. */
function progressLine(done: number, total: number, unit = ''): string {
  return `${done} ${total} ${unit.replace(/\s+/g, ' ')}`.trimEnd();
}
