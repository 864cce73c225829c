/** What a Python trace reads in addition to code: build files, and links in the path of the script. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../../canonical.js';
import { withFoldersAbove } from '../../sys/is-within.js';
import { type FsSnapshot, isFileDigest } from '../fs-snapshot.js';
import type { Launch } from './launches.js';
import { Finder } from './module-finder.js';

export class Reads {
  readonly #snapshot: FsSnapshot;
  /** Records the lookups of names in folders. */
  readonly finder: Finder;
  /** SHA-256 of the bytes of each file. */
  readonly files: Record<string, string> = {};
  readonly absent = new Set<string>();

  constructor(snapshot: FsSnapshot) {
    this.#snapshot = snapshot;
    this.finder = new Finder(snapshot);
  }

  /** Undefined without the file. */
  textOf(file: string): string | undefined {
    if (!isFileDigest(this.#snapshot.hex(file))) {
      this.absent.add(file);
      return undefined;
    }
    const bytes = readFileSync(path.join(this.#snapshot.root, file));
    this.files[file] = sha256(bytes);
    return bytes.toString('utf8');
  }

  links({ kind, target }: Launch): Record<string, string> {
    const links: Record<string, string> = {};
    if (kind !== 'file') return links;
    for (const where of withFoldersAbove(target)) {
      const link = this.#snapshot.link(where);
      if (link !== undefined) links[where] = link;
    }
    return links;
  }
}
