/** Finds code that a Python file loads by calls: modules by name, files by path, programs. Pure. */
import type { Executed, Imports } from './imports.js';
import { foldersAt, literalIn, pathAt, readFileAt } from './search-folders.js';
import { startedAt } from './started-programs.js';
import { lineStart, type TokenReader } from './token-reader.js';

const COMPUTED_NAME = 'the name of the module that this loads is computed';
const COMPUTED_CODE = 'the code that this executes is computed';
const BY_PATH = 'this loads a module by the path of its file';
const SEARCH = 'this changes where Python searches for modules';
const HIDDEN = 'this loads modules that its text does not name';
const LIBRARY = 'this loads a compiled library, which does not count';

const CONFIGURATIONS = 'this reads configurations, which do not count';

/** They take the path of a library, or of its sources. */
const LIBRARY_LOADERS: Readonly<Record<string, readonly string[]>> = {
  ctypes: ['CDLL', 'PyDLL', 'LoadLibrary'],
  cffi: ['dlopen'],
  cpp_extension: ['load'],
};
const LOADERS = new Set(['import_module', '__import__', 'run_module', 'run_path']);
const FILE_LOADERS = new Set(['spec_from_file_location', 'SourceFileLoader', 'load_source']);
/** Functions that load what a value names, by their top-level package or module. */
const NAMED_LATER: Readonly<Record<string, readonly string[]>> = {
  hydra: ['instantiate', 'call', 'get_class', 'get_method', 'get_object'],
  pydoc: ['locate'],
  lazy_loader: ['attach', 'attach_stub'],
  pyximport: ['install'],
  django: ['import_string'],
  werkzeug: ['import_string'],
  metadata: ['entry_points'],
  pkg_resources: ['iter_entry_points', 'load_entry_point'],
};

export class DynamicLoads {
  readonly #reader: TokenReader;
  readonly #found: Imports;
  /** `load` for `from importlib import import_module as load`. */
  readonly #aliases = new Map<string, string>();
  readonly #laters: ReadonlySet<string>;
  readonly #libraries: ReadonlySet<string>;
  readonly #isHydra: boolean;

  constructor(reader: TokenReader, found: Imports) {
    this.#reader = reader;
    this.#found = found;
    const { tokens } = reader;
    for (const [at, { text, kind }] of tokens.entries()) {
      if (text !== 'as' || kind !== 'name') continue;
      const [name, alias] = [reader.text(at - 1), reader.text(at + 1)];
      if (LOADERS.has(name) || name === 'sys') this.#aliases.set(alias, name);
    }
    const namedOf = (functions: Readonly<Record<string, readonly string[]>>) => {
      const names = Object.keys(functions).filter((name) =>
        tokens.some((each) => each.text === name),
      );
      return new Set(names.flatMap((name) => functions[name] as string[]));
    };
    this.#laters = namedOf(NAMED_LATER);
    this.#libraries = namedOf(LIBRARY_LOADERS);
    this.#isHydra = tokens.some(({ text }) => text === 'hydra');
  }

