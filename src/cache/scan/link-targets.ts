/** Symbolic links: their digests, their targets, and the way to them. */
import { hash } from 'node:crypto';
import { readlinkSync, type Stats } from 'node:fs';
import path from 'node:path';
import type { ReadSet } from '../../noop/read-set.js';
import { lstatIfThere } from '../../sys/if-there.js';
import { isWithin } from '../../sys/is-within.js';
import type { Scan } from './rows.js';

/** The link itself. */
export function linkScan(absolute: string, target = readlinkSync(absolute)): Scan {
  return { digest: `l:${hash('sha256', target)}`, size: Buffer.byteLength(target), files: 1 };
}

/** The system's limit for links in a path. */
export const MOST_LINKS = 40;

/** How many links were followed for one path. */
export interface Followed {
  links: number;
}

/**
 * Real paths of the links on the way to a path's target, and of the target, even if it does not exist.
 *
 * @param look the lstat of each real path on the way
 */
export function wayOf(absolute: string, look = lstatIfThere): string[] {
  const way: string[] = [];
  const rest = absolute.split('/').reverse();
  let at = '/';
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    if (name === '' || name === '.') continue;
    at = name === '..' ? path.dirname(at) : `${at === '/' ? '' : at}/${name}`;
    if (!look(at)?.isSymbolicLink()) continue;
    way.push(at);
    if (way.length > MOST_LINKS) return way;
    const target = readlinkSync(at);
    rest.push(...target.split('/').reverse());
    at = target.startsWith('/') ? '/' : path.dirname(at);
  }
  return [...way, at];
}

/** True for a link whose target stays inside the tree; `folder`: the folder of the link. */
export function staysWithin(text: string, folder: string, tree: string): boolean {
  if (path.isAbsolute(text) || !isWithin(path.join(folder, text), tree)) return false;
  // The name before `..` may be a link, so that only the disk shows where this leads.
  const parts = text.split('/');
  const name = parts.findIndex((part) => !/^\.{0,2}$/.test(part));
  return name < 0 || !parts.includes('..', name);
}

/** Records what leads to a path: a change of any of it may make the path another file. */
export class Ways {
  readonly #root: string;
  readonly #readSet: ReadSet;
  readonly #walked = new Set<string>();
  readonly #stats = new Map<string, Stats | undefined>();

  constructor(root: string, readSet: ReadSet) {
    this.#root = root;
    this.#readSet = readSet;
  }

  /** Records the folder or link at an absolute path and all that lead there, except those above the project. */
  walk(absolute: string): void {
    if (this.#walked.has(absolute)) return;
    this.#walked.add(absolute);
    wayOf(absolute, (at) => (isWithin(this.#root, at) ? undefined : this.#look(at)));
  }

  #look(at: string): Stats | undefined {
    if (this.#stats.has(at)) return this.#stats.get(at);
    const stat = lstatIfThere(at);
    this.#stats.set(at, stat);
    if (stat?.isDirectory()) this.#readSet.recordAncestor(at, stat);
    else if (stat?.isSymbolicLink()) this.#readSet.recordLstat(at, stat);
    return stat;
  }
}
