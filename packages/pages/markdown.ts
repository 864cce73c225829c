/** Tables of text, as Markdown. */
import type { TextTable } from './text-table.js';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** As Markdown, a line with its title first. */
export function titledTable({ title, head, rows }: TextTable): string[] {
  return [`${title}:`, table(head, rows)];
}
