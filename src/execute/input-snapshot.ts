/** The inputs of an item at its start: by content for its key, by stat to detect reverted changes. */
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Cooperative, finish } from '../cache/files/yielding.js';
import type { Digest } from '../cache/objects/digest.js';
import { Ways } from '../cache/scan/link-targets.js';
import type { BuildContext, ItemHandle } from '../decide/build-context.js';
import { matchesIn } from '../decide/dep-files.js';
import type { FileView } from '../decide/file-view.js';
import { type DecisionContext, type Read, readBy } from '../decide/fingerprint.js';
import { outsBehind } from '../decide/made-links.js';
import { partsOf } from '../decide/parts.js';
import { changedFiles } from '../decide/reasons.js';
import { firstMoved } from '../noop/first-moved.js';
import type { ReadLists, ReadSet } from '../noop/read-set.js';
import type { Owner } from '../pipeline/out-tree.js';
import type { Dep } from '../pipeline/plan.js';
import { OwnParams } from './own-params.js';

export class InputSnapshot {
  readonly #of: ItemHandle;
  readonly #found: Found;
  readonly #params: OwnParams;
  /** True if any change of content would also change a stat. */
  #isSettled: boolean;

  private constructor(handle: ItemHandle, found: Found, params: OwnParams) {
    this.#of = handle;
    this.#found = found;
    this.#params = params;
    this.#isSettled = found.readSet.isSettled;
  }

  /** Reads the disk even for paths that this run has read before. */
  static async take(handle: ItemHandle): Promise<InputSnapshot> {
    const params = new OwnParams(handle);
    return new InputSnapshot(handle, await inTurns(handle.build, look(handle)), params);
  }

