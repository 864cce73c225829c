/**
 * File format of the no-op cache: the answer to a question, valid while a list of paths is
 * unchanged. It is read before the rest of the tool loads, and without node:crypto, which takes
 * longer to load than everything here.
 */
import { readFileSync, type Stats } from 'node:fs';

/** Paths (absolute, or relative to the project), and the stat of each. */
export interface StatColumns {
  readonly paths: readonly string[];
  /** `WIDTH` numbers for each path. */
  readonly columns: ArrayLike<number>;
}

/**
 * Size, mtime and ctime in ms, inode: every write to a file and every change of a folder's names
 * changes one of them.
 */
export const WIDTH = 4;

export interface Question {
  /** Id of the tool's build. */
  readonly tool: string;
  /** Absolute path of the project; empty for a cache inside it, which moves with it. */
  readonly root: string;
  /** The command line, from the name of the command on. */
  readonly argv: readonly string[];
  /** Values of the relevant variables; null: not set. */
  readonly env: Readonly<Record<string, string | null>>;
}

export interface Answer {
  readonly question: Question;
  readonly answer: string;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  /** Paths by lstat. */
  readonly own: StatColumns;
  /** Paths by stat, links followed. */
  readonly behind: StatColumns;
}

/** The numbers of one stat; undefined: absent. */
export function columnsOf(stat: Stats | undefined): readonly [number, number, number, number] {
  return stat === undefined ? [-1, -1, -1, -1] : [stat.size, stat.mtimeMs, stat.ctimeMs, stat.ino];
}

/** One file for each command line of a project, regardless of the tool and the variables. */
export function answerName({ root, argv }: Pick<Question, 'root' | 'argv'>): string {
  const sums = checksum(padded(JSON.stringify([root, argv]), ' '));
  return sums.map((each) => each.toString(16).padStart(8, '0')).join('');
}

const MAGIC = 0x316c7473; // "stl1"

/** Bytes before the head: magic, two words of checksum, length of the head. */
const FRONT = 16;

interface Head extends Omit<Answer, 'own' | 'behind'> {
  /** Number of paths. */
  readonly own: number;
  readonly behind: number;
}

export function encodeAnswer({ own, behind, ...about }: Answer): Uint8Array[] {
  const head: Head = { ...about, own: own.paths.length, behind: behind.paths.length };
  const headBytes = padded(JSON.stringify(head), ' ');
  const columns = new Float64Array((head.own + head.behind) * WIDTH);
  columns.set(own.columns);
  columns.set(behind.columns, head.own * WIDTH);
  const paths = padded(byFolder([...own.paths, ...behind.paths]), '\0');
  // The columns need no checksum: a damaged column matches no stat.
  const text = Buffer.concat([headBytes, paths]);
  const front = new Uint32Array([MAGIC, ...checksum(text), headBytes.length]);
  return [new Uint8Array(front.buffer), text, new Uint8Array(columns.buffer)];
}

/** Undefined when there is no complete file: the run then decides the slow way. */
export function readAnswer(file: string): Answer | undefined {
  try {
    return decodeAnswer(readFileSync(file));
  } catch {
    return undefined;
  }
}

/** @throws Error for bytes that begin in this format but do not continue in it */
export function decodeAnswer(bytes: Buffer): Answer | undefined {
  if (bytes.length < FRONT || bytes.length % 8 !== 0) return undefined;
  const all = new Uint8Array(bytes).buffer; // A copy, so it is aligned.
  const [magic, first, second, headLength = 0] = new Uint32Array(all, 0, FRONT / 4);
  if (magic !== MAGIC) return undefined;
  const text = (from: number, to: number) => Buffer.from(all, from, to - from).toString();
  const pathsAt = FRONT + headLength;
  const { own, behind, ...about } = JSON.parse(text(FRONT, pathsAt)) as Head;
  const columnsAt = bytes.length - (own + behind) * WIDTH * 8;
  const sums = checksum(new Uint8Array(all, FRONT, columnsAt - FRONT));
  if (sums[0] !== first || sums[1] !== second) return undefined;
  const columns = new Float64Array(all, columnsAt);
  const paths = eachPath(text(pathsAt, columnsAt));
  return {
    ...about,
    own: { paths: paths.slice(0, own), columns: columns.subarray(0, own * WIDTH) },
    behind: { paths: paths.slice(own, own + behind), columns: columns.subarray(own * WIDTH) },
  };
}

/** Names each folder once, before the names in it: most paths share the folder of the path before them. */
function byFolder(paths: readonly string[]): string {
  let folder = '';
  const parts: string[] = [];
  for (const path of paths) {
    const name = path.lastIndexOf('/') + 1;
    if (path.slice(0, name) !== folder) {
      folder = path.slice(0, name);
      parts.push(folder === '' ? HERE : folder);
    }
    parts.push(path.slice(name));
  }
  return parts.join('\0');
}

/** The project itself, because a slash marks a folder. */
const HERE = './';

function eachPath(text: string): string[] {
  let folder = '';
  const paths: string[] = [];
  for (const part of text.split('\0')) {
    if (part.endsWith('/')) folder = part === HERE ? '' : part;
    else paths.push(folder + part);
  }
  return paths;
}

/** UTF-8, padded to whole words of eight bytes. */
function padded(text: string, fill: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 7, fill)]);
}

/** Two lanes over 32-bit words, the first of them FNV-1a: it detects any change within one word. */
function checksum(bytes: Uint8Array): [number, number] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  let first = 0x811c9dc5;
  let second = 0x9e3779b9;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] as number;
    first = Math.imul(first ^ word, 0x01000193);
    second = Math.imul(((second << 13) | (second >>> 19)) ^ word, 0x85ebca6b);
  }
  return [first >>> 0, second >>> 0];
}
