/** A project in a temporary folder with its cache, for tests. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Cache, openCache } from '../../src/cache/cache.js';
import { settlingTime } from '../../src/cache/files/mtime-granularity.js';

/** A folder that is deleted when the test ends. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'pipe-cache-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export class TestProject {
  readonly root: string;
  readonly warnings: string[] = [];
  readonly folder: string | undefined;

  constructor(options: { root?: string; folder?: string } = {}) {
    this.root = options.root ?? temporaryFolder();
    this.folder = options.folder;
  }

  /** A cache as a new process would open it. */
  open(): Cache {
    return openCache({
      project: this.root,
      ...(this.folder === undefined ? {} : { folder: this.folder }),
      warn: (message) => this.warnings.push(message),
    });
  }

  at(where: string): string {
    return path.join(this.root, where);
  }

  /** Writes files, with the folders above them. A path that ends in `/` is an empty directory. */
  write(files: Readonly<Record<string, string | Buffer>>): void {
    for (const [where, content] of Object.entries(files)) {
      const absolute = this.at(where);
      if (where.endsWith('/')) {
        mkdirSync(absolute, { recursive: true });
        continue;
      }
      mkdirSync(path.dirname(absolute), { recursive: true });
      writeFileSync(absolute, content);
    }
  }

  /** Resolves when a write would get a different time from the file's, by the clock of the file system. */
  async clockPasses(where: string): Promise<void> {
    const { ctimeMs } = lstatSync(this.at(where));
    const probe = this.at('.probe');
    do {
      await nextTurn();
      writeFileSync(probe, '');
    } while (lstatSync(probe).ctimeMs <= ctimeMs);
    rmSync(probe);
  }
}

export { recordOf } from './record-of.js';

/** Resolves when what is in the records now is older than the clock's tick: a later write will show. */
export async function settled({ layout }: Cache): Promise<void> {
  const all = filesBelow(layout.records).map((file) => lstatSync(file));
  const last = Math.max(...all.map((stat) => stat.ctimeMs + settlingTime(stat)));
  while (Date.now() <= last) await nextTurn();
}

export const KEY = 'a'.repeat(64);

/** Absolute paths of all files below a folder, sorted. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}
