/** Converts a Jupyter notebook to the Python text of its code, and to what counts of it. Pure. */
import { ifJson } from '../../json.js';
import type { Source } from './python-source.js';

interface Cell {
  readonly cell_type?: unknown;
  readonly source?: unknown;
  readonly attachments?: unknown;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

interface Notebook {
  readonly cells?: unknown;
  readonly metadata?: {
    readonly kernelspec?: { readonly name?: unknown; readonly language?: unknown };
    readonly language_info?: { readonly name?: unknown };
    readonly title?: unknown;
    readonly authors?: unknown;
  };
}

/** Metadata of a cell that a person sets: Jupyter and its editors note much else there. */
const SHOWN = ['tags', 'slideshow', 'jupyter', 'hide_input', 'format', 'raw_mimetype'] as const;

/**
 * Its text counts as it is written, since programs copy it to the notebook or page that they make:
 * headings and comments too. An unreadable notebook counts by its bytes.
 */
export function notebookSource(bytes: Uint8Array): Source {
  const text = Buffer.from(bytes).toString('utf8');
  const notebook = ifJson(text) as Notebook | null | undefined;
  if (!Array.isArray(notebook?.cells)) return { text, isUtf8: false, directives: '' };
  const { kernelspec, language_info: info, title, authors } = notebook.metadata ?? {};
  const language = kernelspec?.language ?? info?.name ?? 'python';
  const cells = notebook.cells as (Cell | null)[];
  const code = cells.filter((cell) => cell?.cell_type === 'code' && language === 'python');
  return {
    text: code.map((cell) => `${pythonOf(textOf(cell))}\n`).join(''),
    isUtf8: true,
    directives: JSON.stringify([
      [kernelspec?.name, language, title, authors],
      cells.map((cell) => [
        cell?.cell_type,
        textOf(cell),
        cell?.attachments,
        SHOWN.map((name) => cell?.metadata?.[name]),
      ]),
    ]),
  };
}

function textOf(cell: Cell | null): string {
  const source = cell?.source;
  return (Array.isArray(source) ? source.join('') : String(source ?? '')).replace(/\r\n?/g, '\n');
}

/** Magic words replaced by what they start, so that the rest is Python. */
function pythonOf(text: string): string {
  const [, cellMagic = '', body = ''] = /^\s*%%(\w+)[^\n]*\n?([\s\S]*)$/.exec(text) ?? [];
  if (/^(?:bash|sh)$/.test(cellMagic)) return `os.system(${JSON.stringify(body)})`;
  if (cellMagic !== '' && !/^(?:capture|time|timeit)$/.test(cellMagic)) return '';
  return text.replace(MAGIC, magic);
}

/** `%magic`, `!command`, `?help`, and `x = !command`. */
const MAGIC = /^([ \t]*(?:[\w, ]+=[ \t]*)?)(%%?[A-Za-z].*|![^=].*|\?\S.*)$/gm;

function magic(_line: string, before: string, words: string): string {
  if (words.startsWith('!')) return `${before}os.system(${JSON.stringify(words.slice(1))})`;
  const run = /^%run[ \t]+(?:-\w+[ \t]+)*(["']?)([^\s"']+\.(?:py|ipynb))\1/.exec(words)?.[2];
  return `${before}${run === undefined ? 'None' : `run_path(${JSON.stringify(run)})`}`;
}
