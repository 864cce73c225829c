/** Epoch curves of several items in one chart, with the best epoch and that of the outs. */
import { extremeOf, modeOf } from '../../results/better.js';
import type { PageEpochs, PageItem } from '../model.js';
import { Chart, type Curve, Pen, penOf } from './chart.js';
import { Check, Choice, toggled } from './controls.js';
import { epochCount, number, plural } from './format-values.js';
import { type Data, itemLink } from './page-state.js';
import { Scrolled } from './scrolled.js';
import { Aligned, decimalsOf } from './table.js';
import { type JSX, useMemo, useState } from './view.js';

type Trained = PageItem & { readonly epochs: PageEpochs };

function trained(items: readonly PageItem[]): Trained[] {
  return items.filter((item): item is Trained => (item.epochs?.numbers.length ?? 0) > 0);
}

export function Epochs({ data }: { readonly data: Data }): JSX.Element {
  const items = trained(data.model.items);
  if (items.length === 0)
    return (
      <p class="soft">
        No epoch is completed yet. Each completed epoch of a stage with <code>epochs:</code> is
        shown here.
      </p>
    );
  return <EpochCharts items={items} />;
}

/** Number of curves drawn at first: more are hard to read. */
const FIRST = 12;

export function EpochCharts({
  items,
}: {
  readonly items: readonly PageItem[];
}): JSX.Element | null {
  const all = useMemo(() => trained(items), [items]);
  const names = [...new Set(all.flatMap(({ epochs }) => Object.keys(epochs.values)))].sort();
  const first = all.find(({ epochs }) => epochs.drawn !== undefined)?.epochs.drawn ?? names[0];
  const [metric, setMetric] = useState(first ?? '');
  const [isLog, setLog] = useState(false);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(
    () => new Set(all.slice(FIRST).map(({ id }) => id)),
  );
  const curves = useMemo(() => curvesOf(all, metric, hidden), [all, metric, hidden]);
  if (all.length === 0) return null;
  const toggle = (id: string) => setHidden(toggled(hidden, id));
  return (
    <section aria-labelledby="epochs-title">
      <div class="bar-of">
        <h2 id="epochs-title">Epochs</h2>
        <label>
          metric <Choice value={metric} values={names} onChoose={setMetric} />
        </label>
        <Check label="log scale" checked={isLog} onCheck={setLog} />
        <p class="soft">
          {plural(curves.length, 'curve')}; ○ the epoch of the outs, ● the epoch of the{' '}
          {extremeIn(all, metric)} value
        </p>
      </div>
      <Chart
        height={320}
        label={`${metric} by epoch of ${plural(curves.length, 'item')}; the table has the values`}
        xName="epoch"
        yName={metric}
        curves={curves}
        isLog={isLog}
      />
      <Chains all={all} metric={metric} hidden={hidden} toggle={toggle} />
    </section>
  );
}

interface ChainsProps {
  readonly all: readonly Trained[];
  readonly metric: string;
  readonly hidden: ReadonlySet<string>;
  readonly toggle: (id: string) => void;
}

function Chains({ all, metric, hidden, toggle }: ChainsProps): JSX.Element {
  const decimals = decimalsOf(
    all.flatMap(({ epochs }) =>
      [lastOf(epochs, metric), bestOf(epochs, metric)?.value].map((value) => number(value)),
    ),
  );
  return (
    <Scrolled kind="wide tall" label="Epochs of each item, scrolls">
      <table>
        <caption class="unseen">Epochs of each item</caption>
        <thead>
          <tr>
            <th scope="col">item</th>
            {headsOf(all, metric).map((head) => (
              <th key={head} scope="col" class="number">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {all.map(({ id, epochs }, at) => {
            const best = bestOf(epochs, metric);
            return (
              <tr key={id}>
                <td class="curve">
                  <label>
                    <input
                      type="checkbox"
                      checked={!hidden.has(id)}
                      onChange={() => toggle(id)}
                      aria-label={`draw ${id}`}
                    />
                    <Pen at={at} />
                  </label>{' '}
                  <a href={itemLink(id)}>{id}</a>
                  {epochs.isStale && <span class="mark"> stale</span>}
                </td>
                <td class="number">{epochCount(epochs.numbers.length, epochs.target)}</td>
                <td class="number">
                  <Aligned text={number(lastOf(epochs, metric))} decimals={decimals} />
                </td>
                <td class="number">
                  <Aligned text={number(best?.value)} decimals={decimals} />
                </td>
                <td class="number">{number(best?.epoch)}</td>
                <td class="number">{number(epochOfOuts(epochs))}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scrolled>
  );
}

function curvesOf(all: readonly Trained[], metric: string, hidden: ReadonlySet<string>): Curve[] {
  return all.flatMap(({ id, epochs }, at) => {
    const y = epochs.values[metric];
    if (y === undefined || hidden.has(id)) return [];
    const disc = bestOf(epochs, metric)?.epoch;
    return [{ name: id, x: epochs.numbers, y, ring: epochOfOuts(epochs), disc, ...penOf(at) }];
  });
}

/** Undefined before it is completed. */
function epochOfOuts({ numbers, wanted }: PageEpochs): number | undefined {
  return numbers.includes(wanted) ? wanted : undefined;
}

function lastOf({ values }: PageEpochs, metric: string): number | null | undefined {
  return values[metric]?.findLast((value) => value !== null);
}

function headsOf(all: readonly Trained[], metric: string): string[] {
  const extreme = extremeIn(all, metric);
  const at = extreme === 'best' ? 'best epoch' : 'its epoch';
  return ['epochs', `last ${metric}`, `${extreme} ${metric}`, at, 'epoch of the outs'];
}

function extremeIn(all: readonly Trained[], metric: string): 'best' | 'largest' {
  const objectives = all.map(({ epochs }) => epochs.best);
  return extremeOf(metric, objectives);
}

/** By the stage's own objective; a loss or an error is best where it is least. */
function bestOf(
  { best, numbers, values }: PageEpochs,
  metric: string,
): { readonly epoch: number; readonly value: number } | undefined {
  const mode = best?.metric === metric ? best.mode : modeOf(metric);
  let found: { epoch: number; value: number } | undefined;
  for (const [at, value] of (values[metric] ?? []).entries()) {
    if (value === null) continue;
    const isBetter =
      found === undefined || (mode === 'max' ? value > found.value : value < found.value);
    if (isBetter) found = { epoch: numbers[at] as number, value };
  }
  return found;
}
