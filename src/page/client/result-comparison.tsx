/** What differs among the chosen results, one column each. */
import type { PageColumn, PageItem, PagePicture } from '../model.js';
import { Image } from './pictures.js';
import { cellText, isSetting, isVaried, nameIn } from './result-rows.js';
import { Scrolled } from './scrolled.js';
import type { JSX } from './view.js';

interface ComparisonProps {
  readonly columns: readonly PageColumn[];
  readonly items: readonly PageItem[];
  readonly chosen: readonly number[];
  readonly onClear: () => void;
}

export function Comparison({ columns, items, chosen, onClear }: ComparisonProps): JSX.Element {
  const differing = columns.filter((column) => isVaried(column, chosen) || chosen.length === 1);
  const best = (column: PageColumn) => {
    if (column.kind !== 'metric' || chosen.length !== 2) return undefined;
    const [a, b] = chosen.map((row) => column.cells[row] ?? null);
    return a === null || b === null || a === undefined || b === undefined ? undefined : b - a;
  };
  return (
    <section class="comparison" aria-label="Comparison">
      <div class="bar-of">
        <h3>
          {chosen.length === 1 ? 'One result' : `What differs among ${chosen.length} results`}
        </h3>
        <button type="button" onClick={onClear}>
          clear
        </button>
        {chosen.length === 1 && <p class="soft">choose another one to compare</p>}
      </div>
      <Scrolled kind="wide tall" label="Comparison, scrolls">
        <table>
          <thead>
            <tr>
              <th scope="col">part</th>
              {chosen.map((row) => (
                <th key={row} scope="col">
                  {nameIn(columns, row)}
                </th>
              ))}
              {chosen.length === 2 && <th scope="col">change</th>}
            </tr>
          </thead>
          <tbody>
            {differing.map((column) => {
              const change = best(column);
              return (
                <tr key={column.name}>
                  <th scope="row">
                    {column.name}{' '}
                    {(isSetting(column) || column.kind === 'metric') && (
                      <span class="soft kind">{column.kind}</span>
                    )}
                  </th>
                  {chosen.map((row) => (
                    <td key={row}>{cellText(column, row)}</td>
                  ))}
                  {chosen.length === 2 && (
                    <td>
                      {change === undefined
                        ? ''
                        : `${change > 0 ? '+' : ''}${Number(change.toPrecision(4))}`}
                    </td>
                  )}
                </tr>
              );
            })}
            <PictureRows pictures={chosen.map((row) => picturesOf(columns, items, row))} />
          </tbody>
        </table>
      </Scrolled>
    </section>
  );
}

/** Of a result of today, or of an earlier one that the page has. */
function picturesOf(columns: readonly PageColumn[], items: readonly PageItem[], row: number) {
  const column = columns.find(({ kind }) => kind === 'key');
  const short = column && cellText(column, row);
  const isOf = (key: string | undefined) => short !== undefined && key?.startsWith(short);
  for (const { shown, pictures = [], older = [] } of items) {
    const found = isOf(shown) ? pictures : older.find(({ key }) => isOf(key))?.pictures;
    if (found !== undefined) return found;
  }
  return [];
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
          {pictures.length === 2 && <td />}
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
