/** The table of results, newest first until it is sorted. */
import type { PageColumn } from '../model.js';
import { nextSorting } from './items.js';
import { itemLink } from './page-state.js';
import { cellText, isNumeric, isSetting, ordered } from './result-rows.js';
import { type Column, type Sorting, Table, widthFor } from './table.js';
import { useMemo, useState } from './view.js';

interface ResultTableProps {
  readonly columns: readonly PageColumn[];
  readonly rows: readonly number[];
  readonly chosen: ReadonlySet<number>;
  readonly toggle: (row: number) => void;
  readonly nameOf: (row: number) => string;
  readonly known: ReadonlySet<string>;
}

export function ResultTable({ columns, rows, chosen, toggle, nameOf, known }: ResultTableProps) {
  const [sorting, setSorting] = useState<Sorting>();
  const shown = useMemo(() => {
    const column = columns.find(({ name }) => name === sorting?.id);
    // As recorded, the newest first.
    if (column === undefined || sorting === undefined) return rows.toReversed();
    return ordered(rows, column, sorting.isDescending);
  }, [columns, rows, sorting]);
  const choose: Column<number> = {
    id: ' choose',
    title: <span class="unseen">compare</span>,
    name: 'compare',
    width: 3,
    cell: (row) => (
      <input
        type="checkbox"
        aria-label={`compare ${nameOf(row)}`}
        checked={chosen.has(row)}
        onChange={() => toggle(row)}
      />
    ),
  };
  const table = useMemo(
    () => columns.map((column) => tableColumn(column, known)),
    [columns, known],
  );
  return (
    <Table
      label="Results"
      columns={[choose, ...table]}
      rows={shown}
      sorting={sorting}
      onSort={(id) => setSorting(id === choose.id ? sorting : nextSorting(sorting, id))}
    />
  );
}

function tableColumn(column: PageColumn, known: ReadonlySet<string>): Column<number> {
  const { name, kind, texts } = column;
  const few = texts ?? firstTexts(column, 50);
  return {
    id: name,
    title: name,
    name: `${isSetting(column) || kind === 'metric' || kind === 'dep' ? `${kind} ` : ''}${name}`,
    isNumber: isNumeric(column) && kind !== 'when',
    width: widthFor([name, ...few], 6, kind === 'item' ? 36 : 20),
    cell: (row) => {
      const text = cellText(column, row);
      if (kind === 'item' && known.has(text)) return <a href={itemLink(text)}>{text}</a>;
      if (kind === 'when') return <time>{text}</time>;
      return kind === 'key' || kind === 'code' || kind === 'dep' ? <code>{text}</code> : text;
    },
  };
}

function firstTexts(column: PageColumn, most: number): string[] {
  const texts: string[] = [];
  for (let row = 0; row < column.cells.length && texts.length < most; row++)
    if ((column.cells[row] ?? null) !== null) texts.push(cellText(column, row));
  return texts;
}
