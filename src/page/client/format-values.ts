/** Numbers, times and sizes as the page writes them. */
import { bytes as bytesText, duration as durationText } from '../../report/wording.js';

export { localTime as time, plural } from '../../report/wording.js';

/** Whole numbers in full, others with up to five significant digits; `–` for what is not there. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (Number.isSafeInteger(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9))
    return Number(value.toPrecision(4)).toExponential();
  return String(Number(value.toPrecision(5)));
}

/** Digits after the point; undefined for what is not a plain number. */
export function decimalsIn(text: string): number | undefined {
  const [, decimals = ''] = /^-?\d+(?:\.(\d+))?$/.exec(text) ?? [];
  return decimals === '' && !/^-?\d+$/.test(text) ? undefined : decimals.length;
}

/** `3 ms`, `0.04 s`, `3.2 s`, `12 s`, `1 min 32 s`, `2 h 05 min`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds > 0 && seconds < 0.0095) return `${Number((seconds * 1000).toPrecision(1))} ms`;
  if (seconds > 0 && seconds < 0.095) return `${seconds.toFixed(2)} s`;
  return durationText(seconds);
}

export function bytes(size: number | undefined): string {
  return size === undefined ? '–' : bytesText(size);
}

/** `3 of 5`, and `8, target 5` for a training that was longer before. */
export function epochCount(completed: number, target: number): string {
  return completed > target ? `${completed}, target ${target}` : `${completed} of ${target}`;
}

/** A param as YAML would have it on one line. */
export function value(tree: unknown): string {
  return typeof tree === 'string' ? tree : JSON.stringify(tree);
}

/** Dotted names without the first and the last parts that all of them share. */
export function differingParts(names: readonly string[]): readonly string[] {
  const parts = names.map((name) => name.split('.'));
  const most = Math.min(...parts.map(({ length }) => length)) - 1;
  const shared = (placeOf: (length: number, count: number) => number) => {
    const isShared = (count: number) =>
      new Set(parts.map((each) => each[placeOf(each.length, count)])).size === 1;
    let count = 0;
    while (count < most && isShared(count)) count++;
    return count;
  };
  const from = shared((_, count) => count);
  const until = shared((length, count) => length - 1 - count);
  const short = parts.map((each) =>
    each.slice(from, Math.max(from + 1, each.length - until)).join('.'),
  );
  return new Set(short).size === names.length ? short : names;
}
