/** The outs in the workspace: stores, restores, copies and removes them. */
import path from 'node:path';
import type { Scratch } from './files/scratch-folder.js';
import { finish } from './files/yielding.js';
import type { Objects } from './objects/objects.js';
import { copyStored } from './outs/copy-out.js';
import { OutRestore, type Restored, removeAside } from './outs/restore-outs.js';
import { OutStore } from './outs/store-outs.js';
import { type ClearOptions, GivingWay, type Parts } from './records/make-way.js';
import type { Pin } from './records/pins.js';
import type { ProjectState } from './records/project-state.js';
import type { RecordedOut } from './records/record.js';
import type { Workspace } from './scan/workspace.js';

export type StoredOut = Omit<RecordedOut, 'name'>;

type Restorable = Pick<RecordedOut, 'digest' | 'permissions'>;

export class WorkspaceOuts {
  readonly #project: string;
  readonly #state: ProjectState;
  readonly #workspace: () => Workspace;
  readonly #objects: Objects;
  readonly #scratch: Scratch;
  readonly #pin: Pin;
  readonly #givingWay: GivingWay;

  constructor(parts: Omit<Parts, 'folder'>, state: ProjectState) {
    this.#project = parts.layout.project;
    this.#state = state;
    this.#workspace = parts.workspace;
    this.#objects = parts.objects;
    this.#scratch = parts.scratch;
    this.#pin = parts.pin;
    this.#givingWay = new GivingWay({ ...parts, folder: () => state.folder });
  }

  /**
   * Copies an out into the object store.
   *
   * @param isTemp stores no content, only the listings of folders
   * @throws UnusableFile when the out changes during the copy or contains something that cannot be
   * stored
   */
  async store(where: string, isTemp = false): Promise<StoredOut> {
    const { scanner } = this.#workspace();
    this.#pin.place();
    const storing = new OutStore(this.#project, where, this.#objects, this.#scratch, isTemp);
    const scan = await finish(scanner.keep(where, storing));
    if (scan === undefined) throw new Error(`out ${where} must be stored, but does not exist`);
    this.#state.setWrote(where, scan.digest);
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
    { digest, permissions }: Restorable,
    where: string,
    giving: ClearOptions = {},
  ): Promise<Restored> {
    const { scanner, index } = this.#workspace();
    const parts = {
      project: this.#project,
      scanner,
      index,
      objects: this.#objects,
      scratch: this.#scratch,
    };
    await this.#givingWay.keepForeign(where, {
      ...giving,
      known: [digest, ...(giving.known ?? [])],
    });
    if (this.#state.wrote(where) !== digest) this.#state.noteBegun(where);
    const restored = await new OutRestore(parts, where, permissions).restore(digest);
    this.#state.setWrote(where, digest);
    return restored;
  }

  /**
   * Copies a stored out to a free path (absolute) outside the workspace.
   *
   * @throws DamagedObject when an object is missing or damaged
   */
  copy(out: RecordedOut, target: string): Promise<void> {
    return copyStored(this.#objects, out, target);
  }

  /**
   * Removes an out. A directory moves to tmp/ and is deleted when the cache closes. Files that pipe
   * did not create move to replaced/ instead.
   */
  async remove(where: string, giving: ClearOptions = {}): Promise<void> {
    await this.#givingWay.keepForeign(where, giving);
    removeAside(path.join(this.#project, where), this.#scratch);
    this.#workspace().scanner.forget(where);
  }

  /** Marks what a failed execution left at an out as not the user's, so that the next run deletes it. */
  noteLeft(where: string): Promise<void> {
    return this.#givingWay.noteLeft(where);
  }

  /**
   * Moves replaced files back after an execution without a result that left no file at the out.
   * Returns the sentence that reports it.
   */
  returnReplaced(where: string): string | undefined {
    return this.#givingWay.returnReplaced(where);
  }
}
