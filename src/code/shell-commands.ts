/**
 * Splits a shell command into simple commands with their words, as far as possible without running
 * it. Pure. It serves to find files that a command names, so doubtful parts are omitted.
 */
import path from 'node:path';

export interface SimpleCommand {
  /** Working directory relative to the start of the whole command; undefined after a `cd` to an unknown folder. */
  readonly folder: string | undefined;
  /** Undefined for a word that the shell expands: `$x`, `*.py`, `$(…)`. */
  readonly words: readonly (string | undefined)[];
  /** Files redirected to its input. */
  readonly inputs: readonly string[];
}

export function simpleCommands(command: string): SimpleCommand[] {
  const reader = new Reader(command);
  reader.list('');
  return reader.commands;
}

/** Words of the shell behind which a command stands. */
const BEFORE_COMMANDS = new Set(
  'if then else elif do while until ! { time exec command'.split(' '),
);

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** The index of the word that names the program; -1 without one. */
export function commandStart(words: SimpleCommand['words']): number {
  return words.findIndex(
    (word) => word === undefined || !(BEFORE_COMMANDS.has(word) || ASSIGNMENT.test(word)),
  );
}

const REDIRECTION = /^(?:<<<|<<-?|<>|<&|<|>>|>\||>&|>|&>>?)/;
const BLANKS = /[ \t\r]+/y;
/** Literal characters, outside of quotes and within double ones. */
const PLAIN = /[^\s;&|()<>'"\\`$*?[]+/y;
const QUOTED = /[^"\\`$]+/y;
const END_OF_WORD = /[\s;&|()<>]/;
/** The current folder at the start of a path. */
const HERE = /(?:\$PWD|\$\{PWD\}|\$\(pwd\))(?=[/:"\s;&|)]|$)/y;

class Reader {
  readonly commands: SimpleCommand[] = [];
  readonly #text: string;
  #at = 0;
  /** End of the list being read. */
  #closing = '';
  /** Here-documents that begin on the next line. */
  #heredocs: { readonly delimiter: string; readonly tabs: boolean }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** Commands up to the closing character; the effect of a subshell's `cd` ends with it. */
  list(start: string | undefined): void {
    let current = new Pending(start);
    const end = () => {
      this.commands.push(...current.done());
      current = new Pending(current.next());
    };
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (character === this.#closing) break;
      if (this.#run(BLANKS) !== '') continue;
      if (this.#text.startsWith('\\\n', this.#at)) this.#at += 2;
      else if (character === '#') this.#skipLine();
      else if (/[<>&]/.test(character) && this.#redirection(current)) continue;
      else if (character === '\n') {
        end();
        this.#at += 1;
        this.#skipHeredocs();
      } else if (character === '(') {
        end();
        this.#nested(')', current.folder);
      } else if (END_OF_WORD.test(character)) {
        end();
        this.#at += 1;
      } else {
        const word = this.#word(current.folder);
        // `2` before `>` is a file descriptor.
        if (!/^\d+$/.test(word ?? '') || !/[<>]/.test(this.#text[this.#at] ?? ''))
          current.words.push(word);
      }
    }
    end();
  }

  /** Consumes and returns the characters that match here. */
  #run(sticky: RegExp): string {
    sticky.lastIndex = this.#at;
    if (!sticky.test(this.#text)) return '';
    const start = this.#at;
    this.#at = sticky.lastIndex;
    return this.#text.slice(start, this.#at);
  }

  /** The content of parentheses or backticks. */
  #nested(closing: string, folder: string | undefined): void {
    const outer = this.#closing;
    this.#closing = closing;
    this.#at += 1;
    this.list(folder);
    this.#at += 1;
    this.#closing = outer;
  }

  /** True if there was one; skips its target if that is only written. */
  #redirection(current: Pending): boolean {
    const operator = REDIRECTION.exec(this.#text.slice(this.#at, this.#at + 3))?.[0];
    if (operator === undefined) return false;
    this.#at += operator.length;
    if (this.#text[this.#at] === '(') {
      this.#nested(')', current.folder);
      current.words.push(undefined);
      return true;
    }
    this.#run(BLANKS);
    const word = this.#word(current.folder);
    if (word === undefined) return true;
    if (operator === '<') current.inputs.push(word);
    if (operator === '<<' || operator === '<<-')
      this.#heredocs.push({ delimiter: word, tabs: operator === '<<-' });
    return true;
  }

  /** Undefined if the shell expands it. */
  #word(folder: string | undefined): string | undefined {
    const word = { text: '', known: this.#text[this.#at] !== '~' };
    while (this.#at < this.#text.length) {
      word.text += this.#run(PLAIN);
      const character = this.#text[this.#at] ?? ' ';
      if (END_OF_WORD.test(character) || (character === '`' && this.#closing === '`')) break;
      if (character === "'") word.text += this.#single();
      else if (character === '"') this.#double(word, folder);
      else if (character === '\\') word.text += this.#escaped();
      else if (this.#run(HERE) !== '') word.text += '.';
      else if (this.#expansion(folder)) word.known = false;
      else {
        // A pattern; a lone `$` is literal.
        if (character !== '$') word.known = false;
        word.text += character;
        this.#at += 1;
      }
    }
    // `PYTHONPATH=src:$PYTHONPATH`: the known part is useful.
    return word.known || word.text.startsWith('PYTHONPATH=') ? word.text : undefined;
  }

  #single(): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    const text = this.#text.slice(this.#at + 1, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#text.length : end + 1;
    return text;
  }

  #double(word: { text: string; known: boolean }, folder: string | undefined): void {
    this.#at += 1;
    while (this.#at < this.#text.length) {
      word.text += this.#run(QUOTED);
      if (this.#text[this.#at] === '"') break;
      if (this.#text[this.#at] === '\\' && /["$`\\\n]/.test(this.#text[this.#at + 1] ?? '')) {
        word.text += this.#escaped();
      } else if (this.#run(HERE) !== '') word.text += '.';
      else if (this.#expansion(folder)) word.known = false;
      else {
        word.text += this.#text[this.#at] ?? '';
        this.#at += 1;
      }
    }
    this.#at += 1;
  }

  #escaped(): string {
    const next = this.#text[this.#at + 1] ?? '';
    this.#at += 2;
    return next === '\n' ? '' : next;
  }

  /** True if there was one; reads the commands in it too. */
  #expansion(folder: string | undefined): boolean {
    const rest = this.#text.slice(this.#at, this.#at + 3);
    if (rest.startsWith('`')) this.#nested('`', folder);
    else if (rest === '$((') this.#skipTo('))');
    else if (rest.startsWith('$(')) {
      this.#at += 1;
      this.#nested(')', folder);
    } else if (rest.startsWith('${')) this.#skipTo('}');
    else if (/^\$[\w@*#?$!'-]/.test(rest)) this.#at += 1;
    else return false;
    return true;
  }

  #skipTo(end: string): void {
    const found = this.#text.indexOf(end, this.#at);
    this.#at = found < 0 ? this.#text.length : found + end.length;
  }

  #skipLine(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #skipHeredocs(): void {
    for (const { delimiter, tabs } of this.#heredocs) {
      let line: string;
      do {
        const start = this.#at;
        this.#skipLine();
        line = this.#text.slice(start, this.#at);
        this.#at = Math.min(this.#at + 1, this.#text.length);
      } while (
        (tabs ? line.replace(/^\t+/, '') : line) !== delimiter &&
        this.#at < this.#text.length
      );
    }
    this.#heredocs = [];
  }
}

/** A simple command while it is being read. */
class Pending {
  readonly words: (string | undefined)[] = [];
  readonly inputs: string[] = [];
  readonly folder: string | undefined;

  constructor(folder: string | undefined) {
    this.folder = folder;
  }

  done(): SimpleCommand[] {
    const { folder, words, inputs } = this;
    return words.length + inputs.length === 0 ? [] : [{ folder, words, inputs }];
  }

  /** Working directory of the next command. */
  next(): string | undefined {
    const [first, target, ...more] = this.words;
    if (first !== 'cd') return this.folder;
    if (target === undefined || more.length > 0 || this.folder === undefined) return undefined;
    if (target.startsWith('/') || target === '-') return undefined;
    return path.posix.join(this.folder, target);
  }
}