  /** Handles the name at a token, which the reader of statements handles too. */
  name(at: number): void {
    const word = this.#aliases.get(this.#reader.text(at)) ?? this.#reader.text(at);
    const before = this.#reader.text(at - 1);
    if (word === 'sys' && before !== '.') this.#search(at);
    else if (word === 'path' && this.#isImported(at, 'sys')) this.#note(at, SEARCH);
    else if (word === '__path__') this.#packagePath(at);
    else if (word === 'pytest_plugins' && this.#reader.text(at + 1) === '=') this.#plugins(at);
    else if (before === 'def') return;
    else if (this.#reader.text(at + 1) !== '(') this.#reference(at, word);
    else this.#call(at, word);
  }

  #call(at: number, word: string): void {
    const before = this.#reader.text(at - 1);
    if (word === 'run_path')
      this.#execute(at, pathAt(this.#reader.tokens, this.#argument(at)), 'own');
    else if (LOADERS.has(word)) this.#load(at, word);
    else if (word === 'find_spec') this.#find(at);
    else if (word === 'exec' && before !== '.')
      this.#execute(at, readFileAt(this.#reader.tokens, at + 2), this.#namespace(at));
    else if (FILE_LOADERS.has(word)) this.#note(at, BY_PATH);
    else if (word === 'addsitedir') this.#addFolders(at, at + 2);
    else this.#start(at, word);
  }

  /** Not called here: `load = importlib.import_module` may be called anywhere, with any name. */
  #reference(at: number, word: string): void {
    const { tokens } = this.#reader;
    if (!LOADERS.has(word) || this.#reader.text(at + 1) === '=') return;
    const isImport = /^(?:from|import|lazy)$/.test(this.#reader.text(lineStart(tokens, at)));
    const owner = this.#reader.text(at - 1) === '.' ? this.#reader.text(at - 2) : '';
    if (!isImport && /^(?:importlib|runpy|builtins|)$/.test(owner)) this.#note(at, COMPUTED_NAME);
  }

  /** The first argument, with or without its name. */
  #argument(at: number): number {
    return this.#reader.text(at + 3) === '=' ? at + 4 : at + 2;
  }

  /** The value of `NAME`, which the file sets once, to a plain string. */
  #constant(at: number): string | undefined {
    const { tokens } = this.#reader;
    const name = this.#reader.text(at);
    if (!/^[A-Z_][A-Z\d_]*$/.test(name) || !/^[,)]$/.test(this.#reader.text(at + 1)))
      return undefined;
    const isSet = (each: number) =>
      tokens[each]?.text === name && /^(?:[-+*/|]?=|:=|:|in)$/.test(this.#reader.text(each + 1));
    const [set, ...others] = [...tokens.keys()].filter(isSet);
    const isPlain = set !== undefined && others.length === 0 && this.#reader.text(set + 1) === '=';
    const isEnd = isPlain && tokens[set + 3]?.kind === 'newline';
    return isEnd && lineStart(tokens, set) === set ? literalIn(tokens[set + 2]) : undefined;
  }

  /** `import_module("a.b")`, `import_module(".b", __package__)`, `run_module("a")`. */
  #load(at: number, word: string): void {
    const argument = this.#argument(at);
    const name = this.#reader.literal(argument) ?? this.#constant(argument);
    if (name === undefined) {
      this.#note(at, COMPUTED_NAME);
      return;
    }
    const level = /^\.*/.exec(name)?.[0].length ?? 0;
    if (word === '__import__') this.#dunder(at, name);
    else if (level > 0) this.#relative(at, argument, name, level);
    else
      this.#found.imports.push({
        name,
        level,
        names: [],
        ...(word === 'run_module' && { main: true }),
      });
  }

  #relative(at: number, argument: number, name: string, level: number): void {
    const next = argument + 2;
    const anchor = this.#reader.text(next) === 'package' ? next + 2 : next;
    const anchors = this.#reader.literal(anchor)?.split('.');
    if (anchors !== undefined) {
      const parts = [...anchors.slice(0, anchors.length - level + 1), name.slice(level)];
      this.#found.imports.push({ name: parts.join('.'), level: 0, names: [] });
    } else if (/^__(?:package|name)__$/.test(this.#reader.text(anchor))) {
      this.#found.imports.push({ name: name.slice(level), level, names: [] });
    } else this.#note(at, COMPUTED_NAME);
  }

  /** `__import__("a", globals(), locals(), ["b"], 1)`, like `from .a import b`. */
  #dunder(at: number, name: string): void {
    const found = { name, level: 0, names: [] as string[] };
    for (const [index, start] of this.#reader.elements(at + 1).entries()) {
      const isNamed = this.#reader.text(start + 1) === '=';
      const word = isNamed ? this.#reader.text(start) : ['', '', '', 'fromlist', 'level'][index];
      const value = isNamed ? start + 2 : start;
      if (word === 'level') found.level = Number(this.#reader.text(value));
      else if (word === 'fromlist' && /^[[(]$/.test(this.#reader.text(value)))
        found.names = this.#reader.elements(value).map((each) => this.#reader.literal(each) ?? '');
      else if (word === 'fromlist' && this.#reader.tokens[value]?.kind === 'name')
        found.names = [''];
    }
    if (found.names.includes('') || !Number.isInteger(found.level)) this.#note(at, COMPUTED_NAME);
    this.#found.imports.push({
      ...found,
      level: found.level || 0,
      names: found.names.filter((each) => each !== ''),
    });
  }

  /** Loads the module, together with `module_from_spec`. */
  #find(at: number): void {
    const name = this.#reader.literal(at + 2);
    const isLoaded = this.#reader.tokens.some(({ text }) => text === 'module_from_spec');
    if (name !== undefined && !name.startsWith('.'))
      this.#found.imports.push({ name, level: 0, names: [] });
    else if (isLoaded) this.#note(at, COMPUTED_NAME);
  }

  #execute(at: number, file: ReturnType<typeof pathAt>, namespace: Executed['namespace']): void {
    if (file === undefined) this.#note(at, COMPUTED_CODE);
    else this.#found.executes.push({ ...file, namespace });
  }

  /** `exec(code, globals())` is like `exec(code)`; another dictionary may hold anything. */
  #namespace(at: number): Executed['namespace'] {
    const [, ...given] = this.#reader.elements(at + 1);
    const isOurs = (start: number) =>
      /^(?:globals|locals)\(\)[,)]$/.test(
        [0, 1, 2, 3].map((each) => this.#reader.text(start + each)).join(''),
      );
    return given.every(isOurs) ? 'executor' : 'either';
  }

