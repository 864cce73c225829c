/** A text, and positions in it by offset. */
import type { Place } from '../../error.js';
import { firstIndex } from '../../lists.js';

/** Offsets into the text, excluding the end. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface Source {
  /** Relative to the project, as the user would write it. */
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

/** The 1-based line of an offset. */
export function lineOf({ lines }: Source, offset: number): number {
  return firstIndex(lines.length, (at) => lines[at]! <= offset);
}

/**
 * The place that an error shows: the first line of the span, and the part of the line that the span
 * covers.
 */
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
