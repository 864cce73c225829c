/** What differs among the chosen results, one column each. */
import { addTo } from '../../lists.js';
import type { PageColumn, PageItem, PagePicture, PagePlot } from '../model.js';
import { number, plural } from './format-values.js';
import { Image } from './pictures.js';
import { Plot, type Series } from './plot.js';
import {
  cellText,
  hasValue,
  isNumeric,
  isSetting,
  isVaried,
  nameIn,
  settingsIn,
  titleOf,
} from './result-rows.js';
import { Scrolled } from './scrolled.js';
import { Aligned, decimalsOf } from './table.js';
import type { JSX } from './view.js';

interface ComparisonProps {
  readonly columns: readonly PageColumn[];
  readonly items: readonly PageItem[];
  readonly chosen: readonly number[];
  readonly onClear: () => void;
}

export function Comparison({ columns, items, chosen, onClear }: ComparisonProps): JSX.Element {
  // The head has the item and the key.
  const differing = columns.filter(
    (column) =>
      !['item', 'key', 'axis'].includes(column.kind) &&
      (isVaried(column, chosen) || (chosen.length === 1 && hasValue(column, chosen[0] as number))),
  );
  const found = chosen.map((row) => contentOf(columns, items, row));
  const plots = plotsOf(columns, chosen, found);
  const item = columns.find(({ kind }) => kind === 'item');
  const plotted = new Set(items.filter((each) => each.plots).map(({ id }) => id));
  const absent = chosen.filter(
    (row, at) => found[at] === undefined && item && plotted.has(cellText(item, row)),
  ).length;
  return (
    <section class="comparison" aria-label="Comparison">
      <div class="bar-of">
        <h3>
          {chosen.length === 1 ? 'One result' : `What differs among ${chosen.length} results`}
        </h3>
        <button type="button" title="Esc" onClick={onClear}>
          clear
        </button>
        {chosen.length === 1 && <p class="soft">choose another one to compare</p>}
      </div>
      <Scrolled kind="wide tall" label="Comparison, scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">column</th>
              {chosen.map((row) => (
                <th key={row} scope="col" class="number">
                  {nameIn(columns, row)}
                </th>
              ))}
              {chosen.length === 2 &&
                ['change', 'in %'].map((title) => (
                  <th key={title} scope="col" class="number">
                    {title}
                  </th>
                ))}
            </tr>
          </thead>
          <tbody>
            {differing.map((column) => (
              <Row key={column.name} column={column} chosen={chosen} />
            ))}
            <PictureRows pictures={found.map((each) => each?.pictures ?? [])} />
          </tbody>
        </table>
      </Scrolled>
      {[...plots].map(([title, series]) => (
        <Plot key={title} title={title} series={series} showsOlder={true} />
      ))}
      {absent > 0 && (
        <p class="soft">The page does not contain the plots of {plural(absent, 'older result')}.</p>
      )}
    </section>
  );
}

interface RowProps {
  readonly column: PageColumn;
  readonly chosen: readonly number[];
}

function Row({ column, chosen }: RowProps): JSX.Element {
  const texts = chosen.map((row) => cellText(column, row));
  const decimals = isNumeric(column) && column.kind === 'metric' ? decimalsOf(texts) : 0;
  return (
    <tr>
      <th scope="row">
        {titleOf(column)}{' '}
        {(isSetting(column) || column.kind === 'metric') && (
          <span class="soft kind">{column.kind}</span>
        )}
      </th>
      {chosen.map((row, at) => (
        <td key={row} class="number">
          <Aligned text={texts[at] as string} decimals={decimals} />
        </td>
      ))}
      {chosen.length === 2 && <Change column={column} chosen={chosen} decimals={decimals} />}
    </tr>
  );
}

/** From the first to the second result. */
function Change({ column, chosen, decimals }: RowProps & { readonly decimals: number }) {
  const [a, b] = chosen.map((row) => column.cells[row] ?? null);
  if (column.kind !== 'metric' || typeof a !== 'number' || typeof b !== 'number')
    return <td colSpan={2} />;
  const change = number(Number((b - a).toFixed(Math.max(4, decimals))));
  const part = a === 0 ? '' : ((100 * (b - a)) / Math.abs(a)).toFixed(1);
  const sign = b > a ? '+' : '';
  return (
    <>
      <td class="number">
        {sign}
        <Aligned text={change} decimals={decimals} />
      </td>
      <td class="number">
        {part !== '' && sign}
        {part}
      </td>
    </>
  );
}

interface Content {
  readonly key: string;
  readonly item: PageItem;
  readonly plots?: readonly PagePlot[] | undefined;
  readonly pictures?: readonly PagePicture[] | undefined;
}

/** Plots and pictures of the result in a row, if the page has them. */
function contentOf(
  columns: readonly PageColumn[],
  items: readonly PageItem[],
  row: number,
): Content | undefined {
  const column = columns.find(({ kind }) => kind === 'key');
  const key = column && cellText(column, row);
  if (key === undefined) return undefined;
  for (const item of items) {
    const isCurrent = item.shown?.startsWith(key);
    const found = isCurrent ? item : item.older?.find((each) => each.key?.startsWith(key));
    if (found !== undefined) return { key, item, plots: found.plots, pictures: found.pictures };
  }
  return undefined;
}

/** The same plot of all chosen results, by stage and name. */
function plotsOf(
  columns: readonly PageColumn[],
  chosen: readonly number[],
  found: readonly (Content | undefined)[],
): ReadonlyMap<string, readonly Series[]> {
  // The name of the item has the axes.
  const differing = columns.filter(
    (each) => isSetting(each) && each.kind !== 'axis' && isVaried(each, chosen),
  );
  const groups = new Map<string, Series[]>();
  for (const [at, row] of chosen.entries()) {
    const content = found[at];
    if (content === undefined) continue;
    const { key, item, plots = [] } = content;
    const label = settingsIn(differing, row) || key;
    for (const plot of plots) {
      const title = `${item.stage} ${plot.name}`;
      addTo(groups, title, { id: String(row), item: item.id, label, plot });
    }
  }
  return groups;
}

/** A row for each name, a cell for each result. */
function PictureRows({ pictures }: { readonly pictures: readonly (readonly PagePicture[])[] }) {
  const named = pictures.map(byName);
  const names = [...new Set(named.flatMap((each) => [...each.keys()]))];
  return (
    <>
      {names.map((name) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          {named.map((each, at) => {
            const picture = each.get(name);
            return (
              <td key={at} class="small">
                {picture && <Image picture={picture} />}
              </td>
            );
          })}
          {pictures.length === 2 && <td colSpan={2} />}
        </tr>
      ))}
    </>
  );
}

/** Paths of two items differ: the last part of a path names the picture, with a number if it has to. */
function byName(pictures: readonly PagePicture[]): ReadonlyMap<string, PagePicture> {
  const found = new Map<string, PagePicture>();
  for (const picture of pictures) {
    const short = picture.path.split('/').at(-1) ?? picture.path;
    let name = short;
    for (let count = 2; found.has(name); count++) name = `${short} ${count}`;
    found.set(name, picture);
  }
  return found;
}
