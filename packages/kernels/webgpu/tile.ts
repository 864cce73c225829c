/**
 * How a matrix product is cut for the GPU: into tiles of the product, each computed by one workgroup,
 * and where these are too few for the GPU, into slices of the inner dimension as well.
 */

export interface Tile {
  /** Rows and columns of the product that one workgroup computes. */
  readonly rows: number;
  readonly columns: number;
  /** Step along the inner dimension. */
  readonly depth: number;
  /** Rows and columns of the sums that one thread holds. */
  readonly threadRows: number;
  readonly threadColumns: number;
  /** Threads of a warp (32 threads) that lie beside each other along the columns. */
  readonly warpColumns: number;
  /** TFLOP/s on an H200 with all multiprocessors busy. */
  readonly speed: number;
}

const tile = (
  [rows, columns, depth]: readonly [number, number, number],
  [threadRows, threadColumns]: readonly [number, number],
  warpColumns: number,
  speed: number,
): Tile => ({ rows, columns, depth, threadRows, threadColumns, warpColumns, speed });

/** Speeds down to 32×128 are measured with plain matrices, the others are estimates. */
export const TILES: readonly Tile[] = [
  tile([128, 128, 16], [8, 8], 8, 40),
  tile([128, 64, 16], [8, 8], 8, 36),
  tile([64, 64, 16], [4, 4], 16, 28),
  tile([32, 128, 32], [8, 4], 16, 28),
  tile([128, 32, 16], [8, 4], 8, 22),
  tile([128, 16, 16], [4, 4], 4, 14),
  tile([128, 8, 16], [4, 4], 2, 7),
  tile([128, 4, 16], [4, 4], 1, 3),
  tile([32, 32, 32], [4, 4], 8, 16),
  tile([16, 64, 16], [4, 4], 16, 14),
  // A row of sums for each thread is not a group of four, so this does not work for inputs whose rows are adjacent.
  tile([128, 8, 16], [2, 4], 2, 8),
  tile([128, 4, 16], [1, 4], 1, 5),
];

export const threadsOf = (tile: Tile): number =>
  (tile.rows / tile.threadRows) * (tile.columns / tile.threadColumns);

/** A product of [rows, inner] by [inner, columns]. */
export interface Product {
  readonly rows: number;
  readonly columns: number;
  readonly inner: number;
  /** Whether the left input's values along the inner dimension lie side by side, and not along its rows. */
  readonly innerFirst: boolean;
}

export interface Plan {
  readonly tile: Tile;
  /** Parts of the inner dimension; with more than one, their products are added in a second pass. */
  readonly slices: number;
  /** Of the tile's depth, in each slice. */
  readonly steps: number;
}

/**
 * The plan that an H200 should finish first, from the sizes alone: the order of addition, and so
 * every byte of the result, is then the same on all devices.
 */
export function planProduct(product: Product): Plan {
  let best: Plan | undefined;
  let shortest = Number.POSITIVE_INFINITY;
  for (const tile of TILES) {
    if (!product.innerFirst && tile.threadRows % 4 !== 0) continue;
    for (const plan of plansOf(product, tile)) {
      const time = estimate(product, plan);
      if (time < shortest) [best, shortest] = [plan, time];
    }
  }
  return best!;
}

const SLICES = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
/** A slice shorter than this is not worth its partial product. */
const SHORTEST_SLICE = 64;
/** Bounds the partial products: 64 MiB. */
const MOST_PARTIAL_VALUES = 16 * 2 ** 20;

function plansOf({ rows, columns, inner }: Product, tile: Tile): Plan[] {
  const allSteps = Math.max(1, Math.ceil(inner / tile.depth));
  return SLICES.filter(
    (wanted) =>
      wanted === 1 ||
      (inner / wanted >= SHORTEST_SLICE && wanted * rows * columns <= MOST_PARTIAL_VALUES),
  ).map((wanted) => {
    const steps = Math.ceil(allSteps / wanted);
    return { tile, steps, slices: Math.ceil(allSteps / steps) };
  });
}

const PROCESSORS = 132;
/** Threads that keep a multiprocessor busy: fewer where each has many sums to work on at once. */
const busyThreads = (tile: Tile): number => (tile.threadRows * tile.threadColumns < 64 ? 512 : 256);
/** How many run at once, which their registers bound. */
const MOST_THREADS = 512;
/** Of what a workgroup does before its first step and after its last, in steps. */
const STEPS_AROUND = 3;
const SECOND_PASS_SECONDS = 4e-6;
const BYTES_PER_SECOND = 2.5e12;

/** Seconds. */
function estimate({ rows, columns }: Product, { tile, slices, steps }: Plan): number {
  const tiles = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  // The busiest multiprocessor decides; with few threads on it, it waits for memory.
  const groups = Math.ceil((tiles * slices) / PROCESSORS);
  const threads = threadsOf(tile) * Math.min(groups, MOST_THREADS / threadsOf(tile));
  const busy = Math.min(1, threads / busyThreads(tile));
  const work = 2 * tile.rows * tile.columns * tile.depth * (steps + STEPS_AROUND);
  const product = (groups * work * PROCESSORS) / (tile.speed * 1e12 * busy);
  if (slices === 1) return product;
  return product + SECOND_PASS_SECONDS + (2 * 4 * slices * rows * columns) / BYTES_PER_SECOND;
}
