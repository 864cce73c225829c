/** The log of an execution: where its output goes, and its last lines. */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { printable } from '../printable.js';
import { masker } from './mask.js';

const TAIL_LINES = 20;
const TAIL_BYTES = 64 * 1024;
const LONGEST_LINE = 1000;

/** Never through a link: others may write to a shared cache. */
const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

/** A fresh log file, its folder made when needed. The caller closes the descriptor. */
export function openLog(path: string): number {
  try {
    return openSync(path, FRESH);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    mkdirSync(dirname(path), { recursive: true });
    return openSync(path, FRESH);
  }
}

/**
 * Writes what the stream gives into the log with the secrets masked; resolves at its end. What the log
 * cannot take (its disk is full) is left out: the process goes on, and `onLost` is told why.
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
    // Also after an error or when it is destroyed: what was held back is written in any case.
    stream.on('close', () => {
      put(mask());
      resolve();
    });
    stream.on('error', onLost);
  });
}

function writeAll(fd: number, data: Buffer): void {
  for (let at = 0; at < data.length; ) at += writeSync(fd, data, at);
}

/** The last lines of a log, reading no more than its end. */
export function lastLines(path: string): string[] {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const bytes = readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    const lines = buffer.toString('utf8', 0, bytes).split('\n');
    // The first line was cut into, unless it is all there is.
    if (size > buffer.length && lines.length > 1) lines.shift();
    if (lines.at(-1) === '') lines.pop();
    return lines.slice(-TAIL_LINES).map(shownLine);
  } finally {
    closeSync(fd);
  }
}

/** A line as a terminal would have left it: what a progress bar wrote over is gone, and so are colours. */
function shownLine(line: string): string {
  const last = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  const plain = printable(last);
  return plain.length > LONGEST_LINE ? `${plain.slice(0, LONGEST_LINE)}…` : plain;
}