  /**
   * Like `take`, but repeats after a clock tick if something was written within it. The stats of
   * the snapshot are then valid for a later process too.
   */
  static async takeSettled(handle: ItemHandle): Promise<InputSnapshot> {
    const first = await InputSnapshot.take(handle);
    if (first.#isSettled) return first;
    await delay(first.#found.readSet.settlesIn + 1);
    return await InputSnapshot.take(handle);
  }

  /** Outs that it reads through links which other items made. */
  get behind(): readonly Owner[] {
    return this.#found.behind;
  }

  /** For a decision by these inputs. */
  get context(): DecisionContext {
    return { ...this.#of.build.project, given: (dep) => this.digestOf(dep) };
  }

  /** Null for an absent optional dep; undefined for a missing one. */
  digestOf(dep: Dep): Digest | null | undefined {
    return this.#found.reads.get(dep)?.digest;
  }

  /** The read set, for a later process; undefined when stats could not show every change. */
  get lists(): ReadLists | undefined {
    return this.#isSettled ? this.#found.readSet.lists : undefined;
  }

  /** The first file or folder whose stat changed. */
  async moved(): Promise<string | undefined> {
    const { root } = this.#of.build.project;
    const byStat =
      (await firstMoved(root, this.#found.readSet.lists)) ??
      (await this.#otherMatches()) ??
      // Does not use stats: uv links the files of several environments, which changes their times.
      this.#of.build.codes.changedPackage(this.#of.index) ??
      this.#params.edited() ??
      this.#params.rewritten();
    if (byStat !== undefined) return byStat;
    if (this.#isSettled) return undefined;
    const changed = await this.changed();
    this.#isSettled = changed === undefined;
    return changed;
  }

  /** The first file whose content changed; undefined when files were only touched. */
  async changed(): Promise<string | undefined> {
    const { reads } = await finish(look(this.#of));
    for (const [dep, now] of reads) {
      const before = this.#found.reads.get(dep);
      if (before?.digest !== now.digest)
        return this.#firstOf(contentsOf(dep, before), contentsOf(dep, now)) ?? dep.path;
    }
    const { index, build } = this.#of;
    const changed = build.codes.changedScript(index) ?? build.codes.changedPackage(index);
    return changed ?? this.#params.edited();
  }

  #firstOf(then: Contents, today: Contents): string | undefined {
    const listing = (digest: Digest) => this.#of.cache.treeListing(digest);
    const [path] = [...then.keys(), ...today.keys()].filter(
      (each) => then.get(each) !== today.get(each),
    );
    if (path === undefined) return undefined;
    const digests = [then.get(path), today.get(path)] as const;
    const isKnown = digests.every((each) => each && listing(each) !== undefined);
    return isKnown ? changedFiles({ listing }, ...digests, path)[0] : path;
  }

  async #otherMatches(): Promise<string | undefined> {
    const view = viewOf(this.#of.build, this.#of.cache.newReadSet());
    for (const [dep, names] of this.#found.names) {
      const now = new Set(await finish(namesOf(dep, view)));
      const gone = names.find((name) => !now.delete(name));
      const [come] = now;
      if (gone !== undefined || come !== undefined) return gone ?? come;
    }
    return undefined;
  }
}

type Contents = ReadonlyMap<string, Digest>;

/** The parts of the dep, by path. */
function contentsOf(dep: Dep, { digest, matches = [] }: Partial<Read> = {}): Contents {
  if (dep.glob) return new Map(matches.map(([where, scan]) => [where, scan.digest]));
  return new Map(digest ? [[dep.path, digest]] : []);
}

interface Found {
  readonly readSet: ReadSet;
  readonly reads: ReadonlyMap<Dep, Read>;
  /**
   * Files of each dep: the matches of a pattern, and the parts that count of a folder that contains
   * outs.
   */
  readonly names: ReadonlyMap<Dep, readonly string[]>;
  readonly behind: readonly Owner[];
}

/** Lives as long as the run. */
function inTurns<T>(build: BuildContext, looking: Cooperative<T>): Promise<T> {
  return finish(looking, build.options.interruption.stop);
}

function* look(handle: ItemHandle): Cooperative<Found> {
  const { build, item } = handle;
  const readSet = handle.cache.newReadSet();
  const view = viewOf(build, readSet);
  const reads = new Map<Dep, Read>();
  const names = new Map<Dep, readonly string[]>();
  const behind: Owner[] = [];
  for (const dep of item.deps) {
    names.set(dep, yield* namesOf(dep, view));
    const read = yield* readBy(item, dep, { ...view, plan: build.project.plan });
    reads.set(dep, read);
    behind.push(...read.behind);
    // The path may be inside an out that is a link.
    if (dep.made && !dep.glob && dep.outs === undefined)
      behind.push(...outsBehind(item, dep, [dep.path], build.project));
  }
  const code = handle.code;
  if (code.kind === 'command')
    for (const file of Object.keys(code.scripts)) yield* view.look(file, { follow: true });
  noteWays(build.project.root, names, readSet);
  return { readSet, reads, names, behind };
}

/** Records the folders and links on the way, because a link may be redirected and restored. */
function noteWays(root: string, names: Found['names'], readSet: ReadSet): void {
  const ways = new Ways(root, readSet);
  for (const [dep, paths] of names) {
    for (const each of paths) ways.walk(path.join(root, path.dirname(each)));
    if (!dep.glob) ways.walk(path.join(root, dep.path));
  }
}

/** Reads the disk and records the read set. */
function viewOf(
  build: BuildContext,
  readSet: ReadSet,
): FileView & Required<Pick<FileView, 'look'>> {
  const { cache, root } = build.project;
  return {
    root,
    cache,
    look: (where, options) => cache.scanning(where, { ...options, again: true, readSet }),
  };
}

function* namesOf(dep: Dep, view: FileView): Cooperative<string[]> {
  const names: string[] = [];
  for (const match of yield* matchesIn(dep, view))
    for (const part of (yield* partsOf(dep, match, view)) ?? [match]) names.push(part.path);
  return names;
}
