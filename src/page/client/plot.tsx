/** Tables of `plots:`: the columns of one or several results as curves in one chart, with a legend. */
import { addTo } from '../../lists.js';
import type { PageItem, PagePlot } from '../model.js';
import { Chart, type Curve, Pen, penOf } from './chart.js';
import { Check, Choice, toggled } from './controls.js';
import { plural } from './format-values.js';
import { type Data, itemLink } from './page-state.js';
import { Fragment, type JSX, useMemo, useState } from './view.js';

/** A plot of one result. */
export interface Series {
  readonly id: string;
  readonly item: string;
  /** Of an earlier result: how it differs from the current one. */
  readonly label?: string | undefined;
  readonly plot: PagePlot;
}

/** The same plot of all results of these items, by stage and name: current ones first. */
export function plotGroups(items: readonly PageItem[]): ReadonlyMap<string, readonly Series[]> {
  const groups = new Map<string, Series[]>();
  for (const { id, stage, plots = [], older = [] } of items)
    for (const plot of plots) {
      const title = `${stage} ${plot.name}`;
      addTo(groups, title, { id, item: id, plot });
      for (const { label, key = label, plots: others = [] } of older)
        for (const other of others)
          if (other.name === plot.name)
            addTo(groups, title, { id: `${id} ${key}`, item: id, label, plot: other });
    }
  for (const group of groups.values())
    group.sort((a, b) => Number(a.label !== undefined) - Number(b.label !== undefined));
  return groups;
}

/** The plots of all items: those of one name in one chart. */
export function Plots({ data: { model } }: { readonly data: Data }): JSX.Element {
  const groups = useMemo(() => plotGroups(model.items), [model.items]);
  return (
    <section aria-labelledby="plots-title">
      <h2 id="plots-title">Plots</h2>
      {[...groups].map(([title, series]) => (
        <Plot key={title} title={title} series={series} showsOlder={model.only === 'plots'} />
      ))}
    </section>
  );
}

/** Number of results drawn at first: more are hard to read. */
const FIRST = 12;
const ALL = '';

interface Props {
  readonly title: string;
  readonly series: readonly Series[];
  /** Draws earlier results too, at first. */
  readonly showsOlder: boolean;
}

export function Plot({ title, series, showsOlder }: Props): JSX.Element {
  const drawn = series.filter(({ plot }) => plot.problem === undefined);
  const columns = [...new Set(drawn.flatMap(({ plot }) => Object.keys(plot.curves)))];
  const [hidden, setHidden] = useState<ReadonlySet<string>>(() => {
    const today = drawn.filter(({ label }) => label === undefined);
    const first = (showsOlder || today.length === 0 ? drawn : today).slice(0, FIRST);
    return new Set(drawn.filter((each) => !first.includes(each)).map(({ id }) => id));
  });
  const isOne = drawn.length - hidden.size === 1;
  const [wishesLog, setLog] = useState(false);
  const [column, setColumn] = useState(isOne ? ALL : (columns[0] ?? ALL));
  const curves = useMemo(() => curvesOf(series, column), [series, column]);
  const visible = useMemo(() => curves.filter((curve) => !hidden.has(curve.id)), [curves, hidden]);
  const mayBeLog = visible.length > 0 && visible.every(({ y }) => y.every(isPositive));
  const isLog = wishesLog && mayBeLog;
  const toggle = (id: string) => setHidden(toggled(hidden, id));
  const xName = drawn[0]?.plot.xName ?? '';
  return (
    <section aria-label={`plot ${title}`}>
      <div class="bar-of">
        <h3>{title}</h3>
        {columns.length > 1 && <Columns {...{ title, columns, column }} onColumn={setColumn} />}
        {mayBeLog && <Check label="log scale" checked={isLog} onCheck={setLog} />}
      </div>
      {visible.length > 0 && (
        <Chart
          label={`${column === ALL ? columns.join(', ') : column} by ${xName} of ${plural(drawn.length - hidden.size, 'result')}`}
          xName={xName}
          yName={column === ALL ? columns.join(', ') : column}
          curves={visible}
          isLog={isLog}
        />
      )}
      <Legend {...{ series, curves, hidden, toggle }} />
    </section>
  );
}

/** Other numbers have no logarithm. */
function isPositive(value: number | null): boolean {
  return value === null || value > 0;
}

interface ColumnsProps {
  readonly title: string;
  readonly columns: readonly string[];
  readonly column: string;
  readonly onColumn: (column: string) => void;
}

function Columns({ title, columns, column, onColumn }: ColumnsProps): JSX.Element {
  return (
    <label>
      column{' '}
      <Choice
        label={`column of ${title}`}
        value={column}
        values={[ALL, ...columns]}
        all="all"
        onChoose={onColumn}
      />
    </label>
  );
}

type PlotCurve = Curve & { readonly id: string; readonly column: string };

interface LegendProps {
  readonly series: readonly Series[];
  readonly curves: readonly (PlotCurve & { readonly at: number })[];
  readonly hidden: ReadonlySet<string>;
  readonly toggle: (id: string) => void;
}

function Legend({ series, curves, hidden, toggle }: LegendProps): JSX.Element {
  return (
    <ul class="legend">
      {series.map(({ id, item, label, plot: { path, problem, x, rows } }) => (
        <li key={id} class={hidden.has(id) ? 'off' : undefined}>
          {series.length > 1 && problem === undefined && (
            <input
              type="checkbox"
              checked={!hidden.has(id)}
              onChange={() => toggle(id)}
              aria-label={`draw ${item} ${label ?? ''}`.trim()}
            />
          )}{' '}
          {curves
            .filter((curve) => curve.id === id)
            .map(({ at, column }) => (
              <Fragment key={column}>
                <span class="curve">
                  <Pen at={at} /> {column}
                </span>{' '}
              </Fragment>
            ))}
          <a href={itemLink(item)}>{item}</a>
          {label !== undefined && ` ${label}`}
          {(label === undefined || problem !== undefined) && (
            <span class="soft">
              {' '}
              {problem ??
                `${path}: ${x.length < rows ? `${x.length} of ` : ''}${plural(rows, 'row')}`}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Each keeps its pen when others are hidden. */
function curvesOf(series: readonly Series[], column: string) {
  return series
    .flatMap(({ id, item, label, plot }) =>
      Object.entries(plot.curves)
        .filter(([name]) => column === ALL || name === column)
        .map(([name, y]) => {
          const whose =
            series.length === 1 ? [] : [label === undefined ? item : `${item} ${label}`];
          const words = column === ALL ? [...whose, name] : whose;
          return { id, column: name, name: words.join(' ') || name, ...inOrder(plot.x, y) };
        }),
    )
    .map((curve, at) => ({ ...curve, ...penOf(at), at }));
}

/** In ascending order of x. Points of one x keep their order, so that a vertical step stays one. */
function inOrder(x: readonly number[], y: readonly (number | null)[]): Pick<Curve, 'x' | 'y'> {
  const order = x.map((_, at) => at);
  if ((x[0] ?? 0) > (x.at(-1) ?? 0)) order.reverse();
  order.sort((a, b) => (x[a] as number) - (x[b] as number));
  return { x: order.map((at) => x[at] as number), y: order.map((at) => y[at] ?? null) };
}
