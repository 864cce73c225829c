/** A view of the workspace in which some outs count as present. */
import path from 'node:path';
import type { Scan, ScanOptions } from '../cache/cache.js';
import type { Cooperative } from '../cache/files/yielding.js';
import { type Digest, kindOf } from '../cache/objects/digest.js';
import type { RecordedOut } from '../cache/records/record.js';
import { type Followed, MOST_LINKS } from '../cache/scan/link-targets.js';
import { getOrMake } from '../lists.js';
import type { Item } from '../pipeline/plan.js';
import { realPlace } from '../sys/real-place.js';
import { entryWithin } from './file-view.js';
import type { DecisionContext } from './fingerprint.js';
import type { Project } from './project.js';

export class Overlay {
  readonly #project: Project;
  readonly #outs = new Map<string, Scan>();
  /** By path: the links inside the overlaid outs. */
  readonly #links = new Map<string, readonly string[]>();

  constructor(project: Project) {
    this.#project = project;
  }

  /** For decisions. */
  get view(): Required<Pick<DecisionContext, 'look' | 'stored' | 'targetOf'>> {
    return {
      look: (where, how) => this.scanning(where, how),
      stored: (where) => {
        const digest = this.#laidAt(where)?.digest;
        return digest ? this.#project.cache.treeListing(digest) : undefined;
      },
      targetOf: (link) => {
        const target = this.#targetOf(link);
        return target && realPlace(path.join(this.#project.root, target));
      },
    };
  }

  /** Removes the outs from the overlay. They may have gone since they were last read. */
  lift(item: Pick<Item, 'outs'>): void {
    for (const out of item.outs) {
      this.#project.cache.forget(out.path);
      this.#outs.delete(out.path);
      this.#links.clear();
    }
  }

  /** True if an out was not in the overlay before. */
  lay(item: Pick<Item, 'outs'>, { outs }: { readonly outs: readonly RecordedOut[] }): boolean {
    const before = this.#outs.size;
    for (const out of item.outs) {
      const stored = outs.find((each) => each.name === out.name);
      if (stored === undefined) continue;
      // In a folder, an entry is named by its path.
      const { name: _, ...scan } = stored;
      this.#outs.set(out.path, scan);
    }
    return this.#outs.size > before;
  }

  *scanning(where: string, how?: ScanOptions): Cooperative<Scan | undefined> {
    const at = this.#real(where, how?.follow ?? false);
    const laid = this.#laidAt(at);
    if (laid === undefined) return yield* this.#project.cache.scanning(at, how);
    if (laid === null) return undefined;
    const links = getOrMake(this.#links, at, () => [...this.#linksIn(at, laid.digest)]);
    return links.length === 0 ? laid : { ...laid, links };
  }

  /** The path with overlaid links on the way resolved; with `follow`, also the last one. */
  #real(where: string, follow: boolean, followed: Followed = { links: 0 }): string {
    if (this.#outs.size === 0) return where;
    let at = where;
    for (let end = 0; end >= 0; ) {
      end = at.indexOf('/', end + 1);
      if (end < 0 && !follow) break;
      const prefix = end < 0 ? at : at.slice(0, end);
      const target = this.#targetOf(prefix, followed);
      if (target === undefined) continue;
      at = target + at.slice(prefix.length);
      end = 0;
    }
    return at;
  }

  /** Relative to the project; undefined for a path that is not an overlaid link, and after too many links. */
  #targetOf(link: string, followed: Followed = { links: 0 }): string | undefined {
    const laid = this.#laidAt(link);
    if (!laid || kindOf(laid.digest) !== 'link') return undefined;
    const text = this.#project.cache.readStored(laid.digest)?.toString();
    if (text === undefined || followed.links++ >= MOST_LINKS) return undefined;
    const { root } = this.#project;
    let at = path.isAbsolute(text) ? path.relative(root, '/') : path.dirname(link);
    for (const name of text.split('/'))
      at = name === '..' ? this.#above(at, followed) : path.join(at, name);
    return path.relative(root, path.join(root, at));
  }

  /** The folder above the one that the path leads to. */
  #above(where: string, followed: Followed): string {
    const { root } = this.#project;
    const place = realPlace(path.join(root, this.#real(where, true, followed)));
    return path.relative(realPlace(root), path.dirname(place));
  }

  *#linksIn(where: string, digest: Digest): Iterable<string> {
    if (kindOf(digest) === 'link') yield where;
    if (kindOf(digest) !== 'directory') return;
    for (const entry of this.#project.cache.treeListing(digest) ?? [])
      yield* this.#linksIn(`${where}/${entry.name}`, entry.digest);
  }

  /** Undefined outside the overlay; null for an absent path inside it. */
  #laidAt(path: string): Scan | null | undefined {
    const whole = this.#outs.get(path);
    if (whole !== undefined) return whole;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const laid = this.#outs.get(path.slice(0, end));
      if (laid === undefined) continue;
      const inner = path.slice(end + 1).split('/');
      return entryWithin(this.#project.cache, laid.digest, inner) ?? null;
    }
    return undefined;
  }
}
