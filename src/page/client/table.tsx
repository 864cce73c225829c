/** A table of any length: only the visible rows exist, but all of them in print. */
import { type ComponentChildren, type JSX, useEffect, useRef, useState } from './view.js';

export interface Column<Row> {
  readonly id: string;
  readonly title: ComponentChildren;
  /** For screen readers and as a hint: the title in words. */
  readonly name: string;
  readonly isNumber?: boolean;
  /** Characters that fit without being cut. */
  readonly width: number;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface Sorting {
  readonly id: string;
  readonly isDescending: boolean;
}

interface Props<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly sorting?: Sorting | undefined;
  readonly onSort?: ((id: string) => void) | undefined;
}

const ROW = 28;
/** Rows outside of the view that exist too, so that scrolling shows no gap. */
const MARGIN = 12;
const MOST_ON_PAPER = 2000;

export function Table<Row>(props: Props<Row>): JSX.Element {
  const { label, columns, rows } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 900 });
  const isPrinted = usePrinting();
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => setView({ top: element.scrollTop, height: element.clientHeight });
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, []);
  const first = isPrinted ? 0 : Math.max(0, Math.floor(view.top / ROW) - MARGIN);
  const count = isPrinted ? MOST_ON_PAPER : Math.ceil(view.height / ROW) + 2 * MARGIN;
  const shown = rows.slice(first, first + count);
  const below = Math.max(0, rows.length - first - shown.length);
  const width = columns.reduce((sum, each) => sum + each.width + 2, 0);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls what has the focus.
    <section class="table" ref={box} tabIndex={0} aria-label={`${label}, scrolls`}>
      <table aria-label={label} aria-rowcount={rows.length + 1} style={{ minWidth: `${width}ch` }}>
        <colgroup>
          {columns.map((column) => (
            <col key={column.id} style={{ width: `${column.width + 2}ch` }} />
          ))}
        </colgroup>
        <Head {...props} />
        <tbody>
          <Space rows={first} columns={columns.length} />
          {/* By place: a new order changes texts, and makes no new rows. */}
          {shown.map((row, at) => (
            <tr key={first + at} aria-rowindex={first + at + 2}>
              {columns.map(({ id, isNumber, cell }) => (
                <td key={id} class={isNumber ? 'number' : undefined}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
          <Space rows={isPrinted ? 0 : below} columns={columns.length} />
        </tbody>
      </table>
    </section>
  );
}

function Head<Row>({ columns, sorting, onSort }: Props<Row>): JSX.Element {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map(({ id, title, name, isNumber }) => {
          const isSorted = sorting?.id === id;
          const direction = sorting?.isDescending ? 'descending' : 'ascending';
          return (
            <th
              key={id}
              scope="col"
              class={isNumber ? 'number' : undefined}
              aria-sort={isSorted ? direction : undefined}
              title={name}
            >
              {onSort === undefined ? (
                title
              ) : (
                <button type="button" class="sort" onClick={() => onSort(id)}>
                  {title}
                  <span aria-hidden="true">
                    {isSorted ? (sorting.isDescending ? ' ↓' : ' ↑') : ''}
                  </span>
                </button>
              )}
            </th>
          );
        })}
      </tr>
    </thead>
  );
}

/** Room of rows that do not exist at the moment. */
function Space({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  if (rows === 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row without content takes no focus.
    <tr aria-hidden="true" class="space" style={{ height: `${rows * ROW}px` }}>
      <td colSpan={columns} />
    </tr>
  );
}

function usePrinting(): boolean {
  const [isPrinted, setPrinted] = useState(false);
  useEffect(() => {
    const media = matchMedia('print');
    const look = () => setPrinted(media.matches);
    media.addEventListener('change', look);
    look();
    return () => media.removeEventListener('change', look);
  }, []);
  return isPrinted;
}

/** Width of a column that shows these texts, within bounds. */
export function widthFor(texts: Iterable<string>, least: number, most: number): number {
  let width = least;
  for (const text of texts) width = Math.max(width, Math.min(most, text.length));
  return width;
}

/** The order of rows by a value of each; what has none comes last in both directions. */
export function sorted<Row>(
  rows: readonly Row[],
  keyFor: (row: Row) => string | number | null | undefined,
  isDescending: boolean,
): Row[] {
  const keyed = rows.map((row) => ({ row, value: keyFor(row) }));
  const sign = isDescending ? -1 : 1;
  keyed.sort((a, b) => {
    const [x, y] = [a.value ?? null, b.value ?? null];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return x < y ? -sign : x > y ? sign : 0;
  });
  return keyed.map(({ row }) => row);
}
