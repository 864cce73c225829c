/** Moves user files out of the way of an out, to `replaced/<time>/<path>`, and keeps them for a while. */
import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { isFolder, lstatIfThere, namesIn, unlessFailed } from '../../sys/if-there.js';
import { makeFolder } from '../../sys/make-folder.js';
import { holdsMount } from '../../sys/mounts.js';
import type { CacheContext } from '../files/cache-context.js';
import { copyTree } from '../files/copy-tree.js';
import { codeOf, reasonOf } from '../files/file-errors.js';
import { holdsFiles, openUp, removeTree } from '../files/remove.js';
import { roomOf } from '../files/sparse.js';

/** Days to keep them, unless the size limit is exceeded. */
export const KEPT_DAYS = 30;

export interface Replaced {
  /** Says what was moved, and where. */
  readonly message: string;
  /** The folder of this move. */
  readonly into: string;
  /** Project-relative paths. */
  readonly wheres: readonly string[];
  /** True for a result of the pipeline that the cache lacks, not the user's files. */
  readonly isResult?: boolean;
}

/**
 * Moves the files at these project-relative paths, at or below an out. `mayBeLeft`: a killed run may
 * have left them.
 *
 * @throws a system error when it cannot move them: they stay where they are
 */
export function moveReplaced(
  out: string,
  wheres: readonly string[],
  { layout, scratch, onSize }: CacheContext,
  mayBeLeft = false,
): Replaced {
  const { project, replaced: folder } = layout;
  scratch.folder(); // Creates the cache folder, as every process does.
  scratch.fence.check(folder);
  let into = folder;
  for (const where of wheres) {
    try {
      if (into === folder) into = freshFolder(folder, scratch.clocks.date());
      const to = path.join(into, where);
      makeFolder(path.dirname(to));
      move(path.join(project, where), to);
      onSize(bytesAt(to));
    } catch (error) {
      throw notMoved(where, shown(project, into), error);
    }
  }
  const message = sentence(out, wheres, { into: shown(project, into), mayBeLeft });
  return { message, into, wheres };
}

/**
 * Moves them back after an execution that put nothing in their place. Returns a sentence for the
 * user, if there is something to say.
 */
export function moveBack(
  out: string,
  { into, wheres, isResult }: Replaced,
  context: CacheContext,
): string | undefined {
  const { project } = context.layout;
  if (holdsFiles(path.join(project, out)))
    return isResult
      ? `${out} has no result: its former one is in ${shown(project, into)}`
      : undefined;
  removeTree(path.join(project, out)); // A leftover, such as a mount point, is harmless or makes the move fail.
  takeOut({ into, wheres }, context, (moved, where) => {
    const to = path.join(project, where);
    makeFolder(path.dirname(to));
    move(moved, to);
  });
  if (isResult) return undefined;
  return `${out} has no result: the files that were there are moved back from ${shown(project, into)}`;
}

export function removeReplaced(replaced: Replaced, context: CacheContext): void {
  takeOut(replaced, context, removeTree);
}

/** Empties the folder that they were moved to. */
function takeOut(
  { into, wheres }: Pick<Replaced, 'into' | 'wheres'>,
  { layout, onSize }: CacheContext,
  act: (moved: string, where: string) => void,
): void {
  for (const where of wheres) {
    const moved = path.join(into, where);
    const bytes = bytesAt(moved);
    act(moved, where);
    onSize(-bytes);
    pruneAbove(moved, layout.replaced);
  }
}

/** Removes the empty folders above a path, up to `top`. */
function pruneAbove(file: string, top: string): void {
  for (let at = path.dirname(file); at !== top; at = path.dirname(at)) {
    if (namesIn(at).length > 0) return;
    rmdirSync(at);
  }
}

/** Named after the second of the move. Two moves within a second get separate folders. */
function freshFolder(folder: string, now: Date): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(':', '-');
  makeFolder(folder);
  for (let count = 1; ; count++) {
    const into = path.join(folder, count === 1 ? stamp : `${stamp}-${count}`);
    try {
      mkdirSync(into);
      return into;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}

/**
 * Renames if possible. Across file systems it copies, and deletes the original once the copy is
 * complete. If the path is a mount point or contains one, it moves the content.
 */
function move(from: string, to: string): void {
  const isTree = isFolder(from);
  if (isTree && holdsMount(from)) {
    moveInside(from, to);
    return;
  }
  try {
    renameSync(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EACCES' && openUp(from)) renameSync(from, to);
    else if (code === 'EBUSY' && isTree) moveInside(from, to);
    else if (code === 'EXDEV') moveAcross(from, to);
    else throw error;
  }
}

function moveAcross(from: string, to: string): void {
  try {
    copyTree(from, to);
  } catch (error) {
    removeTree(to);
    throw error;
  }
  removeTree(from);
}

function moveInside(from: string, to: string): void {
  makeFolder(to);
  for (const name of readdirSync(from)) move(path.join(from, name), path.join(to, name));
}

/** Fails the item like a system error, but with a separate code, so that this message is kept. */
function notMoved(where: string, into: string, cause: unknown): Error {
  const reason = reasonOf(cause);
  const hint =
    reason === 'EBUSY'
      ? 'if it is a mounted file, mount the folder above it instead'
      : 'move it away, then run again';
  const message = `${where} is not a result of this pipeline and cannot be moved to ${into} (${reason}): ${hint}`;
  return Object.assign(new Error(message, { cause }), { code: 'ENOTMOVED', syscall: 'rename' });
}

function sentence(
  out: string,
  wheres: readonly string[],
  { into, mayBeLeft }: { readonly into: string; readonly mayBeLeft: boolean },
): string {
  const [first = out, ...more] = wheres;
  const others = more.length === 1 ? more[0] : `${more.length} others below ${out}`;
  const [subject, verb, result, whole] =
    more.length === 0
      ? [first, 'is', 'a result', first]
      : [`${first} and ${others}`, 'are', 'results', out];
  const what = mayBeLeft
    ? `${verb} left from a run that was killed, or ${verb} yours`
    : `${verb} not ${result} of this pipeline`;
  return `${subject} ${what}: moved to ${path.join(into, whole)}`;
}

function shown(project: string, absolute: string): string {
  const relative = path.relative(project, absolute);
  return relative.startsWith('..') ? absolute : relative;
}

/** The files of one move. */
export interface ReplacedFolder {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly moved: number;
}

/** Oldest first. A folder whose name is not a time is not from pipe. */
export function replacedFolders(folder: string): ReplacedFolder[] {
  const found: ReplacedFolder[] = [];
  for (const name of namesIn(folder)) {
    const [, day, hour, minute, second] =
      /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)(?:-\d+)?$/.exec(name) ?? [];
    const named = Date.parse(`${day}T${hour}:${minute}:${second}Z`);
    const file = path.join(folder, name);
    const stat = lstatIfThere(file);
    if (Number.isNaN(named) || stat?.isDirectory() !== true) continue;
    const moved = Math.min(named, stat.mtimeMs);
    found.push({ name, path: file, bytes: bytesAt(file), moved });
  }
  return found.sort((a, b) => a.moved - b.moved);
}

/** Bytes of all readable files at a path, without following links. */
function bytesAt(absolute: string): number {
  const stat = unlessFailed(() => lstatIfThere(absolute));
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return roomOf(stat);
  let bytes = 0;
  for (const name of unlessFailed(() => readdirSync(absolute)) ?? [])
    bytes += bytesAt(path.join(absolute, name));
  return bytes;
}
