/** Converts the code of a Jupyter notebook to Python text, without outputs and most metadata. Pure. */
import { ifJson } from '../../json.js';
import type { Source } from './python-source.js';

interface Cell {
  readonly cell_type?: unknown;
  readonly source?: unknown;
  /** The tag `parameters` marks the cell that papermill replaces. */
  readonly metadata?: { readonly tags?: unknown };
}

interface Notebook {
  readonly cells?: unknown;
  readonly metadata?: {
    readonly kernelspec?: { readonly name?: unknown; readonly language?: unknown };
    readonly language_info?: { readonly name?: unknown };
  };
}

/** An unreadable notebook counts by its text. */
export function notebookSource(bytes: Uint8Array): Source {
  const text = Buffer.from(bytes).toString('utf8');
  const notebook = ifJson(text) as Notebook | null | undefined;
  if (!Array.isArray(notebook?.cells)) return { text, isUtf8: false, directives: '' };
  const { kernelspec, language_info: info } = notebook.metadata ?? {};
  const language = kernelspec?.language ?? info?.name ?? 'python';
  const cells = (notebook.cells as Cell[]).filter((cell) => cell?.cell_type === 'code');
  const isPython = language === 'python';
  return {
    text: cells.map((cell) => cellText(cell, isPython)).join(''),
    isUtf8: true,
    directives: JSON.stringify([kernelspec?.name ?? null, language]),
  };
}

/** A statement separates cells; a string encloses code that is not Python. */
function cellText({ source, metadata }: Cell, isPython: boolean): string {
  const text = (Array.isArray(source) ? source.join('') : String(source ?? '')).replace(
    /\r\n?/g,
    '\n',
  );
  const head = `__cell__(${JSON.stringify(metadata?.tags ?? [])})\n`;
  if (!isPython || /^\s*%%(?!(?:capture|time|timeit)\b)/.test(text))
    return `${head}__text__(${JSON.stringify(text)})\n`;
  return `${head}${text.replace(MAGIC, magic)}\n`;
}

/** `%magic`, `!command`, `?help`, and `x = !command`. */
const MAGIC = /^([ \t]*(?:[\w, ]+=[ \t]*)?)(%%?[A-Za-z].*|![^=].*|\?\S.*)$/gm;

function magic(_line: string, before: string, words: string): string {
  const run = /^%run[ \t]+(?:-\w+[ \t]+)*(["']?)([^\s"']+\.py)\1/.exec(words)?.[2];
  const text = `__magic__(${JSON.stringify(words)})`;
  return `${before}${run === undefined ? text : `${text}; run_path(${JSON.stringify(run)})`}`;
}
