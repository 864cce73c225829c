/** Copies of files and trees: keeps holes, and never lets more users read the copy than the source. */
import {
  chmodSync,
  constants,
  copyFileSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  readSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import path from 'node:path';
import { withFile } from '../../sys/open-file.js';
import { codeOf } from './file-errors.js';
import { READ, readBuffer } from './hash.js';
import { notAFile } from './refusals.js';
import { writeData } from './sparse.js';

/** Copies to an unused path: links as links, with modes and times. */
export function copyTree(from: string, to: string): void {
  const stat = lstatSync(from);
  if (stat.isFile()) copyFile(from, to);
  else if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
    lutimesSync(to, stat.atime, stat.mtime);
  } else if (stat.isDirectory()) {
    mkdirSync(to, { mode: 0o700 });
    for (const name of readdirSync(from)) copyTree(path.join(from, name), path.join(to, name));
    chmodSync(to, stat.mode & 0o777);
    utimesSync(to, stat.atime, stat.mtime);
  } else throw notAFile(from, stat);
}

/** Copies a file to an unused path, with mode and times. */
export function copyFile(from: string, to: string): void {
  withFile(from, READ, (source) => {
    const { mode, atime, mtime } = fstatSync(source);
    if (isCloned(from, to)) {
      utimesSync(to, atime, mtime);
      return;
    }
    const fill = (target: number) => {
      copyData(source, target);
      fchmodSync(target, mode & 0o777);
      futimesSync(target, atime, mtime);
    };
    withFile(to, 'wx', fill, mode & 0o700);
  });
}

/**
 * False if the file system does not support clones. A clone has the mode of its source from the
 * start.
 */
export function isCloned(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error;
    // The reason does not matter: the copy that follows either works or reports it.
    rmSync(to, { force: true });
    return false;
  }
}

function copyData(source: number, target: number): void {
  const buffer = readBuffer();
  let size = 0;
  let end = 0;
  for (;;) {
    const count = readSync(source, buffer, 0, buffer.length, size);
    if (count === 0) break;
    const last = writeData(target, buffer.subarray(0, count), size).at(-1);
    if (last !== undefined) end = size + last;
    size += count;
  }
  if (end < size) ftruncateSync(target, size);
}
