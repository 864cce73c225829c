/**
 * Keeps `import.meta.url`, `__dirname` and the like of a local file correct in a bundle elsewhere:
 * adds a line of constants before its text, and esbuild's `define` replaces those expressions by the
 * constants.
 */
import { type Link, placeholder } from './placeholder.js';

export const DEFINES: Readonly<Record<string, string>> = {
  'import.meta.url': '__pipe_url',
  'import.meta.filename': '__pipe_filename',
  'import.meta.dirname': '__pipe_dirname',
  'import.meta.resolve': '__pipe_resolve',
  __filename: '__pipe_filename',
  __dirname: '__pipe_dirname',
};

const WORDS = /import\s*\.\s*meta|__filename|__dirname/;

/** A hashbang must stay first; directives need not, because a bundle is always strict. */
const HASHBANG = /^(?:#![^\n]*\n)?/;

export interface Prologue {
  readonly text: string;
  /** Offset in the file's text. The prologue has no line break, so line numbers stay correct. */
  readonly at: number;
  readonly links: Readonly<Record<string, Link>>;
}

/** Undefined for a file that does not use its own path. */
export function prologueOf(text: string, relative: string): Prologue | undefined {
  if (!WORDS.test(text)) return undefined;
  const links: Record<string, Link> = {};
  const link = (kind: 'url' | 'file' | 'dir') => {
    const name = placeholder(kind, relative);
    links[name] = { kind, path: relative, label: `pipe:${kind}/${relative}` };
    return JSON.stringify(name);
  };
  const constants = [
    `__pipe_url=${link('url')}`,
    `__pipe_filename=${link('file')}`,
    `__pipe_dirname=${link('dir')}`,
    `__pipe_resolve=/* @__PURE__ */__pipe_resolver(${link('url')})`,
  ];
  return {
    text: `;const ${constants.join(',')};`,
    at: (HASHBANG.exec(text) as RegExpExecArray)[0].length,
    links,
  };
}

export function withPrologue(text: string, { at, text: prologue }: Prologue): string {
  return text.slice(0, at) + prologue + text.slice(at);
}
