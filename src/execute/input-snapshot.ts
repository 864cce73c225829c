/**
 * What an item reads, as it lay when the item started: by content for its key, and by stat, so that a
 * change shows also when it was taken back.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Digest } from '../cache/objects/digest.js';
import { firstMoved, type LookLists, Looks } from '../cache/scan/looks.js';
import { matchedPaths } from '../decide/glob.js';
import { digestOfGlob } from '../decide/inputs.js';
import { cacheOf, itemAt, type Work } from '../decide/work.js';
import type { Dep } from '../pipeline/plan.js';

export class InputSnapshot {
  readonly #work: Work;
  readonly #index: number;
  readonly #looks: Looks;
  readonly #digests: ReadonlyMap<Dep, Seen>;
  /** What each pattern matched. */
  readonly #names: ReadonlyMap<Dep, readonly string[]>;
  /** True once a change of content would show in a stat. */
  #isSettled: boolean;

  private constructor(
    work: Work,
    index: number,
    found: Pick<Found, 'looks' | 'digests' | 'names'>,
  ) {
    this.#work = work;
    this.#index = index;
    this.#looks = found.looks;
    this.#digests = found.digests;
    this.#names = found.names;
    this.#isSettled = found.looks.isSettled;
  }

  /** Looks at the disk, whatever was seen in this run before. */
  static async take(work: Work, index: number): Promise<InputSnapshot> {
    return new InputSnapshot(work, index, await look(work, index));
  }

  /**
   * The same, and when something was written to within the clock's tick, once more when the tick is
   * over: what the stats of such a snapshot say holds for a later process too.
   */
  static async takeSettled(work: Work, index: number): Promise<InputSnapshot> {
    const first = await InputSnapshot.take(work, index);
    if (first.#isSettled) return first;
    await delay(first.#looks.settlesIn + 1);
    return InputSnapshot.take(work, index);
  }

  /** Null for what is absent and may be; undefined for what is missing. */
  digestOf(dep: Dep): Seen {
    return this.#digests.get(dep);
  }

  /** What was looked at, for a process that comes after us; undefined when a change could hide from it. */
  get lists(): LookLists | undefined {
    return this.#isSettled ? this.#looks.lists : undefined;
  }

  /** The first input that does not lie as it did, by its path. */
  async moved(): Promise<string | undefined> {
    const { root } = this.#work.project;
    const byStat = (await firstMoved(root, this.#looks.lists)) ?? this.#otherMatches();
    if (byStat !== undefined) return byStat;
    if (this.#isSettled) return undefined;
    const changed = await this.changed();
    this.#isSettled = changed === undefined;
    return changed;
  }

  /** The first dep or script whose content is not what it was; undefined for what was only touched. */
  async changed(): Promise<string | undefined> {
    const { digests } = await look(this.#work, this.#index);
    const dep = itemAt(this.#work, this.#index).deps.find(
      (each) => digests.get(each) !== this.#digests.get(each),
    );
    return dep?.path ?? this.#work.codes.changedScript(this.#index);
  }

  #otherMatches(): string | undefined {
    const { root } = this.#work.project;
    for (const [dep, names] of this.#names) {
      const now = new Set(matchedPaths(root, dep));
      const gone = names.find((name) => !now.delete(name));
      const [come] = now;
      if (gone !== undefined || come !== undefined) return gone ?? come;
    }
    return undefined;
  }
}

type Seen = Digest | null | undefined;

interface Found {
  readonly looks: Looks;
  readonly digests: Map<Dep, Seen>;
  readonly names: Map<Dep, readonly string[]>;
}

async function look(work: Work, index: number): Promise<Found> {
  const { root } = work.project;
  const looks = new Looks(root);
  const found: Found = { looks, digests: new Map(), names: new Map() };
  for (const dep of itemAt(work, index).deps) {
    if (dep.glob) await lookAtMatches(work, dep, found);
    else {
      const digest = await digestAt(work, dep.path, !dep.made, looks);
      found.digests.set(dep, digest ?? (dep.optional ? null : undefined));
    }
  }
  const code = work.codes.of(index);
  if (code.kind === 'command')
    for (const file of Object.keys(code.scripts)) await digestAt(work, file, true, looks);
  return found;
}

async function lookAtMatches(work: Work, dep: Dep, found: Found): Promise<void> {
  const names = matchedPaths(work.project.root, dep);
  found.names.set(dep, names);
  const entries: [string, Digest][] = [];
  for (const name of names) {
    const digest = await digestAt(work, name, !dep.made, found.looks);
    if (digest !== undefined) entries.push([name, digest]);
  }
  const isWhole = entries.length === names.length;
  found.digests.set(dep, digestOfGlob(dep, isWhole ? entries : undefined));
}

async function digestAt(
  work: Work,
  where: string,
  follow: boolean,
  looks: Looks,
): Promise<Digest | undefined> {
  return (await cacheOf(work).scan(where, { follow, again: true, looks }))?.digest;
}
