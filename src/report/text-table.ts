/** Rows as a table: in columns for terminals, or as Markdown. Pure. */
import { printable } from '../printable.js';
import { fitted, largest, type Rows, widthsOf } from './fit.js';
import { pad } from './live/text-columns.js';

/**
 * Columns two spaces apart; numbers right-aligned.
 *
 * @param room columns of the terminal; undefined if nothing limits the width
 */
export function plainTable(texts: Rows, room?: number): string {
  const rows = texts.map((row) => row.map(printable));
  return fitted(withPoints(rows), room)
    .map((each) => aligned(each))
    .join('\n');
}

const INDENT = '  ';

/** Rows as indented columns, all of them left-aligned. */
export function listTable(rows: Rows, room?: number): string {
  const tables = fitted(rows, room === undefined ? undefined : room - INDENT.length);
  return tables.map((each) => aligned(each, INDENT)).join('\n');
}

/** Aligns the decimal points of a column of numbers. */
function withPoints(rows: Rows): Rows {
  const [head = [], ...body] = rows;
  const decimals = head.map((_, at) => {
    const column = body.map((row) => row[at] ?? '');
    return column.every(isNumber) ? largest(column.map(tailOf)) : 0;
  });
  return [
    head,
    ...body.map((row) =>
      row.map((cell, at) => {
        const isPlain = cell !== '' && isNumber(cell) && !/e/i.test(cell);
        return isPlain ? cell.padEnd(cell.length + (decimals[at] ?? 0) - tailOf(cell)) : cell;
      }),
    ),
  ];
}

/** Width of the point and what follows it. */
function tailOf(cell: string): number {
  const point = cell.indexOf('.');
  return point < 0 || /e/i.test(cell) ? 0 : cell.length - point;
}

function aligned(rows: Rows, indent = ''): string {
  const widths = widthsOf(rows);
  const isRight = widths.map(
    (_, at) => indent === '' && rows.slice(1).every((row) => isNumber(row[at] ?? '')),
  );
  return rows
    .map((row) => {
      const cells = widths.map((width, at) => {
        const cell = row[at] ?? '';
        return isRight[at] ? cell.padStart(width) : pad(cell, width);
      });
      return `${(indent + cells.join('  ')).trimEnd()}\n`;
    })
    .join('');
}

/** An empty cell and the dash count as numbers. */
function isNumber(cell: string): boolean {
  return cell === '' || cell.trimEnd() === '–' || !Number.isNaN(Number(cell));
}

export function markdownTable([head = [], ...rows]: Rows): string {
  const cell = (text: string) => escapeMarkdown(text).replaceAll('|', '\\|');
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |\n`;
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('');
}

/** Text within a line of Markdown, with all markup escaped. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>]/g, '\\$&').replace(/\s*\n\s*/g, ' ');
}

/** CSV as in RFC 4180, but with line feeds. */
export function csvTable(rows: Rows): string {
  const cell = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(cell).join(',')}\n`).join('');
}
