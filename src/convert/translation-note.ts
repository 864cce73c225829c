/** Notes on the translation: what it omits or changes, and why. */
import { lineOf, type Source, type Span } from '../pipeline/document/source-text.js';

export interface Note {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A stage, or a part of one, that pipeline.yaml cannot express. */
export class Untranslatable extends Error {}

/** Collects notes; `span` is a place in `source`. */
export class Notes {
  readonly #found: Note[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** Ignores repeated notes, because a part of a stage may be rendered several times. */
  add(span: Span, text: string): void {
    const { file } = this.#source;
    const line = lineOf(this.#source, span.start);
    if (this.#found.some((note) => note.line === line && note.text === text)) return;
    this.#found.push({ file, line, text });
  }

  /** Notes a property of many outs only at the first one. */
  addOnce(span: Span, text: string): void {
    if (!this.#found.some((note) => note.text === text)) this.add(span, text);
  }

  get all(): readonly Note[] {
    return [...this.#found].sort((a, b) => a.line - b.line);
  }

  /** The notes of the lines from `start` to `end`. */
  within({ start, end }: Span): readonly Note[] {
    const [first, last] = [lineOf(this.#source, start), lineOf(this.#source, end)];
    return this.all.filter(({ line }) => line >= first && line <= last);
  }
}
