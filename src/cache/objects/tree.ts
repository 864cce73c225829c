/** Directory listing as an object: one line for each entry, sorted by name. */
import { hash } from 'node:crypto';
import { ifJson } from '../../json.js';
import { type Digest, isDigest } from './digest.js';

export interface TreeEntry {
  readonly name: string;
  readonly digest: Digest;
  /** Bytes of the file, of a link's target text, or of all files in a directory. */
  readonly size: number;
  /** Number of files and links: 1, or the sum in a directory. */
  readonly files: number;
}

export interface Tree {
  readonly bytes: Buffer;
  /** Object name. */
  readonly hex: string;
  readonly size: number;
  readonly files: number;
}

const HEADER = 'pipe tree 1';

/** The listing of the entries, in any order. */
export function makeTree(entries: readonly TreeEntry[]): Tree {
  const sorted = [...entries].sort((a, b) => (a.name < b.name ? -1 : 1));
  let text = `${HEADER}\n`;
  let size = 0;
  let files = 0;
  for (const entry of sorted) {
    // JSON, so that a newline in a name does not end the line.
    text += `${entry.digest} ${entry.size} ${entry.files} ${JSON.stringify(entry.name)}\n`;
    size += entry.size;
    files += entry.files;
  }
  const bytes = Buffer.from(text);
  return { bytes, hex: hash('sha256', bytes), size, files };
}

/** Undefined if the text is not a listing, or names something outside its directory. */
export function parseTree(bytes: Buffer): TreeEntry[] | undefined {
  const lines = bytes.toString('utf8').split('\n');
  if (lines[0] !== HEADER || lines.pop() !== '') return undefined;
  const entries: TreeEntry[] = [];
  for (let i = 1; i < lines.length; i++) {
    const entry = parseLine(lines[i] as string);
    if (entry === undefined) return undefined;
    entries.push(entry);
  }
  return entries;
}

function parseLine(line: string): TreeEntry | undefined {
  const digest = line.slice(0, 66);
  const [size, files] = line.slice(67).split(' ', 2);
  if (!isDigest(digest) || size === undefined || files === undefined) return undefined;
  const name = parseName(line.slice(66 + 1 + size.length + 1 + files.length + 1));
  if (name === undefined || !/^\d+$/.test(size) || !/^\d+$/.test(files)) return undefined;
  return { name, digest, size: Number(size), files: Number(files) };
}

/** Rejects names that lead outside, so that a restore never writes outside its directory. */
function parseName(text: string): string | undefined {
  const name = ifJson(text);
  return typeof name === 'string' && !/^\.{0,2}$|[/\0]/.test(name) ? name : undefined;
}
