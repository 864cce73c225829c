/** Durations and sizes. */

const SECONDS: Readonly<Record<string, number>> = { d: 86_400, h: 3_600, m: 60, s: 1 };
const BYTES: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Units in descending order, each at most once: `90s`, `1h30m`. */
export const DURATION =
  /^(?=.)(?:\d+(?:\.\d+)?d)?(?:\d+(?:\.\d+)?h)?(?:\d+(?:\.\d+)?m)?(?:\d+(?:\.\d+)?s)?$/;

/** Powers of 1024: `4G` equals `4GiB`. */
export const SIZE = /^\d+(?:\.\d+)?(?:[KMGT](?:iB)?)?$/;

/** Seconds; undefined unless it is a duration above 0. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === 'number') return value > 0 ? value : undefined;
  if (typeof value !== 'string' || !DURATION.test(value)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of value.matchAll(/([\d.]+)([dhms])/g)) {
    seconds += Number(amount) * SECONDS[unit!]!;
  }
  return seconds > 0 ? seconds : undefined;
}

/** Bytes; undefined unless it is a size. */
export function parseSize(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== 'string' || !SIZE.test(value)) return undefined;
  const [, amount, unit] = /^([\d.]+)([KMGT]?)/.exec(value)!;
  return Math.round(Number(amount) * (BYTES[unit!] ?? 1));
}
