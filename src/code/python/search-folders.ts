/** Folders that Python code adds to its search path: `sys.path.insert(0, str(ROOT / "lib"))`. Pure. */
import path from 'node:path';
import type { Token } from './python-lexer.js';

/** A folder that does not depend on the machine. */
export interface SearchFolder {
  /** What the path is relative to: the file itself, or the working directory. */
  readonly from: 'file' | 'current';
  readonly path: string;
}

/** The folders in a list, or the one folder, that starts at a token; undefined when one is computed. */
export function foldersAt(tokens: readonly Token[], at: number): SearchFolder[] | undefined {
  const reader = new PathReader(tokens, at);
  return reader.text() === '[' ? reader.list() : reader.alone();
}

/** The path in the argument, or the list element, that starts at a token; undefined when computed. */
export function pathAt(tokens: readonly Token[], at: number): SearchFolder | undefined {
  return new PathReader(tokens, at).argument();
}

/** The file whose text is executed: `open(path).read()`, `Path(path).read_text()`, `compile(…)` of them. */
export function readFileAt(tokens: readonly Token[], at: number): SearchFolder | undefined {
  const isCall = tokens[at + 1]?.text === '(';
  if (isCall && tokens[at]?.text === 'compile') return readFileAt(tokens, at + 2);
  if (isCall && tokens[at]?.text === 'open') return pathAt(tokens, at + 2);
  return new PathReader(tokens, at).read();
}

/** Functions that return their first argument, as far as this module is concerned. */
const SAME = new Set(
  'str fspath Path PurePath PosixPath abspath realpath normpath resolve absolute as_posix'.split(
    ' ',
  ),
);

const READS = new Set(['read_text', 'read_bytes', 'open']);

/** A chain of assigned names, which ends with a value or has a cycle. */
const DEEPEST = 8;

class PathReader {
  readonly #tokens: readonly Token[];
  #at: number;
  readonly #depth: number;

  constructor(tokens: readonly Token[], at: number, depth = 0) {
    this.#tokens = tokens;
    this.#at = at;
    this.#depth = depth;
  }

  text(): string {
    return this.#tokens[this.#at]?.text ?? '';
  }

