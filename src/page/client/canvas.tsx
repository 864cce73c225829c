/** A canvas as wide as its parent, drawn again when size, theme or content change. */
import { useScheme } from './scheme.js';
import { Scrolled } from './scrolled.js';
import { type JSX, useEffect, useLayoutEffect, useRef, useState } from './view.js';

export interface Paper {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** The value of a CSS variable. */
  readonly color: (name: string) => string;
}

interface Props {
  readonly label: string;
  readonly height: number;
  /** Where its parent is narrower, it scrolls. */
  readonly least?: number;
  readonly draw: (paper: Paper) => void;
  readonly onPoint?: (x: number, y: number, width: number, isClick: boolean) => void;
}

export function Canvas({ label, height, least = 0, draw, onPoint }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  const scheme = useScheme();
  useEffect(() => {
    const parent = canvas.current?.parentElement;
    if (!parent) return;
    const look = () => setWidth(Math.max(least, parent.clientWidth));
    look();
    const observer = new ResizeObserver(look);
    observer.observe(parent);
    return () => observer.disconnect();
  }, [least]);
  // The theme counts: it changes the colours that are read. At once, since a browser that prints does not wait.
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || width === 0) return;
    const ratio = devicePixelRatio;
    element.width = width * ratio;
    element.height = height * ratio;
    context.scale(ratio, ratio);
    const style = getComputedStyle(element);
    context.font = `12px ${style.fontFamily}`;
    draw({ context, width, height, color: (name) => style.getPropertyValue(name).trim() });
  }, [draw, width, height, scheme]);
  const point = (event: MouseEvent) =>
    onPoint?.(event.offsetX, event.offsetY, width, event.type === 'click');
  return (
    <Scrolled kind="canvas" label="Drawing">
      <canvas
        ref={canvas}
        role="img"
        aria-label={label}
        style={{ width: `${width}px`, height: `${height}px` }}
        onMouseMove={point}
        onClick={point}
      />
    </Scrolled>
  );
}

/** A scale over the values: logarithmic if it may be and they span orders of magnitude. */
export function scaleOf(values: Iterable<number>, from: number, to: number, mayBeLog = false) {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  if (least > most) [least, most] = [0, 1];
  if (least === most) [least, most] = [least - 0.5, most + 0.5];
  const isLog = mayBeLog && least > 0 && most >= 10 * least;
  const placed = isLog ? Math.log10 : (value: number) => value;
  const [low, high] = [placed(least), placed(most)];
  const at = (value: number) => from + ((placed(value) - low) / (high - low)) * (to - from);
  return { at, least, most, ticks: isLog ? powersIn(low, high) : ticksOf(least, most) };
}

/** The powers of ten between two exponents; of few powers, also their doubles and fives. */
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
  const ticks: number[] = [];
  for (let at = Math.ceil(least / step) * step; at <= most + step * 1e-9; at += step)
    ticks.push(Math.abs(at) < step * 1e-9 ? 0 : at);
  return ticks;
}
