/** Reads pipeline.yaml and the files that it names: a missing, too large or badly encoded file is a user error. */
import { readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { userError } from '../../error.js';
import { PIPELINE_FILE } from '../root.js';
import type { Mistake } from './diagnostics.js';

/** A file of this size contains some 25,000 stages; a larger one is a mistake. */
export const MAX_BYTES = 8 * 1024 * 1024;

/** @throws UserError when the file is not readable */
export function readPipeline(project: string, file = PIPELINE_FILE): string {
  const read = readText(project, file);
  if ('text' in read) return read.text;
  const { code, message, hint } = read.mistake;
  if (code === 'missing-file')
    throw userError(
      'no-pipeline',
      `there is no ${file} here`,
      file === PIPELINE_FILE
        ? 'run pipe in the project, or start one with: pipe init'
        : 'correct the path after --file',
    );
  throw userError(code, message, code === 'too-large' ? USE_A_MATRIX : hint);
}

export type TextRead = { readonly text: string } | { readonly mistake: Mistake };

/** The text of a file by its path in the project; calls `onStat` before reading it. */
export function readText(project: string, file: string, onStat?: (stat: Stats) => void): TextRead {
  try {
    const full = join(project, file);
    const stat = statSync(full);
    onStat?.(stat);
    // Reading a named pipe waits for a writer, and a device may never end.
    if (!stat.isFile() && !stat.isDirectory()) return { mistake: notAFile(file) };
    const { size } = stat;
    if (size > MAX_BYTES) return { mistake: tooLarge(file, size) };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(full)) };
  } catch (error) {
    const mistake = unreadable(file, (error as NodeJS.ErrnoException).code);
    if (mistake === undefined) throw error;
    return { mistake };
  }
}

function unreadable(file: string, code: string | undefined): Mistake | undefined {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { code: 'missing-file', message: `the file ${file} does not exist` };
    case 'EISDIR':
      return { code: 'unreadable', message: `${file} is a folder, not a file` };
    case 'ELOOP':
      return {
        code: 'unreadable',
        message: `${file} is a symbolic link that leads in a circle`,
        hint: 'remove the link, and put the file there',
      };
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'unreadable',
        message: `${file} cannot be read: permission denied`,
        hint: `give yourself the right to read it: chmod u+r ${file}`,
      };
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return { code: 'not-utf8', message: `${file} is not UTF-8 text`, hint: 'save it as UTF-8' };
    default:
      return undefined;
  }
}

function notAFile(file: string): Mistake {
  return {
    code: 'unreadable',
    message: `${file} is not a file, but a named pipe, a socket or a device`,
    hint: 'replace it by a file',
  };
}

/** Checks a text that {@link readPipeline} did not read. */
export function checkSize(text: string): void {
  if (text.length <= MAX_BYTES) return;
  const { code, message } = tooLarge(PIPELINE_FILE, text.length);
  throw userError(code, message, USE_A_MATRIX);
}

const USE_A_MATRIX = 'use a matrix instead of writing every stage out';

function tooLarge(file: string, size: number): Mistake {
  const mega = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  const message = `${file} has ${mega(size)}, and pipe reads at most ${mega(MAX_BYTES)}`;
  return { code: 'too-large', message };
}
