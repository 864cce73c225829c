/** Finds the imports in the tokens of a Python file, and dynamic loads that pipe cannot follow. Pure. */
import type { Place } from '../../error.js';
import type { Token } from './python-lexer.js';
import { foldersAt, type SearchFolder } from './search-folders.js';

/** An import as written, before resolution. */
export interface PythonImport {
  /** Dotted name; empty for `from . import x`. */
  readonly name: string;
  /** Number of leading dots; 0 for an absolute import. */
  readonly level: number;
  /** Names behind `import`, each possibly a submodule; `*` for all names in `__all__`. */
  readonly names: readonly string[];
}

/** Code loaded in a way that pipe cannot follow. */
export interface Opaque {
  readonly message: string;
  readonly place: Omit<Place, 'file'>;
}

export interface AddedFolder extends SearchFolder {
  readonly place: Opaque['place'];
}

export interface Imports {
  readonly imports: PythonImport[];
  /** Paths of executed files: `exec(open("x.py").read())`. */
  readonly executes: string[];
  /** Strings in `__all__`. */
  readonly all: string[];
  /** Folders that the file adds to the search path. */
  readonly search: AddedFolder[];
  readonly opaque: Opaque[];
}

export function importsIn(text: string, tokens: readonly Token[]): Imports {
  const reader = new Reader(text, tokens);
  const typeOnly = typeOnlyBlocks(tokens);
  for (let at = 0; at < tokens.length; at++) {
    at = typeOnly.get(at) ?? at;
    if (tokens[at]?.kind === 'name') reader.name(at);
  }
  return reader.found;
}

/** The place to show for an offset in a file. */
export function placeAt(text: string, at: number, length: number): Opaque['place'] {
  const start = text.lastIndexOf('\n', at - 1) + 1;
  const end = text.indexOf('\n', at);
  return {
    line: text.slice(0, at).split('\n').length,
    column: at - start + 1,
    length,
    text: text.slice(start, end < 0 ? undefined : end),
  };
}

const TYPE_CHECKING = /^(?:el)?if (not )?(?:\w+ \. )?TYPE_CHECKING :$/;

/** Blocks for type checkers only: the index after the block, by its first token. */
function typeOnlyBlocks(tokens: readonly Token[]): Map<number, number> {
  const found = new Map<number, number>();
  for (const [at, { text }] of tokens.entries()) {
    if (text !== 'TYPE_CHECKING' || tokens[at + 1]?.text !== ':') continue;
    const start = lineStart(tokens, at);
    const words = tokens.slice(start, at + 2).map((token) => token.text);
    const header = TYPE_CHECKING.exec(words.join(' '));
    const end = blockEnd(tokens, at + 2);
    if (header === null) continue;
    if (header[1] === undefined) found.set(at + 2, end);
    else if (tokens[end]?.text === 'else') found.set(end, blockEnd(tokens, end + 2));
  }
  return found;
}

/** Index of the first token in a token's line. */
export function lineStart(tokens: readonly Token[], at: number): number {
  let start = at;
  while (start > 0 && !/^(?:newline|indent|dedent)$/.test((tokens[start - 1] as Token).kind))
    start -= 1;
  return start;
}

/** The index after a block, which is the rest of a line or the indented lines below it. */
function blockEnd(tokens: readonly Token[], start: number): number {
  let at = start;
  while (at < tokens.length && tokens[at]?.kind !== 'newline') at += 1;
  at += 1;
  if (at !== start + 1) return at;
  for (let depth = 0; at < tokens.length; at++) {
    const { kind } = tokens[at] as Token;
    if (kind === 'indent') depth += 1;
    if (kind === 'dedent') depth -= 1;
    if (depth === 0) return at + 1;
  }
  return at;
}

const COMPUTED_NAME = 'the name of the module that this loads is computed';
const COMPUTED_CODE = 'the code that this executes is computed';
const BY_PATH = 'this loads a module by the path of its file';
const SEARCH = 'this changes where modules are looked for';

const FILE_LOADERS = new Set(['spec_from_file_location', 'SourceFileLoader', 'load_source']);

class Reader {
  readonly found: Imports = { imports: [], executes: [], all: [], search: [], opaque: [] };
  readonly #source: string;
  readonly #tokens: readonly Token[];

  constructor(source: string, tokens: readonly Token[]) {
    this.#source = source;
    this.#tokens = tokens;
  }

