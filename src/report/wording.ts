/** Formats durations, sizes, times, verdicts and metrics for people. Pure. */
import type { Failure, RunDone, Transfer, Verdict, Why } from '../event.js';
import { leavesOf } from '../json.js';

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 05 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${twoDigits(Math.floor((whole % 3600) / 60))} min`;
}

/** A duration without unnecessary precision: `0.4 s`, `12 s`, `14 min`, `2 h 05 min`. */
export function roughly(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (Math.round(seconds) < 60) return duration(seconds);
  return minutes < 60 ? `${minutes} min` : duration(minutes * 60);
}

/** Without tenths of a second, for an estimate, and for a time that still grows. */
export function about(seconds: number): string {
  return seconds < 60 ? `${Math.ceil(seconds)} s` : duration(seconds);
}

/** `512 B`, `3.4 MiB`: powers of 1024, as in `memory: 4G` and `--max-size 50G`. */
export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0
    ? `${value} B`
    : `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** `12 MiB of 40 MiB received from the remote cache, 8.0 MiB/s, 4 s left`. */
export function transferText({ direction, done, total, rate, left }: Transfer): string {
  const where = direction === 'in' ? 'received from' : 'sent to';
  const time = left === undefined ? '' : `, ${about(left)} left`;
  return `${bytes(done)} of ${bytes(total)} ${where} the remote cache, ${bytes(rate)}/s${time}`;
}

export function plural(count: number, noun: string, many = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : many}`;
}

/** `param train.lr 1 → 2, and 2 more reasons`: `--json` and `--summarize` list all. */
export function whyText({ reason, reasons = [] }: Why): string {
  const more = reasons.length - 1;
  return more > 0 ? `${reason}, and ${plural(more, 'more reason')}` : reason;
}

/** The line that ends every run; a dry run says what would happen. */
export function summaryLine(summary: RunDone): string {
  if (summary.wouldRun !== undefined) return forecastLine(summary);
  const always = [`${summary.ran} ran`, `${summary.restored} restored`, `${summary.fresh} fresh`];
  const sometimes = (['failed', 'blocked', 'cancelled', 'submitted'] satisfies Verdict[])
    .filter((verdict) => (summary[verdict] ?? 0) > 0)
    .map((verdict) => `${summary[verdict]} ${verdict}`);
  return `pipe: ${[...always, ...sometimes].join(', ')}`;
}

function forecastLine({ wouldRun, mayRun = 0, wouldRestore = 0, fresh }: RunDone): string {
  const parts = [
    `would run ${wouldRun}`,
    ...(mayRun > 0 ? [`may run ${mayRun}`] : []),
    ...(wouldRestore > 0 ? [`would restore ${wouldRestore}`] : []),
    `${fresh} fresh`,
  ];
  return `pipe: ${parts.join(', ')}`;
}

/** A failure in full, as lines. */
export function failureLines(item: string, failure: Failure): string[] {
  const lines = [`${item}: failed: ${failure.message}`];
  const [command = '', ...more] = failure.command.trimEnd().split('\n');
  if (more.length > 0) lines.push('  command:', ...[command, ...more].map((line) => `  | ${line}`));
  else if (command !== '') lines.push(`  command: ${command}`);
  if (failure.tail.length > 0) {
    lines.push('  its last lines:', ...failure.tail.map((line) => `  | ${line}`));
  }
  if (failure.log !== undefined) lines.push(`  full log: ${failure.log}`);
  return lines;
}

/** `loss 0.0312, val.ssim 0.914`: at most `limit`, nested names joined by dots; NaN for what is not a number. */
export function metricsText(metrics: unknown, limit = 4): string {
  return metricTexts(metrics, limit)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

/** The first metrics by name, without the number of the epoch, which the line has anyway. */
export function metricTexts(metrics: unknown, limit = 4): readonly [string, string][] {
  return leavesOf(metrics)
    .filter(([name, value]) => name !== 'epoch' && (value === null || typeof value === 'number'))
    .slice(0, limit)
    .map(([name, value]) => [name, String(rounded(Number(value ?? Number.NaN), 4))]);
}

/** Whole numbers in full, because they may be counts or seeds; others with so many digits. */
export function rounded(value: number, digits: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(digits));
}

/** `2026-01-31 09:05:07`, in the local time zone. */
export function localTime(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 19).replace('T', ' ');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
