/** What the translation leaves out or does in another way, and why. */
import { lineOf, type Source, type Span } from '../pipeline/document/source.js';

export interface Note {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A stage, or a part of it, that pipeline.yaml cannot express. */
export class Untranslatable extends Error {}

/** Collects notes; `span` is a place in `source`. */
export class Notes {
  readonly #found: Note[] = [];
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  /** A part of a stage that is rendered several times is noted once. */
  add(span: Span, text: string): void {
    const { file } = this.#source;
    const line = lineOf(this.#source, span.start);
    if (this.#found.some((note) => note.line === line && note.text === text)) return;
    this.#found.push({ file, line, text });
  }

  /** For what many outs have in common: noted at the first of them. */
  addOnce(span: Span, text: string): void {
    if (!this.#found.some((note) => note.text === text)) this.add(span, text);
  }

  get all(): readonly Note[] {
    return [...this.#found].sort((a, b) => a.line - b.line);
  }

  /** Those of the lines from `start` to `end`. */
  within({ start, end }: Span): readonly Note[] {
    const [first, last] = [lineOf(this.#source, start), lineOf(this.#source, end)];
    return this.all.filter(({ line }) => line >= first && line <= last);
  }
}
