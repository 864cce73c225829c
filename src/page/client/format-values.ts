/** Numbers, times and sizes as the page writes them. */
import { duration as durationText } from '../../report/wording.js';

export { plural } from '../../report/wording.js';

/** Up to five significant digits; `–` for what is not there. */
export function number(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–';
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
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

/** `0.04 s`, `3.2 s`, `12 s`, `1 min 32 s`, `2 h 05 min`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return '–';
  if (seconds > 0 && seconds < 0.095) return `${seconds.toFixed(2)} s`;
  return durationText(seconds);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

export function bytes(size: number | undefined): string {
  if (size === undefined) return '–';
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `2026-11-28 14:03:09`, in the reader's time zone. */
export function time(ms: number): string {
  const at = new Date(ms);
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** A param as YAML would have it on one line. */
export function value(tree: unknown): string {
  return typeof tree === 'string' ? tree : JSON.stringify(tree);
}
