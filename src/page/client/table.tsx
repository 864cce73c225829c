/** A table of any length: only the visible rows exist, but all of them in print. */
import { decimalsIn } from './format-values.js';
import { usePrinting } from './scheme.js';
import { useSize, useStop } from './scrolled.js';
import { type ComponentChildren, Fragment, type JSX, useEffect, useRef, useState } from './view.js';

export interface Column<Row> {
  readonly id: string;
  /** If empty, only screen readers get a title: the name. */
  readonly title: string;
  /** For screen readers and as a hint: the title in words. */
  readonly name: string;
  readonly isNumber?: boolean;
  /** `prose`: shortened in print. `digest`: left out in print. */
  readonly look?: 'prose' | 'digest' | undefined;
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
/** Rows that are rendered outside of the view, so that scrolling shows no gap. */
const MARGIN = 12;
const MOST_ON_PAPER = 2000;

export function Table<Row>(props: Props<Row>): JSX.Element {
  const { label, columns, rows } = props;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 900 });
  const isPrinted = usePrinting();
  const look = ({ scrollTop: top, clientHeight: height }: HTMLElement) => setView({ top, height });
  useSize(box, look);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const scrolled = () => look(element);
    element.addEventListener('scroll', scrolled, { passive: true });
    return () => element.removeEventListener('scroll', scrolled);
  }, []);
  const first = isPrinted ? 0 : Math.max(0, Math.floor(view.top / ROW) - MARGIN);
  const count = isPrinted ? MOST_ON_PAPER : Math.ceil(view.height / ROW) + 2 * MARGIN;
  const shown = rows.slice(first, first + count);
  const below = Math.max(0, rows.length - first - shown.length);
  const widths = columns.map((each) => widthOf(each, props.onSort !== undefined));
  const width = widths.reduce((sum, each) => sum + each, 0);
  return (
    <section class="table" ref={box} aria-label={`${label}, table`} {...useStop(box)}>
      <table aria-label={label} aria-rowcount={rows.length + 1} style={{ minWidth: `${width}ch` }}>
        <colgroup>
          {columns.map(({ id }, at) => (
            <col key={id} style={{ width: `${widths[at]}ch` }} />
          ))}
        </colgroup>
        {/* Chromium repeats the head on each sheet of paper, unless it contains a button. */}
        <Head {...props} onSort={isPrinted ? undefined : props.onSort} />
        <tbody>
          <Space rows={first} columns={columns.length} />
          {/* By place: a new order changes texts, and makes no new rows. */}
          {shown.map((row, at) => (
            <tr key={first + at} aria-rowindex={first + at + 2}>
              {columns.map((column) => (
                <Cell key={column.id} column={column} row={row} />
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
        {columns.map((column) => {
          const { id, title, name } = column;
          const isSorted = sorting?.id === id;
          const direction = sorting?.isDescending ? 'descending' : 'ascending';
          return (
            <th
              key={id}
              scope="col"
              class={classOf(column)}
              aria-sort={isSorted ? direction : undefined}
              title={name}
            >
              {title === '' ? (
                <span class="unseen">{name}</span>
              ) : onSort === undefined ? (
                <Title title={title} />
              ) : (
                <button type="button" class="sort" onClick={() => onSort(id)}>
                  <Title title={title} />
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

interface CellProps<Row> {
  readonly column: Column<Row>;
  readonly row: Row;
}

function Cell<Row>({ column, row }: CellProps<Row>): JSX.Element {
  const content = column.cell(row);
  const isCut = typeof content === 'string' && content.length > column.width;
  return (
    <td class={classOf(column)} title={isCut ? content : undefined}>
      {content}
    </td>
  );
}

function classOf({ isNumber, look }: Pick<Column<never>, 'isNumber' | 'look'>) {
  return isNumber ? 'number' : look;
}

/** A dotted name, which may be broken after each part. */
export function Title({ title }: { readonly title: string }): JSX.Element {
  return (
    <span>
      {title.split(/(?<=[._])/).map((part, at) => (
        <Fragment key={part + at}>
          {at > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </span>
  );
}

/** A longer title is cut. */
const LONGEST_TITLE = 24;

/** In the width of a digit: of a column with its padding. Titles are bold, and an arrow may follow. */
function widthOf({ title, width }: Column<never>, hasArrow: boolean): number {
  const room = 1.08 * Math.min(LONGEST_TITLE, title.length) + (hasArrow ? 2 : 0);
  return Math.ceil(Math.max(width, title === '' ? 0 : room)) + 2;
}

interface AlignedProps {
  readonly text: string;
  /** The largest number of decimals in its column. */
  readonly decimals: number;
}

/** A number with room for the decimals of others in its column, so that the points are aligned. */
export function Aligned({ text, decimals }: AlignedProps): JSX.Element {
  const own = decimalsIn(text);
  if (own === undefined || own >= decimals) return <>{text}</>;
  return (
    <>
      {text}
      <span class="pad" aria-hidden="true">
        {(own === 0 ? '.' : '') + '0'.repeat(decimals - own)}
      </span>
    </>
  );
}

export function decimalsOf(texts: Iterable<string>): number {
  let most = 0;
  for (const text of texts) most = Math.max(most, decimalsIn(text) ?? 0);
  return most;
}

/** Blank space in the place of rows that are not rendered. */
function Space({ rows, columns }: { readonly rows: number; readonly columns: number }) {
  if (rows === 0) return null;
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row without content takes no focus.
    <tr aria-hidden="true" class="space" style={{ height: `${rows * ROW}px` }}>
      <td colSpan={columns} />
    </tr>
  );
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
