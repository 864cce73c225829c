/** Files of the user that stood where an out had to be: moved to `replaced/<time>/<path>`, and kept a while. */
import { mkdirSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import path from 'node:path';
import { copyTree } from '../files/copy-tree.js';
import { codeOf, reasonOf } from '../files/errors.js';
import { lstatIfThere, unlessRefused } from '../files/look.js';
import { openUp, removeTree } from '../files/remove.js';
import { namesIn, type Scratch } from '../files/scratch.js';
import { roomOf } from '../files/sparse.js';

/** Kept for so long, unless the size limit asks for the space. */
export const KEPT_DAYS = 30;

/** Where files of the user are moved. */
export interface Replacing {
  readonly project: string;
  /** The folder of all replaced files. */
  readonly folder: string;
  readonly scratch: Scratch;
  /** Called with the bytes that were moved; negative: moved back. */
  readonly onMoved: (bytes: number) => void;
}

export interface Replaced {
  /** Names what was moved, and where to. */
  readonly message: string;
  /** The folder of this time. */
  readonly into: string;
  /** Project-relative paths. */
  readonly wheres: readonly string[];
}

/**
 * Moves what stands at these project-relative paths, at or below an out.
 *
 * @throws an error of the system, when it cannot be moved: then it is where it was
 */
export function moveReplaced(
  out: string,
  wheres: readonly string[],
  { project, folder, scratch, onMoved }: Replacing,
): Replaced {
  scratch.folder(); // The cache is made as every process makes it.
  scratch.fence.check(folder);
  let into = folder;
  for (const where of wheres) {
    try {
      if (into === folder) into = freshFolder(folder, scratch.clocks.date());
      const to = path.join(into, where);
      mkdirSync(path.dirname(to), { recursive: true });
      move(path.join(project, where), to);
      onMoved(bytesAt(to));
    } catch (error) {
      throw notMoved(where, shown(project, into), error);
    }
  }
  return { message: sentence(out, wheres, shown(project, into)), into, wheres };
}

/**
 * Moves them back after an execution that has put nothing in their place. Returns the sentence that
 * says so; undefined when the execution left files at the out.
 */
export function moveBack(
  out: string,
  { into, wheres }: Replaced,
  { project, folder, onMoved }: Replacing,
): string | undefined {
  if (holdsFiles(path.join(project, out))) return undefined;
  removeTree(path.join(project, out)); // What stays, such as a mount point, is in nobody's way or fails the move.
  for (const where of wheres) {
    const [from, to] = [path.join(into, where), path.join(project, where)];
    const bytes = bytesAt(from);
    mkdirSync(path.dirname(to), { recursive: true });
    move(from, to);
    onMoved(-bytes);
    pruneAbove(from, folder);
  }
  return `${out} has no result yet: moved back to it from ${shown(project, into)}`;
}

/** Removes the folders above a path that are empty now, up to another folder. */
function pruneAbove(file: string, top: string): void {
  for (let at = path.dirname(file); at !== top; at = path.dirname(at)) {
    if (namesIn(at).length > 0) return;
    rmdirSync(at);
  }
}

function holdsFiles(absolute: string): boolean {
  const holds = unlessRefused(() => {
    const stat = lstatIfThere(absolute);
    if (stat?.isDirectory() !== true) return stat !== undefined;
    return readdirSync(absolute).some((name) => holdsFiles(path.join(absolute, name)));
  });
  return holds ?? true;
}

/** Named by the second. What another process moves in the same second lies beside it, never over it. */
function freshFolder(folder: string, now: Date): string {
  const stamp = now.toISOString().slice(0, 19).replaceAll(':', '-');
  mkdirSync(folder, { recursive: true });
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
 * A rename where it can be one. From another file system a copy: the original goes when all of it is
 * there. Of a mount point what lies in it.
 */
function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EACCES' && openUp(from)) renameSync(from, to);
    else if (code === 'EBUSY') moveInside(from, to);
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
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) move(path.join(from, name), path.join(to, name));
}

/** Fails the item as a refusal of the system does. No message replaces this one: no system error has its code. */
function notMoved(where: string, into: string, cause: unknown): Error {
  const message = `${where} is not a result of this pipeline and cannot be moved to ${into} (${reasonOf(cause)}): move it away, then run again`;
  return Object.assign(new Error(message, { cause }), { code: 'ENOTMOVED', syscall: 'rename' });
}

function sentence(out: string, wheres: readonly string[], into: string): string {
  const [first = out, ...more] = wheres;
  if (more.length === 0) {
    return `${first} is not a result of this pipeline: moved to ${path.join(into, first)}`;
  }
  const others = more.length === 1 ? more[0] : `${more.length} others below ${out}`;
  return `${first} and ${others} are not results of this pipeline: moved to ${path.join(into, out)}`;
}

function shown(project: string, absolute: string): string {
  const relative = path.relative(project, absolute);
  return relative.startsWith('..') ? absolute : relative;
}

/** What was moved at one time. */
export interface ReplacedFolder {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly moved: number;
}

/** The oldest first. What is not named by a time was not made by pipe. */
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

/** Bytes that all files at a path take which can be looked at, links not followed. */
function bytesAt(absolute: string): number {
  const stat = unlessRefused(() => lstatIfThere(absolute));
  if (stat === undefined) return 0;
  if (!stat.isDirectory()) return roomOf(stat);
  let bytes = 0;
  for (const name of unlessRefused(() => readdirSync(absolute)) ?? [])
    bytes += bytesAt(path.join(absolute, name));
  return bytes;
}
