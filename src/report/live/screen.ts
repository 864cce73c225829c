/** The only writer to the terminal during a live run: redraws a frame below lines that stay. */
import type { Write } from '../run-lines.js';
import type { Color, Line, Size } from './lines.js';
import { widthOf } from './text-columns.js';

const COLORS: Readonly<Record<Color, string>> = { running: '36', waiting: '33', faint: '2' };

const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export class LiveScreen {
  readonly #write: Write;
  readonly #colors: boolean;
  /** Widths of the frame's lines on the screen. */
  #drawn: readonly number[] = [];

  constructor(write: Write, colors: boolean) {
    this.#write = write;
    this.#colors = colors;
  }

  /** Writes lines that stay above the frame, and redraws it; an empty frame clears it. In one write. */
  draw(stays: readonly string[], frame: readonly Line[], size: Size): void {
    const lines = [...stays, ...frame.map((line) => this.#paint(line))];
    if (lines.length === 0 && this.#drawn.length === 0) return;
    const text = lines.map((line) => `${line}${CLEAR_LINE}\n`).join('');
    this.#write(`${this.#toTop(size)}${text}${CLEAR_BELOW}`);
    this.#drawn = frame.map((line) => line.reduce((sum, piece) => sum + widthOf(piece.text), 0));
  }

  /**
   * Moves back to the start of the frame, whose lines take more rows if the terminal has become
   * narrower.
   */
  #toTop({ columns }: Size): string {
    const rows = this.#drawn.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    return rows === 0 ? '\r' : `\r\x1b[${rows}A`;
  }

  #paint(line: Line): string {
    return line
      .map(({ text, color }) =>
        this.#colors && color !== undefined ? `\x1b[${COLORS[color]}m${text}\x1b[0m` : text,
      )
      .join('')
      .trimEnd();
  }
}
