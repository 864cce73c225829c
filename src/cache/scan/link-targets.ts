/** Symbolic links: their digests, their targets, and the way to them. */
import { hash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
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

/** Real paths of the links on the way to a path's target, and of the target, even if it does not exist. */
export function wayOf(absolute: string): string[] {
  const way: string[] = [];
  const rest = absolute.split('/').reverse();
  let at = '/';
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    at = path.resolve(at, name);
    if (!lstatIfThere(at)?.isSymbolicLink()) continue;
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
  return !path.isAbsolute(text) && isWithin(path.join(folder, text), tree);
}

/** Records what leads to a path: a change of any of it may make the path another file. */
export class Ways {
  readonly #root: string;
  readonly #readSet: ReadSet;
  readonly #real = new Map<string, string>();

  constructor(root: string, readSet: ReadSet) {
    this.#root = root;
    this.#readSet = readSet;
  }

  /**
   * Records the folder or link at an absolute path and all that lead there, except those above the
   * project. Returns the real path.
   */
  walk(absolute: string, links = 0): string {
    if (isWithin(this.#root, absolute) || links > MOST_LINKS) return absolute;
    const known = this.#real.get(absolute);
    if (known !== undefined) return known;
    const folder = this.walk(path.dirname(absolute), links);
    const at = path.join(folder, path.basename(absolute));
    const stat = lstatIfThere(at);
    let real = at;
    if (stat?.isDirectory()) this.#readSet.recordAncestor(at, stat);
    else if (stat?.isSymbolicLink()) {
      this.#readSet.recordLstat(at, stat);
      real = this.#follow(readlinkSync(at), folder, links + 1);
    }
    this.#real.set(absolute, real);
    return real;
  }

  /** Part by part, because `..` after a link leads to the folder above its target. */
  #follow(target: string, folder: string, links: number): string {
    let at = target.startsWith('/') ? '/' : folder;
    for (const name of target.split('/'))
      at = name === '..' ? path.dirname(at) : this.walk(path.join(at, name), links);
    return at;
  }
}
