/**
 * Parses pipeline.lock. Accepts only the form that `pipe` writes: any other line is an edit or a
 * broken merge, and is reported with its place.
 */
import { type Digest, isDigest } from '../../cache/objects/digest.js';
import { type Diagnostic, UserError } from '../../error.js';
import { ifJson } from '../../json.js';
import { type LockBlock, type LockedEpochs, type LockedOut, sealOf } from './block.js';
import { LOCK_FILE, LOCK_FORMAT, type LockFile } from './sections.js';

/** @throws UserError at the first line that differs from the written form */
export function parseLock(text: string, name: string = LOCK_FILE): LockFile {
  // A checkout on Windows may have changed the line endings.
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  refuseConflict(lines, name);
  return new Reader(lines, name).file();
}

function refuseConflict(lines: readonly string[], name: string): void {
  const at = lines.findIndex((line) => /^(?:<{7}|={7}|>{7}|\|{7})(?: |$)/.test(line));
  if (at < 0) return;
  throw mistake(name, lines, at, {
    code: 'lock-conflict',
    message: `${name} contains a merge conflict`,
    hint: `take either side (git checkout --ours ${name}), then run \`pipe run\`, which writes the current results`,
  });
}

function mistake(
  file: string,
  lines: readonly string[],
  at: number,
  diagnostic: Diagnostic,
): UserError {
  const text = lines[at] ?? '';
  const column = text.length - text.trimStart().length + 1;
  const length = Math.max(1, text.trim().length);
  return new UserError({ ...diagnostic, place: { file, line: at + 1, column, length, text } });
}

/** A draft of a block, filled line by line. */
interface Draft {
  key?: string;
  code?: LockBlock['code'];
  params: LockBlock['params'];
  env: LockBlock['env'];
  deps: Record<string, Digest | null>;
  outs: Record<string, LockedOut>;
  metrics: Record<string, Record<string, number>>;
  target?: number;
  patience?: number;
  best?: NonNullable<LockedEpochs['best']>;
  states: Record<number, Digest>;
}

/** Its expressions have the flag `s`: U+2028 may be in a line, as in a path or a command. */
class Reader {
  readonly #lines: readonly string[];
  readonly #name: string;
  #at = 0;

  constructor(lines: readonly string[], name: string) {
    this.#lines = lines;
    this.#name = name;
  }

