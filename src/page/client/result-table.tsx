/** The table of results, newest first until it is sorted. */
import { oncePer } from '../../lists.js';
import type { PageColumn } from '../model.js';
import { nextSorting } from './items.js';
import { itemLink } from './page-state.js';
import { cellText, hasValue, isNumeric, isSetting, ordered, titleOf } from './result-rows.js';
import { Aligned, type Column, decimalsOf, type Sorting, Table, widthFor } from './table.js';
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
    title: '',
    name: 'compare',
    width: 2,
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
  const few = texts ?? someTexts(column);
  const decimals = decimalsOf(few);
  return {
    id: name,
    title: titleOf(column),
    name: `${isSetting(column) || kind === 'metric' || kind === 'dep' ? `${kind} ` : ''}${name}`,
    isNumber: isNumeric(column) && kind !== 'when',
    look: kind === 'dep' || kind === 'code' ? 'digest' : undefined,
    width: widthFor(few, 5, kind === 'item' ? 36 : 20) + (decimals > 0 ? 1 : 0),
    cell: (row) => {
      const text = cellText(column, row);
      if (kind === 'item' && known.has(text)) return <a href={itemLink(text)}>{text}</a>;
      if (kind === 'when') return <time>{text}</time>;
      if (kind === 'key' || kind === 'code' || kind === 'dep') return <code>{text}</code>;
      return texts === undefined ? <Aligned text={text} decimals={decimals} /> : text;
    },
  };
}

/** Enough of them to know their widths and decimals. */
const SOME = 300;

/** A filter leaves the columns as they are. */
const someTexts = oncePer((column: PageColumn): readonly string[] => {
  const filled = [...column.cells.keys()].filter((row) => hasValue(column, row));
  const step = Math.ceil(filled.length / SOME);
  return filled.filter((_, at) => at % step === 0).map((row) => cellText(column, row));
});
