/** The outs in the workspace: stores, restores, copies and removes them. */
import path from 'node:path';
import { isFolder, lstatIfThere, namesIn } from '../sys/if-there.js';
import type { CacheContext } from './files/cache-context.js';
import { finish } from './files/yielding.js';
import { isInCache } from './layout.js';
import type { Digest } from './objects/digest.js';
import type { Objects } from './objects/objects.js';
import { copyStored } from './outs/copy-out.js';
import { OutRestore, removeAside } from './outs/restore-outs.js';
import { OutStore } from './outs/store-outs.js';
import { ForeignSearch } from './outs/user-files.js';
import { Leftovers } from './records/left-behind.js';
import type { Pin } from './records/pins.js';
import type { ProjectState } from './records/project-state.js';
import type { RecordedOut } from './records/record.js';
import { moveBack, moveReplaced, type Replaced, removeReplaced } from './records/replaced.js';
import type { Workspace } from './scan/workspace.js';

export type StoredOut = Omit<RecordedOut, 'name'>;

export interface ClearOptions {
  /** Digests of what pipe last wrote there. */
  readonly known?: readonly Digest[];
  /** Results of other clones: moved without a message, until the out has a result again. */
  readonly elsewhere?: () => readonly StoredOut[];
  /** True if such a result is tracked, and the content of these files too. */
  readonly isTracked?: (where: string, files: () => readonly string[]) => Promise<boolean>;
  /** The last execution of the item was killed: its process may have left files that no note names. */
  readonly mayBeLeft?: boolean;
  /** True for outs of earlier pipelines, of which pipe may have removed a part already. */
  readonly isLeftover?: boolean;
  /** Receives the sentence that names the moved user files. Default: a warning. */
  readonly onReplaced?: (message: string) => void;
  /** Ends a restore by its reason. */
  readonly stop?: AbortSignal;
}

interface Parts extends CacheContext {
  readonly state: ProjectState;
  readonly workspace: () => Workspace;
  readonly objects: Objects;
  readonly pin: Pin;
}

export class WorkspaceOuts {
  readonly #project: string;
  readonly #parts: Parts;
  readonly #leftovers: Leftovers;
  /** The user files moved away, by out path. */
  readonly #replaced = new Map<string, Replaced>();

  constructor(parts: Parts) {
    this.#project = parts.layout.project;
    this.#parts = parts;
    this.#leftovers = new Leftovers(parts, parts.state);
  }

  /**
   * Copies an out into the object store.
   *
   * @param isTemp stores no content, only the listings of folders
   * @throws UnusableFile when the out changes during the copy or contains something that cannot be
   * stored
   */
  async store(where: string, isTemp = false): Promise<StoredOut> {
    const { objects, pin, scratch, state, workspace } = this.#parts;
    pin.place();
    const storing = new OutStore(this.#project, where, objects, scratch, isTemp);
    const scan = await finish(workspace().scanner.keep(where, storing));
    if (scan === undefined) throw new Error(`out ${where} must be stored, but does not exist`);
    state.setWrote(where, scan.digest);
    this.#dropReplaced(where);
    const { permissions } = storing;
    return {
      ...scan,
      ...(permissions !== undefined && { permissions }),
      ...(isTemp && { temp: true }),
    };
  }

  /**
   * Restores a stored out. User files in the way move to replaced/.
   *
   * @throws DamagedObject when an object is missing or damaged; a damaged object is set aside
   */
  async restore(
    { digest, permissions }: Pick<RecordedOut, 'digest' | 'permissions'>,
    where: string,
    { known = [], stop, ...options }: ClearOptions = {},
  ): Promise<void> {
    const { objects, scratch, state, workspace } = this.#parts;
    await this.#keepForeign(where, { ...options, known: [digest, ...known] });
    const isNoted = state.wrote(where) === digest;
    if (!isNoted) state.noteBegun(where);
    const { scanner, index } = workspace();
    const parts = { project: this.#project, scanner, index, objects, scratch, stop };
    await new OutRestore(parts, where, permissions).restore(digest);
    if (!isNoted) state.setWrote(where, digest);
    this.#dropReplaced(where);
  }

  /**
   * Copies a stored out to a free path (absolute) outside the workspace.
   *
   * @throws DamagedObject when an object is missing or damaged
   */
  copy(out: RecordedOut, target: string): Promise<void> {
    return copyStored(this.#parts.objects, out, target);
  }

  /**
   * Removes an out. A directory moves to tmp/ and is deleted when the cache closes. Files that pipe
   * did not create move to replaced/ instead.
   */
  async remove(where: string, options: ClearOptions = {}): Promise<void> {
    await this.#keepForeign(where, options);
    removeAside(path.join(this.#project, where), this.#parts.scratch);
    this.#parts.workspace().scanner.forget(where);
  }

  /** Marks what a failed execution left at an out as not the user's, so that the next run deletes it. */
  noteLeft(where: string): Promise<void> {
    return this.#leftovers.note(where);
  }

  /**
   * Moves replaced files back after an execution without a result that left no file at the out.
   * Returns the sentence that reports it.
   */
  returnReplaced(where: string): string | undefined {
    const replaced = this.#replaced.get(where);
    if (replaced === undefined) return undefined;
    this.#replaced.delete(where);
    this.#parts.workspace().scanner.forget(where);
    return moveBack(where, replaced, this.#parts);
  }

  /** Removes a replaced result of another clone, once the out has a result again. */
  #dropReplaced(where: string): void {
    const replaced = this.#replaced.get(where);
    if (replaced?.isResult !== true) return;
    this.#replaced.delete(where);
    removeReplaced(replaced, this.#parts);
  }

  /** Moves files that pipe did not put there to replaced/. */
  async #keepForeign(where: string, options: ClearOptions): Promise<void> {
    const { objects, pin, readOnly, state, workspace } = this.#parts;
    const { known: expected = [], isLeftover: inParts = false, elsewhere, isTracked } = options;
    const { onReplaced = this.#parts.warn } = options;
    if (lstatIfThere(path.join(this.#project, where)) === undefined) return;
    const { scanner, index } = workspace();
    const search = new ForeignSearch(
      { project: this.#project, scanner, index, objects },
      { expected, inParts, isLeft: this.#leftovers.of(where) },
    );
    const foreign = await search.find(where);
    if (!readOnly) this.#leftovers.forget(where);
    if (foreign.length === 0) return;
    pin.place();
    const isWhole = await search.isAnyOf(elsewhere?.() ?? [], where);
    const files = () => foreign.flatMap((each) => filesAt(this.#project, each));
    const isResult = isWhole || (await isTracked?.(where, files)) === true;
    try {
      const replaced = moveReplaced(
        where,
        isWhole ? [where] : foreign,
        this.#parts,
        options.mayBeLeft === true && (isInCache(where) || state.wrote(where) === 'begun'),
      );
      this.#replaced.set(where, { ...replaced, isResult });
      if (!isResult) onReplaced(replaced.message);
    } finally {
      scanner.forget(where);
    }
  }
}

/** The files and links at a path, or below it. */
function filesAt(project: string, where: string): string[] {
  if (!isFolder(path.join(project, where))) return [where];
  return namesIn(path.join(project, where)).flatMap((name) => filesAt(project, `${where}/${name}`));
}