  file(): LockFile {
    this.#format();
    const sections = new Map<string, ReadonlyMap<string, LockBlock>>();
    for (let line = this.#next(); line !== undefined; line = this.#next()) {
      const section = nameOf(/^([^\s#].*):$/s.exec(line)?.[1]);
      if (section === undefined || sections.has(section)) throw this.#edited();
      this.#at++;
      sections.set(section, this.#section(section));
    }
    return sections;
  }

  #format(): void {
    const version = /^format: (\d+)$/.exec(this.#next() ?? '')?.[1];
    if (version === undefined) throw this.#edited();
    if (Number(version) !== LOCK_FORMAT) {
      throw mistake(this.#name, this.#lines, this.#at, {
        code: 'lock-format',
        message: `${this.#name} has format ${version}, this version of pipe reads format ${LOCK_FORMAT}`,
        hint: 'use the version of pipe that wrote it, or remove the file and run `pipe run`',
      });
    }
    this.#at++;
  }

  #section(section: string): ReadonlyMap<string, LockBlock> {
    const blocks = new Map<string, LockBlock>();
    for (let line = this.#next(); line !== undefined; line = this.#next()) {
      if (!line.startsWith(' ')) break;
      const item = nameOf(/^ {2}(\S.*):$/s.exec(line)?.[1]);
      if (item === undefined || blocks.has(item)) throw this.#edited();
      blocks.set(item, this.#block(section, item));
    }
    return blocks;
  }

  #block(section: string, item: string): LockBlock {
    const heading = this.#at++;
    const draft: Draft = { params: {}, env: {}, deps: {}, outs: {}, metrics: {}, states: {} };
    const start = this.#at;
    while (this.#lines[this.#at]?.startsWith('    seal: ') === false) this.#entry(draft);
    const body = `${this.#lines.slice(start, this.#at).join('\n')}\n`;
    const seal = this.#lines[this.#at]?.slice('    seal: '.length);
    if (seal !== sealOf(section, item, body)) throw this.#unsealed(heading, item);
    this.#at++;
    const { key, code, target, patience, best, states, ...rest } = draft;
    if (key === undefined || code === undefined) throw this.#unsealed(heading, item);
    if (target === undefined) return { key, code, ...rest };
    const epochs: LockedEpochs = {
      target,
      ...(patience === undefined ? {} : { patience }),
      ...(best === undefined ? {} : { best }),
      states,
    };
    return { key, code, ...rest, epochs };
  }

  /** Reads one entry of a block, with the lines below it. */
  #entry(draft: Draft): void {
    const [, title, value] = /^ {4}([a-z]+):(?: (.+))?$/s.exec(this.#lines[this.#at] ?? '') ?? [];
    switch (title) {
      case 'key':
        draft.key = this.#taken(value, keyText);
        break;
      case 'code':
        draft.code = this.#taken(value, ifJson) as LockBlock['code'];
        break;
      case 'params':
      case 'env':
        draft[title] = this.#taken(value, ifJson) as LockBlock['params'] & LockBlock['env'];
        break;
      case 'target':
      case 'patience':
        draft[title] = this.#taken(value, count);
        break;
      case 'best':
        draft.best = this.#taken(value, ifJson) as NonNullable<LockedEpochs['best']>;
        break;
      case 'deps':
        this.#below(6, (name, text) =>
          set(draft.deps, name, text === 'null' ? null : digest(text)),
        );
        break;
      case 'outs':
        this.#below(6, (name, text) => set(draft.outs, name, lockedOut(text)));
        break;
      case 'epochs':
        this.#below(6, (name, text) => set(draft.states, name, digest(text)));
        break;
      case 'metrics':
        this.#metrics(draft);
        break;
      default:
        throw this.#edited();
    }
  }

  #metrics(draft: Draft): void {
    this.#at++;
    for (;;) {
      const out = nameOf(/^ {6}(\S.*):$/s.exec(this.#lines[this.#at] ?? '')?.[1]);
      if (out === undefined) return;
      const values: Record<string, number> = {};
      draft.metrics[out] = values;
      this.#below(8, (name, text) => set(values, name, number(text)));
    }
  }

  /** Reads the lines `name: value` with this indent below the current one. */
  #below(indent: number, take: (name: string, text: string) => boolean): void {
    const prefix = ' '.repeat(indent);
    for (this.#at++; ; this.#at++) {
      const line = this.#lines[this.#at] ?? '';
      if (!line.startsWith(prefix) || line[indent] === ' ') return;
      const [, name, text] = /^("(?:[^"\\]|\\.)*"|[^"].*?): (.+)$/s.exec(line.slice(indent)) ?? [];
      const key = nameOf(name);
      if (key === undefined || text === undefined || !take(key, text)) throw this.#edited();
    }
  }

  /** Reads the value of the current line and consumes the line. */
  #taken<T>(text: string | undefined, read: (text: string) => T | undefined): T {
    const value = text === undefined ? undefined : read(text);
    if (value === undefined) throw this.#edited();
    this.#at++;
    return value;
  }

  /** The next line with content, not consumed. */
  #next(): string | undefined {
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#lines[this.#at] as string;
      if (line !== '' && !line.startsWith('#')) return line;
    }
    return undefined;
  }

  #edited(): UserError {
    const end = this.#at >= this.#lines.length;
    const at = end ? this.#lines.length - 1 : this.#at;
    const what = end ? 'ends in the middle' : 'was edited: pipe does not write such a line';
    return this.#error(at, `${this.#name} ${what}`);
  }

  #unsealed(heading: number, item: string): UserError {
    const lines = `lines ${heading + 2} to ${this.#at + 1}`;
    return this.#error(
      heading,
      `${this.#name} was edited: the checksum of ${item} does not match the text in ${lines}`,
    );
  }

  #error(at: number, message: string): UserError {
    return mistake(this.#name, this.#lines, at, {
      code: 'lock-edited',
      message,
      hint: `undo the edit (git checkout ${this.#name}), or remove the file and run \`pipe run\``,
    });
  }
}

/** False if the value is missing, or the name exists already. */
function set<T>(map: Record<string, T>, name: string, value: T | undefined): boolean {
  if (value === undefined || Object.hasOwn(map, name)) return false;
  map[name] = value;
  return true;
}

function nameOf(text: string | undefined): string | undefined {
  if (text?.startsWith('"') !== true) return text;
  const name = ifJson(text);
  return typeof name === 'string' ? name : undefined;
}

function keyText(text: string): string | undefined {
  return /^[0-9a-f]{64}$/.test(text) ? text : undefined;
}

function digest(text: string): Digest | undefined {
  return isDigest(text) ? text : undefined;
}

function lockedOut(text: string): LockedOut | undefined {
  const found = /^\{ digest: (\S+), size: (\d+), files: (\d+) \}$/.exec(text);
  if (found === null || !isDigest(found[1])) return undefined;
  return { digest: found[1], size: Number(found[2]), files: Number(found[3]) };
}

function number(text: string): number | undefined {
  return /^-?\d/.test(text) ? Number(text) : undefined;
}

function count(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) : undefined;
}
