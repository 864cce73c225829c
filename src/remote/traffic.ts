/** Traffic to and from the remote cache: reports progress, rate and time left. */
import type { Transfer } from '../event.js';
import type { Direction } from './store.js';

/** Milliseconds between two reports; shorter transfers are not reported. */
const EVERY = 1000;

/** Number of reports over which the rate is measured. */
const WINDOW = 5;

interface Sum {
  planned: number;
  moved: number;
  /** Bytes moved at each of the last reports, the newest last. */
  last: number[];
}

export class Traffic {
  readonly #emit: (event: Transfer) => void;
  readonly #sums: Readonly<Record<Direction, Sum>> = { in: nothing(), out: nothing() };
  #timer: NodeJS.Timeout | undefined;

  constructor(emit: (event: Transfer) => void) {
    this.#emit = emit;
  }

  /** Adds bytes to the amount to move. */
  plan(direction: Direction, bytes: number): void {
    this.#sums[direction].planned += bytes;
    this.#timer ??= setInterval(this.#report, EVERY).unref();
  }

  moved(direction: Direction, bytes: number): void {
    this.#sums[direction].moved += bytes;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  readonly #report = () => {
    for (const direction of ['in', 'out'] as const) {
      const { planned, moved, last } = this.#sums[direction];
      last.push(moved);
      if (last.length > WINDOW + 1) last.shift();
      const [first = 0] = last;
      const rate = ((moved - first) / Math.max(1, last.length - 1)) * (1000 / EVERY);
      // Records are not part of the plan, and an object may be moved twice.
      const left = Math.max(0, planned - moved);
      if (left === 0 || moved === 0) continue;
      this.#emit({
        type: 'transfer',
        direction,
        done: moved,
        total: planned,
        rate: Math.round(rate),
        ...(rate > 0 ? { left: Math.ceil(left / rate) } : {}),
      });
    }
  };
}

function nothing(): Sum {
  return { planned: 0, moved: 0, last: [] };
}
