/** Places of values on an axis, and its ticks. Pure. */
import { rangeOf } from '../../lists.js';

export interface Scale {
  readonly at: (value: number) => number;
  readonly least: number;
  readonly most: number;
  readonly ticks: readonly number[];
}

/** Values whose relative difference is smaller differ only by rounding: they count as equal. */
const ROUNDING = 1e-12;

/** So do values closer than this: arithmetic with their difference would underflow. */
const TINY = 1e-300;

/** A scale over the values: logarithmic if it may be and they span orders of magnitude. */
export function scaleOf(
  values: Iterable<number>,
  from: number,
  to: number,
  mayBeLog = false,
): Scale {
  let [least, most] = rangeOf(values);
  if (least > most) [least, most] = [0, 1];
  const size = Math.max(-least, most);
  if (most - least <= Math.max(size * ROUNDING, TINY)) {
    const room = size * 0.05 || 0.5;
    [least, most] = [least - room, most + room];
  }
  const isLog = mayBeLog && least > 0 && most >= 10 * least;
  const placed = isLog ? Math.log10 : (value: number) => value;
  const [low, high] = [placed(least), placed(most)];
  const at = (value: number) => from + ((placed(value) - low) / (high - low)) * (to - from);
  return { at, least, most, ticks: isLog ? powersIn(low, high) : ticksOf(least, most) };
}

/** Powers of ten between two exponents. If there are few, also two and five times each of them. */
function powersIn(low: number, high: number): number[] {
  const factors = high - low < 3 ? [1, 2, 5] : [1];
  const powers = Array.from(
    { length: Math.floor(high) - Math.floor(low) + 1 },
    (_, at) => Math.floor(low) + at,
  );
  const [least, most] = [10 ** (low - 1e-9), 10 ** (high + 1e-9)];
  return powers
    .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`)))
    .filter((tick) => tick >= least && tick <= most);
}

/** About five round numbers. */
function ticksOf(least: number, most: number): number[] {
  const raw = (most - least) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5, 10].find((each) => each * power >= raw) ?? 10) * power;
  const first = Math.ceil(least / step - 1e-9);
  const last = Math.floor(most / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}
