/** Tables in CSV, TSV and JSON, by columns. */
import { isTree, leavesOf, parseLenient } from '../json.js';

export type Cell = string | number | undefined;

/** For a table that cannot be drawn, returns a text with the reason. */
export function tableIn(text: string, path: string): ReadonlyMap<string, readonly Cell[]> | string {
  if (/\.json$/i.test(path)) return ofJson(text, path);
  const [header, ...rows] = linesIn(text.replace(/^\ufeff/, ''), /\.tsv$/i.test(path) ? '\t' : ',');
  if (header === undefined) return `${path} is empty: its first line must name the columns`;
  return new Map(header.map((name, at) => [name.trim(), rows.map((row) => cellOf(row[at]))]));
}

function ofJson(text: string, path: string): ReadonlyMap<string, readonly Cell[]> | string {
  let value: unknown;
  try {
    value = parseLenient(text);
  } catch (error) {
    return `${path}: ${(error as Error).message.replaceAll(/\s+/g, ' ')}`;
  }
  // `{"roc": [{…}]}`: tools that write each table to its own file may repeat its name in the file.
  const lists = isTree(value) ? Object.values(value).filter(isTable) : [value];
  const [rows] = lists;
  if (lists.length > 1)
    return `${path} has ${lists.length} lists of objects: write each to its own file`;
  if (!isTable(rows)) return `${path} is not a list of objects, and does not contain one`;
  // By dot path, as metrics are named.
  const cells = rows.map((row) => new Map(leavesOf(row).filter(([, leaf]) => !isTree(leaf))));
  const names = [...new Set(cells.flatMap((row) => [...row.keys()]))];
  return new Map(names.map((name) => [name, cells.map((row) => cellIn(row.get(name)))]));
}

function isTable(value: unknown): value is readonly Record<string, unknown>[] {
  return Array.isArray(value) && value.every(isTree);
}

function cellIn(leaf: unknown): Cell {
  return typeof leaf === 'number' || typeof leaf === 'string' ? leaf : undefined;
}

function cellOf(text: string | undefined): Cell {
  const plain = text?.trim() ?? '';
  if (plain === '') return undefined;
  const value = Number(plain);
  return Number.isFinite(value) ? value : plain;
}

/** As in RFC 4180: quotes protect separators and line ends, and are doubled inside quotes. */
function linesIn(text: string, separator: string): string[][] {
  const lines: string[][] = [];
  const quoted = '"[^"]*(?:""[^"]*)*"';
  const field = new RegExp(`(${quoted}|[^${separator}\\r\\n]*)(${separator}|\\r?\\n|\\r|$)`, 'gy');
  let line: string[] = [];
  const end = () => {
    if (line.length > 1 || line[0]) lines.push(line);
    line = [];
  };
  while (field.lastIndex < text.length) {
    const [, value = '', after = ''] = field.exec(text) ?? [];
    const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
    line.push(isQuoted ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (after !== separator) end();
  }
  end();
  return lines;
}
