/**
 * The tiled matrix product that our shaders are made of: a workgroup of 256 computes one tile of
 * the product, step by step along the inner dimension, through shared memory.
 */

export const WORKGROUP = 256;
/** Depth of one step along the inner dimension. */
export const DEPTH = 16;
const SIDE = 16; // threads along each side of a tile: 16 × 16 = WORKGROUP

export interface Tile {
  /** Rows and columns of the product that one workgroup computes: 16, 32 or 64. */
  readonly rows: number;
  readonly columns: number;
}

/** The smallest tile that holds the product, up to 64 × 64. */
export function chooseTile(rows: number, columns: number): Tile {
  return { rows: chooseSide(rows), columns: chooseSide(columns) };
}

function chooseSide(length: number): number {
  if (length <= 16) return 16;
  return length <= 32 ? 32 : 64;
}

export interface TileCode {
  readonly tile: Tile;
  /** Runs once per thread, before the first step. */
  readonly begin: string;
  /** Fills `shared_a[inner * rows + row]` and `shared_b[inner * columns + column]` for one step. */
  readonly load: string;
  /** Called with `row`, `column` (global) and `value`; checks the bounds itself. */
  readonly store: string;
  /** Which tile along the rows this workgroup computes; its y when not given. */
  readonly rowTile?: string;
}

/**
 * A complete shader around the given reads and writes.
 * Each thread holds a grid of sums whose rows and columns lie 16 apart, so that neighbours read
 * and write neighbouring addresses. The order of summation is fixed: same bytes in every run.
 */
export function tileSource(code: TileCode): string {
  const { rows, columns } = code.tile;
  const rowsPerThread = rows / SIDE;
  const columnsPerThread = columns / SIDE;
  return `
  var<workgroup> shared_a : array<f32, ${rows * DEPTH}>;
  var<workgroup> shared_b : array<f32, ${columns * DEPTH}>;

  fn main() {
    let thread = i32(localIndex);
    let threadColumn = thread % ${SIDE};
    let threadRow = thread / ${SIDE};
    let columnBegin = i32(workgroupId.x) * ${columns};
    let rowBegin = ${code.rowTile ?? 'i32(workgroupId.y)'} * ${rows};
    ${code.begin}
    var sums : array<array<f32, ${columnsPerThread}>, ${rowsPerThread}>;
    for (var step = 0; step < uniforms.steps; step++) {
      ${code.load}
      workgroupBarrier();
      for (var inner = 0; inner < ${DEPTH}; inner++) {
        var b : array<f32, ${columnsPerThread}>;
        for (var j = 0; j < ${columnsPerThread}; j++) {
          b[j] = shared_b[inner * ${columns} + threadColumn + j * ${SIDE}];
        }
        for (var i = 0; i < ${rowsPerThread}; i++) {
          let a = shared_a[inner * ${rows} + threadRow + i * ${SIDE}];
          for (var j = 0; j < ${columnsPerThread}; j++) {
            sums[i][j] = fma(a, b[j], sums[i][j]);
          }
        }
      }
      workgroupBarrier();
    }
    for (var i = 0; i < ${rowsPerThread}; i++) {
      for (var j = 0; j < ${columnsPerThread}; j++) {
        let row = rowBegin + threadRow + i * ${SIDE};
        let column = columnBegin + threadColumn + j * ${SIDE};
        let value = sums[i][j];
        ${code.store}
      }
    }
  }`;
}
