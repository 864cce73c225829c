/** In which order frequency selective reconstruction takes the blocks of a hole: the best surrounded first. */

/**
 * Blocks whose neighbours are known come first. Each that is filled makes its neighbours better
 * surrounded; blocks that touch are never taken in the same round.
 *
 * @param open [rows, columns], 1 where a block has unknown pixels
 * @param chosen 1 where such a block is to be filled now
 */
export function* blocksInOrder(
  open: Uint8Array,
  chosen: Uint8Array,
  columns: number,
  rows: number,
): Generator<number> {
  const waiting = chosen.slice();
  const unknown = unknownNeighbours(open, columns, rows);
  for (;;) {
    const round = nextRound(waiting, unknown, columns, rows);
    if (round.length === 0) return;
    for (const at of round) {
      yield at;
      waiting[at] = 0;
      forEachNeighbour(at, columns, rows, (near) => {
        unknown[near]!--;
      });
    }
  }
}

/** Neighbours with unknown pixels, of eight; those beyond the image's border count as unknown. */
function unknownNeighbours(open: Uint8Array, columns: number, rows: number): Int32Array {
  const unknown = new Int32Array(open.length);
  for (let at = 0; at < open.length; at++) {
    forEachNeighbour(at, columns, rows, (near) => {
      unknown[at]! += open[near]!;
    });
    const x = at % columns;
    const y = Math.floor(at / columns);
    const [atEnd, atSide] = [y === 0 || y === rows - 1, x === 0 || x === columns - 1];
    if (atEnd || atSide) unknown[at]! += atEnd && atSide ? 5 : 3;
  }
  return unknown;
}

function nextRound(
  waiting: Uint8Array,
  unknown: Int32Array,
  columns: number,
  rows: number,
): number[] {
  let fewest = Number.POSITIVE_INFINITY;
  for (let at = 0; at < waiting.length; at++) {
    if (waiting[at] === 1) fewest = Math.min(fewest, unknown[at]!);
  }
  const barred = new Uint8Array(waiting.length);
  const round: number[] = [];
  for (let at = 0; at < waiting.length; at++) {
    if (waiting[at] === 0 || unknown[at] !== fewest || barred[at] === 1) continue;
    round.push(at);
    forEachNeighbour(at, columns, rows, (near) => {
      barred[near] = 1;
    });
  }
  return round;
}

function forEachNeighbour(
  at: number,
  columns: number,
  rows: number,
  visit: (near: number) => void,
): void {
  const x = at % columns;
  const y = Math.floor(at / columns);
  for (let ny = Math.max(0, y - 1); ny <= Math.min(rows - 1, y + 1); ny++) {
    for (let nx = Math.max(0, x - 1); nx <= Math.min(columns - 1, x + 1); nx++) {
      if (nx !== x || ny !== y) visit(ny * columns + nx);
    }
  }
}
