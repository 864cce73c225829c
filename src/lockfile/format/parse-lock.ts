/**
 * Parses pipeline.lock. Accepts only the form that `pipe` writes: any other line is an edit or a
 * broken merge, and is reported with its place.
 */
import { isDigest } from '../../cache/objects/digest.js';
import { type Diagnostic, UserError } from '../../error.js';
import { ifJson } from '../../json.js';
import { type LockBlock, type LockedEpochs, sealOf } from './block.js';
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

/** The entries of a block, by the names in its lines. */
interface Entries extends Partial<Omit<LockBlock, 'epochs'> & Omit<LockedEpochs, 'states'>> {
  readonly epochs?: LockedEpochs['states'];
}

const NAMES: ReadonlySet<string> = new Set<keyof Entries>([
  ...(['key', 'code', 'params', 'env', 'deps', 'outs', 'metrics'] as const),
  ...(['target', 'patience', 'best', 'epochs'] as const),
]);

const ENTRY = /^( {4}| {6}| {8})("(?:[^"\\]|\\.)*"|[\w.@,/+=-]+):(?: (.+))?$/;

const SEAL = '    seal: ';

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
      const section = nameOf(/^([^\s#].*):$/.exec(line)?.[1]);
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
      const item = nameOf(/^ {2}(\S.*):$/.exec(line)?.[1]);
      if (item === undefined || blocks.has(item)) throw this.#edited();
      blocks.set(item, this.#block(section, item));
    }
    return blocks;
  }

  #block(section: string, item: string): LockBlock {
    const heading = this.#at++;
    const entries = this.#entries();
    const body = `${this.#lines.slice(heading + 1, this.#at).join('\n')}\n`;
    const seal = this.#lines[this.#at]?.slice(SEAL.length);
    const { key, code, params = {}, env = {}, deps = {}, outs = {}, metrics = {} } = entries;
    if (seal !== sealOf(section, item, body) || key === undefined || code === undefined)
      throw this.#unsealed(heading, item);
    this.#at++;
    const block = { key, code, params, env, deps, outs, metrics };
    const { target, patience, best, epochs: states = {} } = entries;
    if (target === undefined) return block;
    const epochs: LockedEpochs = {
      target,
      ...(patience === undefined ? {} : { patience }),
      ...(best === undefined ? {} : { best }),
      states,
    };
    return { ...block, epochs };
  }

  /** The checksum of the block covers their values, so only their form is checked. */
  #entries(): Entries {
    const entries: Record<string, unknown> = {};
    const open = [entries];
    for (; !this.#lines[this.#at]?.startsWith(SEAL); this.#at++) {
      const [, indent = '', written, text] = ENTRY.exec(this.#lines[this.#at] ?? '') ?? [];
      const depth = indent.length / 2 - 2;
      const [name, map] = [nameOf(written), open[depth]];
      if (name === undefined || map === undefined || (depth === 0 && !NAMES.has(name)))
        throw this.#edited();
      open.length = depth + 1;
      if (text === undefined) {
        const inner = {};
        map[name] = inner;
        open.push(inner);
      } else map[name] = depth === 0 && name === 'key' ? text : parsed(text);
    }
    return entries;
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

function nameOf(text: string | undefined): string | undefined {
  if (text?.startsWith('"') !== true) return text;
  const name = ifJson(text);
  return typeof name === 'string' ? name : undefined;
}

/** JSON, or a text that is not: a digest, or an out. */
function parsed(text: string): unknown {
  if (isDigest(text)) return text;
  const [, digest, size, files] = OUT.exec(text) ?? [];
  return digest === undefined ? ifJson(text) : { digest, size: Number(size), files: Number(files) };
}

const OUT = /^\{ digest: (\S+), size: (\d+), files: (\d+) \}$/;
