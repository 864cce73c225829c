/** Curves over a number, drawn by uPlot; the values under the pointer are printed below. */
import UPlot from 'uplot';
import { number } from './format-values.js';
import { useScheme } from './scheme.js';
import { type JSX, useLayoutEffect, useRef, useState } from './view.js';

export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  /** Points to mark, by x: with a ring, and with a disc. */
  readonly ring?: number | undefined;
  readonly disc?: number | undefined;
  readonly color: string;
  readonly dash?: readonly number[] | undefined;
}

interface Props {
  readonly label: string;
  readonly xName: string;
  readonly yName: string;
  readonly curves: readonly Curve[];
  readonly isLog?: boolean;
  readonly height?: number;
}

/** Distinct in both themes and for most colour-blind readers; dashes distinguish further curves. */
const HUES = ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6'] as const;
const DASHES: readonly (readonly number[] | undefined)[] = [
  undefined,
  [6, 4],
  [2, 3],
  [10, 3, 2, 3],
  [14, 5],
];

export function penOf(at: number): Pick<Curve, 'color' | 'dash'> {
  const color = HUES[at % HUES.length] as string;
  return { color, dash: DASHES[Math.floor(at / HUES.length) % DASHES.length] };
}

export function Pen({ at }: { readonly at: number }): JSX.Element {
  const { color, dash } = penOf(at);
  return (
    <svg width="24" height="10" aria-hidden="true">
      <line
        x1="0"
        x2="24"
        y1="5"
        y2="5"
        stroke-width="2"
        stroke={`var(${color})`}
        stroke-dasharray={dash?.join(' ')}
      />
    </svg>
  );
}

export function Chart(props: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<number>();
  const scheme = useScheme();
  const { label, curves, xName, yName, isLog = false, height = 260 } = props;
  // Depends on the theme, which changes the CSS colours. A layout effect, since a browser that prints does not wait.
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null || curves.length === 0) return;
    const data = aligned([...curves, ...withDisc(curves)]);
    const options = optionsOf(element, { ...props, isLog, height }, (index) =>
      setAt(index === null || index === undefined ? undefined : data[0][index]),
    );
    const plot = new UPlot(options, data as UPlot.AlignedData, element);
    const observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.destroy();
    };
  }, [curves, xName, isLog, height, scheme]);
  return (
    <figure class="chart">
      <p class="axis">{yName}</p>
      <div ref={box} role="img" aria-label={label} style={{ minHeight: `${height}px` }} />
      <figcaption class="under">{readout(curves, xName, at)}</figcaption>
    </figure>
  );
}

function readout(curves: readonly Curve[], xName: string, at: number | undefined): string {
  if (at === undefined) return '\u00a0';
  const values = curves.flatMap(({ name, x, y }) => {
    const value = y[x.indexOf(at)];
    return value === undefined || value === null ? [] : [`${name} ${number(value)}`];
  });
  return `${xName} ${number(at)}: ${values.slice(0, 6).join(' · ')}${values.length > 6 ? ' …' : ''}`;
}

/** One x for all curves, as uPlot wants it. */
function aligned(curves: readonly Curve[]): [number[], ...(number | null)[][]] {
  const [first] = curves;
  // Several points of one x stay apart.
  if (first !== undefined && curves.every(({ x }) => x === first.x))
    return [[...first.x], ...curves.map(({ y }) => [...y])];
  const x = [...new Set(curves.flatMap((curve) => [...curve.x]))].sort((a, b) => a - b);
  const place = new Map(x.map((value, index) => [value, index]));
  const columns = curves.map((curve) => {
    const column: (number | null)[] = new Array(x.length).fill(null);
    for (const [index, value] of curve.x.entries())
      column[place.get(value) as number] = curve.y[index] ?? null;
    return column;
  });
  return [x, ...columns];
}

function optionsOf(
  element: HTMLElement,
  { curves, xName, isLog, height }: Pick<Required<Props>, 'curves' | 'xName' | 'isLog' | 'height'>,
  onCursor: (index: number | null | undefined) => void,
): UPlot.Options {
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line'), width: 1 },
    font: `12px ${style.fontFamily}`,
  };
  const isWhole = curves.every(({ x }) => x.every(Number.isInteger));
  return {
    width: element.clientWidth,
    height: height as number,
    legend: { show: false },
    padding: [6, 10, 0, 0],
    cursor: { y: false, drag: { x: true, y: false } },
    scales: { x: { time: false }, y: isLog ? { distr: 3 } : {} },
    axes: [
      {
        ...axis,
        label: xName,
        labelFont: axis.font,
        labelSize: 18,
        labelGap: 0,
        size: 30,
        ...(isWhole && { incrs: WHOLE }),
      },
      {
        ...axis,
        size: 64,
        values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : number(tick))),
      },
    ],
    series: seriesOf(curves, color),
    hooks: { setCursor: [(plot) => onCursor(plot.cursor.idx)] },
  };
}

/** In the order of the columns of `aligned`: x, the curves, their discs. */
function seriesOf(curves: readonly Curve[], color: (name: string) => string): UPlot.Series[] {
  return [
    {},
    ...curves.map(({ name, color: variable, dash, x, ring }) => ({
      label: name,
      stroke: color(variable),
      width: 1.5,
      spanGaps: true,
      ...(dash && { dash: [...dash] }),
      points: {
        show: x.length < 40,
        size: 5,
        fill: color('--ground'),
        ...(ring !== undefined && { show: true, size: 9, width: 2, filter: only(ring) }),
      },
    })),
    ...withDisc(curves).map(({ name, color: variable, disc }) => ({
      label: name,
      stroke: color(variable),
      width: 0,
      points: { show: true, size: 9, fill: color(variable), filter: only(disc) },
    })),
  ];
}

const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000];

/** A disc is the only point of a separate curve, since the points of one curve look alike. */
function withDisc(curves: readonly Curve[]): (Curve & { readonly disc: number })[] {
  return curves.flatMap((curve) =>
    curve.disc === undefined || curve.disc === curve.ring ? [] : [{ ...curve, disc: curve.disc }],
  );
}

/** Draws only the points of one x. */
function only(mark: number): UPlot.Series.Points.Filter {
  return (plot, _series, show) =>
    show ? [...plot.data[0]].flatMap((x, index) => (x === mark ? [index] : [])) : null;
}