  #start(at: number, word: string): void {
    const started = startedAt(this.#reader, at);
    if (started !== undefined)
      this.#found.starts.push({ ...started, place: this.#reader.place(at) });
    else if (this.#isHydra && /^(?:main|initialize)$/.test(word)) this.#configurations(at);
    else if (this.#laters.has(word)) this.#note(at, HIDDEN);
    else if (this.#libraries.has(word) && !this.#isOfSystem(at, word)) this.#note(at, LIBRARY);
  }

  /** `@hydra.main(config_path="conf")`, `initialize("conf")`: relative to the file. */
  #configurations(at: number): void {
    const isOther = this.#reader.text(at) === 'main' && this.#reader.text(at - 2) !== 'hydra';
    const paths = this.#reader.elements(at + 1).flatMap((start, index) => {
      const isNamed = this.#reader.text(start + 1) === '=';
      if (isNamed ? this.#reader.text(start) !== 'config_path' : isOther || index > 0) return [];
      return this.#reader.literal(isNamed ? start + 2 : start) ?? [];
    });
    for (const folder of paths)
      if (!/^(?:pkg:|\/)/.test(folder)) this.#note(at, CONFIGURATIONS, folder);
  }

  /** `CDLL("libc.so.6")`, `CDLL(None)`. */
  #isOfSystem(at: number, word: string): boolean {
    if (word === 'load') return false;
    const name = this.#reader.literal(at + 2);
    return this.#reader.text(at + 2) === 'None' || (name !== undefined && !name.includes('/'));
  }

  /** `sys.path.insert(…)`, `sys.path += …`, `sys.path[0] = …`. */
  #search(at: number): void {
    const text = (offset: number) => this.#reader.text(at + offset);
    if (!/^\.(?:path|meta_path|path_hooks)$/.test(text(1) + text(2))) return;
    const [next, method] = [text(3), text(4)];
    const isPath = text(2) === 'path';
    const isAt = text(7) === ',' && this.#reader.tokens[at + 6]?.kind === 'number';
    const slice = /^\[\s*\d*\s*:\s*\d*\s*\]\s*=\s*(?=\[)/.exec(
      this.#reader.restOfLine(at + 3),
    )?.[0];
    if (next === '.' && isPath && method === 'insert' && isAt) this.#addFolders(at, at + 8);
    else if (next === '.' && isPath && /^(?:append|extend)$/.test(method))
      this.#addFolders(at, at + 6);
    else if (next === '+=' && isPath) this.#addFolders(at, at + 4);
    else if (slice !== undefined && isPath) this.#addFolders(at, this.#after('=', at + 4));
    else if (this.#isChange(at + 3)) this.#note(at, SEARCH);
  }

  /** `.append(…)`, `= …`, `[0] = …` after a list. */
  #isChange(at: number): boolean {
    const [next, method] = [this.#reader.text(at), this.#reader.text(at + 1)];
    if (next === '.') return /^(?:insert|append|extend|remove|pop)$/.test(method);
    const isItem = next === '[' && /^\[[^\]]*\]\s*=[^=]/.test(this.#reader.restOfLine(at));
    return isItem || /^\+?=$/.test(next);
  }

  #after(text: string, at: number): number {
    let next = at;
    while (this.#reader.text(next) !== text) next += 1;
    return next + 1;
  }

  /** Where Python looks for the modules of a package. */
  #packagePath(at: number): void {
    if (this.#isChange(at + 1)) this.#note(at, SEARCH);
  }

  /** A name in `from module import …`. */
  #isImported(at: number, module: string): boolean {
    const start = lineStart(this.#reader.tokens, at);
    return this.#reader.text(start) === 'from' && this.#reader.text(start + 1) === module;
  }

  /** Modules that pytest loads. */
  #plugins(at: number): void {
    const value = literalIn(this.#reader.tokens[at + 2]);
    const names = value === undefined ? this.#reader.strings(at) : [value];
    for (const name of names) this.#found.imports.push({ name, level: 0, names: [] });
  }

  #addFolders(at: number, argument: number): void {
    const folders = foldersAt(this.#reader.tokens, argument);
    if (folders === undefined) this.#note(at, SEARCH);
    else
      this.#found.search.push(
        ...folders.map((each) => ({ ...each, place: this.#reader.place(at) })),
      );
  }

  #note(at: number, message: string, folder?: string): void {
    const place = this.#reader.place(at);
    this.#found.opaque.push({ message, ...(folder !== undefined && { folder }), place });
  }
}