  list(): SearchFolder[] | undefined {
    const found: SearchFolder[] = [];
    this.#at += 1;
    while (this.text() !== ']') {
      const folder = this.#sum();
      if (folder === undefined) return undefined;
      found.push(folder);
      if (!this.#skip(',') && this.text() !== ']') return undefined;
    }
    return found;
  }

  /** The whole argument. */
  alone(): SearchFolder[] | undefined {
    const folder = this.#sum();
    return folder !== undefined && this.text() === ')' ? [folder] : undefined;
  }

  /** One of several arguments or elements. */
  argument(): SearchFolder | undefined {
    const folder = this.#sum();
    return folder !== undefined && /^[,)\]]$/.test(this.text()) ? folder : undefined;
  }

  /** True if `.read_text(…)` or `.open(…).read()` follows. */
  read(): SearchFolder | undefined {
    const folder = this.#sum();
    return READS.has(this.text()) && this.#tokens[this.#at + 1]?.text === '(' ? folder : undefined;
  }

  /** The value of a name: a whole statement. */
  #assigned(): SearchFolder | undefined {
    const folder = this.#sum();
    const isEnd = this.#tokens[this.#at]?.kind === 'newline' || this.text() === ';';
    return isEnd ? folder : undefined;
  }

  /** `ROOT / "lib"`, or `dirname + "/lib"`. */
  #sum(): SearchFolder | undefined {
    let folder = this.#value();
    while (folder !== undefined) {
      if (this.#skip('/')) folder = joined(folder, this.#value());
      else if (this.#skip('+')) folder = this.#appended(folder);
      else break;
    }
    return folder;
  }

  /** Text that begins with a slash is a path below. */
  #appended(folder: SearchFolder): SearchFolder | undefined {
    const text = literalIn(this.#tokens[this.#at]);
    if (text === undefined || !text.startsWith('/')) return undefined;
    this.#at += 1;
    return joined(folder, { from: 'current', path: path.posix.join('.', text) });
  }

  #value(): SearchFolder | undefined {
    const token = this.#tokens[this.#at];
    if (token?.kind === 'string') {
      this.#at += 1;
      const value = literalIn(token);
      if (value === undefined || /^[/~]|\$/.test(value)) return undefined;
      return this.#behind({ from: 'current', path: path.posix.normalize(value) });
    }
    return token?.kind === 'name' ? this.#named() : undefined;
  }

  /** `__file__`, `os.path.dirname(…)`, `Path.cwd()`, or a name that was assigned before. */
  #named(): SearchFolder | undefined {
    const start = this.#at;
    let name = this.text();
    this.#at += 1;
    while (this.text() === '.' && /^(?:os|path|osp|pathlib|Path)$/.test(name)) {
      name = this.#tokens[this.#at + 1]?.text ?? '';
      this.#at += 2;
    }
    if (name === '__file__') return this.#behind({ from: 'file', path: 'file' });
    if (name === 'pardir') return { from: 'current', path: '..' };
    if (this.#skip('(')) return this.#behind(this.#called(name));
    return this.#at === start + 1 ? this.#behind(this.#valueOf(name, start)) : undefined;
  }

  #called(name: string): SearchFolder | undefined {
    if (name === 'cwd' || name === 'getcwd')
      return this.#skip(')') ? { from: 'current', path: '.' } : undefined;
    if (!SAME.has(name) && name !== 'dirname' && name !== 'join') return undefined;
    const folder = this.#arguments();
    if (name !== 'dirname') return folder;
    return folder && joined(folder, { from: 'current', path: '..' });
  }

  /** All arguments joined: `os.path.join(a, b)`, `Path(a, b)`. */
  #arguments(): SearchFolder | undefined {
    let folder = this.#sum();
    while (this.#skip(',')) {
      if (this.text() === ')') break;
      folder = folder && joined(folder, this.#sum());
    }
    return this.#skip(')') ? folder : undefined;
  }

  /** `.resolve()`, `.parent`, `.parents[1]`, `.joinpath("lib")`. */
  #behind(value: SearchFolder | undefined): SearchFolder | undefined {
    let folder = value;
    while (folder !== undefined && this.#skip('.')) {
      const name = this.text();
      if (READS.has(name)) return folder;
      this.#at += 1;
      const up = { from: 'current', path: '..' } as const;
      if (name === 'parent') folder = joined(folder, up);
      else if (name === 'parents' && this.#skip('[')) {
        const count = Number(this.text());
        this.#at += 1;
        const ups = {
          ...up,
          path: Array(count + 1)
            .fill('..')
            .join('/'),
        };
        folder = this.#skip(']') && Number.isInteger(count) ? joined(folder, ups) : undefined;
      } else if (name === 'joinpath' && this.#skip('(')) folder = joined(folder, this.#arguments());
      else if (SAME.has(name) && this.#skip('(') && this.#skip(')')) continue;
      else folder = undefined;
    }
    return folder;
  }

  /** The value of its last assignment above, at the start of a line. */
  #valueOf(name: string, before: number): SearchFolder | undefined {
    if (this.#depth > DEEPEST) return undefined;
    for (let at = before - 2; at >= 0; at--) {
      const isAssigned = this.#tokens[at]?.text === name && this.#tokens[at + 1]?.text === '=';
      if (!isAssigned || /^(?:name|operator)$/.test(this.#tokens[at - 1]?.kind ?? '')) continue;
      return new PathReader(this.#tokens, at + 2, this.#depth + 1).#assigned();
    }
    return undefined;
  }

  #skip(text: string): boolean {
    if (this.text() !== text || this.#tokens[this.#at]?.kind === 'string') return false;
    this.#at += 1;
    return true;
  }
}

/** The value of a plain string; undefined for any other token. */
export function literalIn(token: Token | undefined): string | undefined {
  if (token?.kind !== 'string') return undefined;
  const value = /^[ru]?(?:'([^'\\]*)'|"([^"\\]*)")$/i.exec(token.text);
  return value?.[1] ?? value?.[2];
}

/** Undefined if the second is not a relative path. */
function joined(folder: SearchFolder, behind: SearchFolder | undefined): SearchFolder | undefined {
  if (behind === undefined || behind.from === 'file') return undefined;
  return { from: folder.from, path: path.posix.join(folder.path, behind.path) };
}
