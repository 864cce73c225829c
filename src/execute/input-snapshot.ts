/** Input fingerprint of an item at its start: by content for its key, by stat to detect reverted changes. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { finish, type Sliced } from '../cache/files/pace.js';
import type { Digest } from '../cache/objects/digest.js';
import { firstMoved, type LookLists, type Looks } from '../cache/scan/looks.js';
import { Ways } from '../cache/scan/ways.js';
import type { Eyes } from '../decide/eyes.js';
import { matchesIn } from '../decide/glob.js';
import { type Read, readBy } from '../decide/inputs.js';
import { outsBehind } from '../decide/made-links.js';
import { partsOf } from '../decide/parts.js';
import { changedFiles } from '../decide/reasons.js';
import { cacheOf, itemAt, type Work } from '../decide/work.js';
import type { Owner } from '../pipeline/outtree.js';
import type { Dep } from '../pipeline/plan.js';

export class InputSnapshot {
  readonly #work: Work;
  readonly #index: number;
  readonly #looks: Looks;
  readonly #reads: ReadonlyMap<Dep, Read>;
  /** Files of each dep: matches of a pattern, and what counts of a folder that contains outs. */
  readonly #names: ReadonlyMap<Dep, readonly string[]>;
  /** Outs that it reads through links which other items made. */
  readonly behind: readonly Owner[];
  /** True once a change of content would show in a stat. */
  #isSettled: boolean;

  private constructor(work: Work, index: number, found: Found) {
    this.#work = work;
    this.#index = index;
    this.#looks = found.looks;
    this.#reads = found.reads;
    this.#names = found.names;
    this.behind = found.behind;
    this.#isSettled = found.looks.isSettled;
  }

  /** Reads the disk, whatever this run has seen before. */
  static async take(work: Work, index: number): Promise<InputSnapshot> {
    return new InputSnapshot(work, index, await inTurns(work, look(work, index)));
  }

  /**
   * As `take`, but repeats after a clock tick when something was written within it: then the stats of
   * the snapshot are valid for a later process too.
   */
  static async takeSettled(work: Work, index: number): Promise<InputSnapshot> {
    const first = await InputSnapshot.take(work, index);
    if (first.#isSettled) return first;
    await delay(first.#looks.settlesIn + 1);
    return await InputSnapshot.take(work, index);
  }

  /** Null for an absent optional dep; undefined for a missing one. */
  digestOf(dep: Dep): Digest | null | undefined {
    return this.#reads.get(dep)?.digest;
  }

  /** The read set, for a later process; undefined when stats could not show every change. */
  get lists(): LookLists | undefined {
    return this.#isSettled ? this.#looks.lists : undefined;
  }

  /** The first file or folder whose stat changed. */
  async moved(): Promise<string | undefined> {
    const { root } = this.#work.project;
    const byStat =
      (await firstMoved(root, this.#looks.lists)) ??
      (await this.#otherMatches()) ??
      // Not by stat: uv links files of several environments, which changes their times.
      this.#work.codes.changedPackage(this.#index);
    if (byStat !== undefined) return byStat;
    if (this.#isSettled) return undefined;
    const changed = await this.changed();
    this.#isSettled = changed === undefined;
    return changed;
  }

  /** The first file whose content changed; undefined when files were only touched. */
  async changed(): Promise<string | undefined> {
    const { reads } = await finish(look(this.#work, this.#index));
    for (const [dep, now] of reads) {
      const before = this.#reads.get(dep);
      if (before?.digest !== now.digest)
        return this.#firstOf(contentsOf(dep, before), contentsOf(dep, now)) ?? dep.path;
    }
    const { codes } = this.#work;
    return codes.changedScript(this.#index) ?? codes.changedPackage(this.#index);
  }

  #firstOf(then: Contents, today: Contents): string | undefined {
    const listing = (digest: Digest) => cacheOf(this.#work).treeListing(digest);
    const [path] = [...then.keys(), ...today.keys()].filter(
      (each) => then.get(each) !== today.get(each),
    );
    if (path === undefined) return undefined;
    const digests = [then.get(path), today.get(path)] as const;
    const isKnown = digests.every((each) => each && listing(each) !== undefined);
    return isKnown ? changedFiles({ listing }, ...digests, path)[0] : path;
  }

  async #otherMatches(): Promise<string | undefined> {
    const eyes = eyesOf(this.#work, cacheOf(this.#work).newLooks());
    for (const [dep, names] of this.#names) {
      const now = new Set(await finish(namesOf(dep, eyes)));
      const gone = names.find((name) => !now.delete(name));
      const [come] = now;
      if (gone !== undefined || come !== undefined) return gone ?? come;
    }
    return undefined;
  }
}

type Contents = ReadonlyMap<string, Digest>;

/** What the dep consists of, by path. */
function contentsOf(dep: Dep, { digest, matches = [] }: Partial<Read> = {}): Contents {
  if (dep.glob) return new Map(matches.map(([where, scan]) => [where, scan.digest]));
  return new Map(digest ? [[dep.path, digest]] : []);
}

interface Found {
  readonly looks: Looks;
  readonly reads: ReadonlyMap<Dep, Read>;
  readonly names: ReadonlyMap<Dep, readonly string[]>;
  readonly behind: readonly Owner[];
}

/** Ends with the run. */
function inTurns<T>(work: Work, looking: Sliced<T>): Promise<T> {
  return finish(looking, work.options.interruption.stop);
}

function* look(work: Work, index: number): Sliced<Found> {
  const looks = cacheOf(work).newLooks();
  const eyes = eyesOf(work, looks);
  const reads = new Map<Dep, Read>();
  const names = new Map<Dep, readonly string[]>();
  const behind: Owner[] = [];
  const item = itemAt(work, index);
  for (const dep of item.deps) {
    names.set(dep, yield* namesOf(dep, eyes));
    const read = yield* readBy(item, dep, { ...eyes, plan: work.project.plan });
    reads.set(dep, read);
    behind.push(...read.behind);
    // It may be inside an out that is a link.
    if (dep.made && !dep.glob && dep.outs === undefined)
      behind.push(...outsBehind(item, dep, [dep.path], work.project));
  }
  const code = work.codes.of(index);
  if (code.kind === 'command')
    for (const file of Object.keys(code.scripts)) yield* eyes.look(file, { follow: true });
  noteWays(work.project.root, names, looks);
  return { looks, reads, names, behind };
}

/** Records the folders and links on the way: a link may be redirected and restored. */
function noteWays(root: string, names: Found['names'], looks: Looks): void {
  const ways = new Ways(root, looks);
  for (const [dep, paths] of names) {
    for (const each of paths) ways.walk(path.join(root, path.dirname(each)));
    if (!dep.glob) ways.walk(path.join(root, dep.path));
  }
}

/** Reads the disk and records the read set. */
function eyesOf(work: Work, looks: Looks): Eyes & Required<Pick<Eyes, 'look'>> {
  const cache = cacheOf(work);
  return {
    root: work.project.root,
    cache,
    look: (where, options) => cache.scanning(where, { ...options, again: true, looks }),
  };
}

function* namesOf(dep: Dep, eyes: Eyes): Sliced<string[]> {
  const names: string[] = [];
  for (const match of yield* matchesIn(dep, eyes))
    for (const part of (yield* partsOf(dep, match, eyes)) ?? [match]) names.push(part.path);
  return names;
}
