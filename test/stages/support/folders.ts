/** A test's own folders, and their contents. */
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An empty folder; the test removes it. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'stage-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Every file below a folder with its bytes, sorted by path. */
export function folderContents(folder: string): ReadonlyMap<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(folder, name))]));
}

/** Every file below a folder with its SHA-256: to compare two folders as a whole. */
export function folderDigests(folder: string): ReadonlyMap<string, string> {
  const digest = (data: Buffer) => createHash('sha256').update(data).digest('hex');
  return new Map([...folderContents(folder)].map(([file, data]) => [file, digest(data)]));
}
