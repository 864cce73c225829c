/** The log of an execution: its output file and its last lines. */
import { constants, fstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { printable } from '../printable.js';
import { inNewFolder, makeFolder } from '../sys/make-folder.js';
import { lastText, withFile, writeAll } from '../sys/open-file.js';
import { masker } from './mask-secrets.js';

const TAIL_LINES = 20;
const TAIL_BYTES = 64 * 1024;
const LONGEST_LINE = 1000;

/** Never follows a link, because others may write to a shared cache. */
const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** Creates a log file and its folder. The caller closes the descriptor. */
export function openLog(path: string): number {
  const folder = dirname(path);
  // The first log of an item needs it, and Node takes long to make an error.
  makeFolder(folder);
  return inNewFolder(folder, () => openSync(path, FRESH));
}

/**
 * Writes a stream to the log and masks secrets; resolves at its end. If the log cannot be written
 * (disk full), drops the output and calls `onLost` with the reason, and the process continues.
 */
export function writeMasked(
  stream: Readable,
  log: number,
  secrets: readonly string[],
  onLost: (error: Error) => void,
): Promise<void> {
  const mask = masker(secrets);
  const put = (data: Buffer) => {
    try {
      writeAll(log, data);
    } catch (error) {
      onLost(error as Error);
    }
  };
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => put(mask(chunk)));
    // Pending output is always written, even after an error or `destroy`.
    stream.on('close', () => {
      put(mask());
      resolve();
    });
    stream.on('error', onLost);
  });
}

/** The last lines of a log; reads only its end. */
export function lastLines(path: string, count = TAIL_LINES): string[] {
  return withFile(path, 'r', (fd) => {
    const { size } = fstatSync(fd);
    const text = lastText(fd, size, TAIL_BYTES);
    const lines = text.split('\n');
    // The first line is cut, unless it is the only one.
    if (size > TAIL_BYTES && lines.length > 1) lines.shift();
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-count).map(shownLine);
  });
}

/** A line as a terminal would show it: without text that a progress bar overwrote, and without colours. */
function shownLine(line: string): string {
  const last = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  const plain = printable(last);
  return plain.length > LONGEST_LINE ? `${plain.slice(0, LONGEST_LINE)}…` : plain;
}