  name(at: number): void {
    const word = this.#text(at);
    const before = this.#text(at - 1);
    if (word === 'from') this.#from(at);
    else if (word === 'import') this.#import(at);
    else if (word === '__all__') this.#all(at);
    else if (word === 'sys' && before !== '.') this.#search(at);
    else if (this.#text(at + 1) !== '(' || before === 'def') return;
    else if (word === 'import_module' || word === '__import__' || word === 'run_module')
      this.#load(at);
    else if (word === 'run_path') this.#execute(at, at + 2);
    else if (word === 'exec' && before !== '.') this.#exec(at);
    else if (FILE_LOADERS.has(word)) this.#note(at, BY_PATH);
    else if (word === 'addsitedir') this.#addFolders(at, at + 2);
  }

  /** `from ..a.b import c as d, e`; other uses of `from` have no `import` behind the name. */
  #from(at: number): void {
    let next = at + 1;
    let level = 0;
    for (; /^\.+$/.test(this.#text(next)); next++) level += this.#text(next).length;
    const name = this.#text(next) === 'import' ? '' : this.#dotted(next);
    if (name !== '') next += 2 * name.split('.').length - 1;
    if (this.#text(next) !== 'import') return;
    const names: string[] = [];
    next += this.#text(next + 1) === '(' ? 2 : 1;
    while (/^[\w*\u0080-\uffff]/.test(this.#text(next))) {
      names.push(this.#text(next));
      next += this.#text(next + 1) === 'as' ? 3 : 1;
      if (this.#text(next) === ',') next += 1;
    }
    this.found.imports.push({ name, level, names });
  }

  /** `import a.b as c, d`; the `import` of a `from` does not start with a module name. */
  #import(at: number): void {
    if (/^(?:newline|indent|dedent)$/.test(this.#tokens[at - 1]?.kind ?? 'newline')) {
      this.#importList(at);
    } else if (/^[;:]$/.test(this.#text(at - 1))) this.#importList(at);
  }

  #importList(at: number): void {
    for (let next = at; next === at || this.#text(next) === ','; ) {
      const name = this.#dotted(next + 1);
      if (name === '') return;
      this.found.imports.push({ name, level: 0, names: [] });
      next += 2 * name.split('.').length;
      if (this.#text(next) === 'as') next += 2;
    }
  }

  #dotted(at: number): string {
    if (this.#tokens[at]?.kind !== 'name') return '';
    const more = this.#text(at + 1) === '.' ? this.#dotted(at + 2) : '';
    return more === '' ? this.#text(at) : `${this.#text(at)}.${more}`;
  }

  /** `import_module("a.b")`, `import_module(".b", __package__)`. */
  #load(at: number): void {
    const name = this.#literal(at + 2);
    if (name === undefined) {
      this.#note(at, COMPUTED_NAME);
      return;
    }
    const level = /^\.*/.exec(name)?.[0].length ?? 0;
    if (level === 0) {
      this.found.imports.push({ name, level, names: [] });
      return;
    }
    const anchor = this.#text(at + 4) === 'package' ? at + 6 : at + 4;
    const anchors = this.#literal(anchor)?.split('.');
    if (anchors !== undefined) {
      const parts = [...anchors.slice(0, anchors.length - level + 1), name.slice(level)];
      this.found.imports.push({ name: parts.join('.'), level: 0, names: [] });
    } else if (/^__(?:package|name)__$/.test(this.#text(anchor))) {
      this.found.imports.push({ name: name.slice(level), level, names: [] });
    } else this.#note(at, COMPUTED_NAME);
  }

  /** `exec(open("x.py").read())`. */
  #exec(at: number): void {
    if (this.#text(at + 2) === 'open' && this.#text(at + 3) === '(') this.#execute(at, at + 4);
    else this.#note(at, COMPUTED_CODE);
  }

  #execute(at: number, argument: number): void {
    const file = this.#literal(argument);
    if (file === undefined) this.#note(at, COMPUTED_CODE);
    else this.found.executes.push(file);
  }

  /** `sys.path.insert(…)`, `sys.path += …`, `sys.path[0] = …`. */
  #search(at: number): void {
    if (!/^\.(?:path|meta_path|path_hooks)$/.test(this.#text(at + 1) + this.#text(at + 2))) return;
    const [next, method] = [this.#text(at + 3), this.#text(at + 4)];
    const isPath = this.#text(at + 2) === 'path';
    const isAt = this.#text(at + 7) === ',' && this.#tokens[at + 6]?.kind === 'number';
    const line = this.#source.slice(this.#tokens[at + 3]?.at).split('\n', 1)[0] ?? '';
    if (next === '.' && isPath && method === 'insert' && isAt) this.#addFolders(at, at + 8);
    else if (next === '.' && isPath && /^(?:append|extend)$/.test(method))
      this.#addFolders(at, at + 6);
    else if (next === '+=' && isPath) this.#addFolders(at, at + 4);
    else if (
      next === '.'
        ? /^(?:insert|append|extend|remove|pop)$/.test(method)
        : /^\+?=$/.test(next) || (next === '[' && /^\[[^\]]*\]\s*=[^=]/.test(line))
    )
      this.#note(at, SEARCH);
  }

  #addFolders(at: number, argument: number): void {
    const folders = foldersAt(this.#tokens, argument);
    if (folders === undefined) this.#note(at, SEARCH);
    else this.found.search.push(...folders.map((each) => ({ ...each, place: this.#place(at) })));
  }

  #all(at: number): void {
    for (let next = at + 1; this.#tokens[next]?.kind !== 'newline' && next < at + 10_000; next++) {
      const name = this.#tokens[next]?.kind === 'string' ? this.#literal(next) : undefined;
      if (name !== undefined) this.found.all.push(name);
    }
  }

  /** The value of a string that is a whole argument or element; undefined when computed. */
  #literal(at: number): string | undefined {
    const value = /^[ru]?(?:'([^'\\]*)'|"([^"\\]*)")$/i.exec(this.#text(at));
    if (this.#tokens[at]?.kind !== 'string' || !/^[,)\]]$/.test(this.#text(at + 1)))
      return undefined;
    return value?.[1] ?? value?.[2];
  }

  #text(at: number): string {
    return this.#tokens[at]?.text ?? '';
  }

  #note(at: number, message: string): void {
    this.found.opaque.push({ message, place: this.#place(at) });
  }

  #place(at: number): Opaque['place'] {
    const { at: start, text } = this.#tokens[at] as Token;
    return placeAt(this.#source, start, text.length);
  }
}
