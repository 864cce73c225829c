/** The text of pipeline.yaml: read with care, and the places in it by offset. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Place, userError } from '../../error.js';
import { PIPELINE_FILE } from '../root.js';

/** A file of this size holds some 25,000 stages; a larger one is an accident. */
export const MAX_BYTES = 8 * 1024 * 1024;

/** Offsets into the text, the end excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Source {
  /** As the user would write it, relative to the project. */
  readonly file: string;
  readonly text: string;
  /** Offset of the first character of each line. */
  readonly lines: readonly number[];
}

export function createSource(file: string, text: string): Source {
  const lines = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.push(at + 1);
  return { file, text, lines };
}

/** Reads the project's pipeline.yaml; its absence, size or encoding may be the user's mistake. */
export function readPipeline(project: string): string {
  const bytes = readBytes(join(project, PIPELINE_FILE));
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw userError('not-utf8', `${PIPELINE_FILE} is not UTF-8 text`, 'save it as UTF-8');
  }
}

function readBytes(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw tooLarge(size);
    return readFileSync(path);
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case 'ENOENT':
      case 'ENOTDIR':
        throw userError(
          'no-pipeline',
          `there is no ${PIPELINE_FILE} here`,
          'run pipe in the project, or start one with: pipe init',
        );
      case 'EISDIR':
        throw userError('unreadable', `${PIPELINE_FILE} is a folder, not a file`);
      case 'EACCES':
      case 'EPERM':
        throw userError(
          'unreadable',
          `${PIPELINE_FILE} cannot be read: permission denied`,
          'give yourself the right to read it: chmod u+r pipeline.yaml',
        );
      default:
        throw error;
    }
  }
}

/** For a text that came from elsewhere than {@link readPipeline}. */
export function checkSize(text: string): void {
  if (text.length > MAX_BYTES) throw tooLarge(text.length);
}

function tooLarge(size: number): Error {
  const mega = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  return userError(
    'too-large',
    `${PIPELINE_FILE} is ${mega(size)} large; at most ${mega(MAX_BYTES)} are read`,
    'use a matrix instead of writing every stage out',
  );
}

/** The 1-based line of an offset. */
export function lineOf({ lines }: Source, offset: number): number {
  let low = 0;
  let high = lines.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (lines[middle]! <= offset) low = middle;
    else high = middle;
  }
  return low + 1;
}

/** What an error shows: the line of the span's start, and as much of it as the span covers. */
export function placeOf(source: Source, span: Span): Place {
  const line = lineOf(source, span.start);
  const start = source.lines[line - 1]!;
  const next = source.lines[line];
  const end = next === undefined ? source.text.length : next - 1;
  const text = source.text.slice(start, end).replace(/\r$/, '');
  const covered = source.text.slice(span.start, Math.min(span.end, start + text.length)).trimEnd();
  return {
    file: source.file,
    line,
    column: span.start - start + 1,
    length: Math.max(1, covered.length),
    text,
  };
}
