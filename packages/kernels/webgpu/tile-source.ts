/**
 * The shader of a tiled matrix product. Each thread keeps a grid of sums; step by step along the inner
 * dimension, a workgroup brings what its tile needs into shared memory. While it multiplies one step,
 * the values of the next are already on their way into registers. Everything is moved by four.
 * The order of addition is fixed: same bytes in every run.
 */
import { type Tile, threadsOf } from './tile.js';

/**
 * An input of the product, as text. Its values are read by four, which lie side by side in memory:
 * along the inner dimension when `innerFirst`, else along the outer one (rows of the left input,
 * columns of the right one).
 *
 * The texts find the first of the four in integers called by the input's `name`, `a` or `b`: for load
 * 2 of `a` that is `aInner` and `aOuter2` when `innerFirst`, else `aInner2` and `aOuter`. They may
 * declare variables of their own.
 */
export interface Operand {
  readonly name: 'a' | 'b';
  readonly innerFirst: boolean;
  /** Once for a thread. */
  readonly begin?: string;
  /** Once for a thread and load. */
  readonly beginLoad?: (load: number) => string;
  /** Before the loads of a step. */
  readonly beginStep?: string;
  /** Sets the vec4 `target`, which is zero before, to what lies inside the input. */
  readonly read: (load: number, target: string) => string;
  /** After the loads of a step: what follows the inner dimension moves on by `depth`. */
  readonly advance?: string;
  readonly advanceLoad?: (load: number) => string;
}

export interface TileCode {
  readonly tile: Tile;
  readonly a: Operand;
  readonly b: Operand;
  /** An expression of where `row` of the product, in `slice`, begins in the result. */
  readonly rowBegin: string;
  /** Expressions for the sides of the product. */
  readonly rows: string;
  readonly columns: string;
  /** Whether the result is an array of vec4. */
  readonly wideResult: boolean;
}

/** Tiles along y in a dispatch; the others go to z, which the slices share. */
const ROW_TILES_Y = 32_768;

/** Workgroups for a product of `rows` × `columns`, in `slices`. */
export function workgroupsOf(
  tile: Tile,
  rows: number,
  columns: number,
  slices: number,
): [number, number, number] {
  const rowTiles = Math.ceil(rows / tile.rows);
  const y = Math.min(rowTiles, ROW_TILES_Y);
  return [Math.ceil(columns / tile.columns), y, slices * Math.ceil(rowTiles / y)];
}

/** A complete shader; finds `uniforms.steps` and `uniforms.slices`. */
export function tileSource(code: TileCode): string {
  const { tile } = code;
  const a = sideOf(code.a, tile, tile.rows);
  const b = sideOf(code.b, tile, tile.columns);
  const load = [a.load, b.load, a.advance, b.advance].join('');
  return `
  var<workgroup> shared_a : array<vec4<f32>, ${a.size}>;
  var<workgroup> shared_b : array<vec4<f32>, ${b.size}>;

  fn main() {
    let thread = i32(localIndex);
    ${threadPlace(tile)}
    let slice = i32(workgroupId.z) % uniforms.slices;
    let rowTile = i32(workgroupId.z) / uniforms.slices * ${ROW_TILES_Y} + i32(workgroupId.y);
    let aBegin = rowTile * ${tile.rows};
    let bBegin = i32(workgroupId.x) * ${tile.columns};
    let innerBegin = slice * uniforms.steps * ${tile.depth};
    ${a.begin}
    ${b.begin}
    ${sums(code)}
    ${load}
    for (var step = 0; step < uniforms.steps; step++) {
      ${a.keep}
      ${b.keep}
      workgroupBarrier();
      if (step + 1 < uniforms.steps) {
        ${load}
      }
      ${forEachQuad(tile, multiply(code, a.stride, b.stride))}
      workgroupBarrier();
    }
    ${store(code)}
  }`;
}

/** Names a tile in the key of a shader. */
export const tileKey = (tile: Tile): string =>
  `${tile.rows}x${tile.columns}x${tile.depth}_${tile.threadRows}x${tile.threadColumns}`;

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const lines = (length: number, line: (i: number) => string): string =>
  range(length).map(line).join('\n');

const across = (tile: Tile): number => tile.columns / tile.threadColumns;
const down = (tile: Tile): number => tile.rows / tile.threadRows;

/** A warp is a block of threads, so that it reads few different values of shared memory. */
function threadPlace(tile: Tile): string {
  const wide = tile.warpColumns;
  const high = 32 / wide;
  const warps = across(tile) / wide;
  return `
    let threadColumn = thread / 32 % ${warps} * ${wide} + thread % ${wide};
    let threadRow = thread / ${32 * warps} * ${high} + thread % 32 / ${wide};`;
}

interface Side {
  readonly begin: string;
  /** Fetches a step into registers. */
  readonly load: string;
  /** Moves on to the next step. */
  readonly advance: string;
  /** Moves it on to shared memory. */
  readonly keep: string;
  /** Between the lines of the tile in shared memory, and of all of them, in vec4. */
  readonly stride: number;
  readonly size: number;
}

function sideOf(operand: Operand, tile: Tile, length: number): Side {
  const { name, innerFirst } = operand;
  const threads = threadsOf(tile);
  // The tile lies in shared memory as in its tensor: lines of vec4, one thread on each.
  const lineLength = (innerFirst ? tile.depth : length) / 4;
  const lineCount = innerFirst ? length : tile.depth;
  // One more, so that the lines that a warp reads at a time lie in different banks.
  const padded = name === 'b' ? innerFirst : innerFirst && tile.warpColumns < 8;
  const stride = lineLength + (padded ? 1 : 0);
  const apart = threads / lineLength; // lines between the loads of a thread
  const loads = Math.ceil(lineCount / apart);
  const [moving, fixed] = innerFirst ? ['Outer', 'Inner'] : ['Inner', 'Outer'];
  const beginOf = (part: string) => (part === 'Inner' ? 'innerBegin' : `${name}Begin`);
  const guard = (load: number, text: string) =>
    (load + 1) * apart > lineCount
      ? `if (${name}Line + ${load * apart} < ${lineCount}) { ${text} }`
      : text;
  return {
    stride,
    size: stride * lineCount,
    begin: `
    let ${name}Lane = thread % ${lineLength};
    let ${name}Line = thread / ${lineLength};
    var ${name}${fixed} = ${beginOf(fixed!)} + ${name}Lane * 4;
    ${operand.begin ?? ''}
    ${lines(
      loads,
      (load) => `
    var ${name}${moving}${load} = ${beginOf(moving!)} + ${name}Line + ${load * apart};
    var ${name}Register${load} : vec4<f32>;
    ${operand.beginLoad?.(load) ?? ''}`,
    )}`,
    load: `
        ${operand.beginStep ?? ''}
        ${lines(
          loads,
          (load) => `
        ${name}Register${load} = vec4<f32>();
        ${guard(load, operand.read(load, `${name}Register${load}`))}
`,
        )}`,
    advance: `
        ${innerFirst ? `${name}Inner += ${tile.depth};` : lines(loads, (load) => `${name}Inner${load} += ${tile.depth};`)}
        ${lines(loads, (load) => operand.advanceLoad?.(load) ?? '')}
        ${operand.advance ?? ''}`,
    keep: lines(loads, (load) =>
      guard(
        load,
        `shared_${name}[(${name}Line + ${load * apart}) * ${stride} + ${name}Lane] = ${name}Register${load};`,
      ),
    ),
  };
}

/** Columns that lie side by side in shared memory are summed by four. */
const columnGroups = ({ b, tile }: TileCode): number =>
  b.innerFirst ? tile.threadColumns : tile.threadColumns / 4;

function sums(code: TileCode): string {
  const type = code.b.innerFirst ? 'f32' : 'vec4<f32>';
  return lines(code.tile.threadRows, (i) =>
    lines(columnGroups(code), (j) => `var sum${i}_${j} : ${type};`),
  );
}

const PARTS = ['x', 'y', 'z', 'w'];

/**
 * The steps of four along the depth. With many sums in a thread they are written out, so that values of
 * the next can be read meanwhile; with few there are other threads that work meanwhile.
 */
function forEachQuad(tile: Tile, text: string): string {
  const quads = tile.depth / 4;
  if (tile.threadRows * tile.threadColumns < 64) {
    return `for (var quad = 0; quad < ${quads}; quad++) { ${text} }`;
  }
  return lines(quads, (quad) => `{ const quad = ${quad}; ${text} }`);
}

/** Four values along the inner dimension, one after the other. */
function multiply(code: TileCode, aStride: number, bStride: number): string {
  const { tile, a, b } = code;
  const place = { a: 'threadRow', b: 'threadColumn' };
  const apart = { a: down(tile), b: across(tile) };
  const stride = { a: aStride, b: bStride };
  const along = (name: 'a' | 'b', count: number) =>
    lines(count, (i) => {
      const line = `(${place[name]} + ${i * apart[name]}) * ${stride[name]}`;
      return `let ${name}${i} = shared_${name}[${line} + quad];`;
    });
  const beside = (name: 'a' | 'b', count: number, k: number) =>
    lines(count, (i) => {
      const line = `(quad * 4 + ${k}) * ${stride[name]}`;
      return `let ${name}${i} = shared_${name}[${line} + ${place[name]} + ${i * apart[name]}];`;
    });
  const product = (i: number, j: number, k: number) => {
    const left = a.innerFirst ? `a${i}.${PARTS[k]}` : `a${i >> 2}.${PARTS[i & 3]}`;
    const factors = b.innerFirst ? `${left}, b${j}.${PARTS[k]}` : `vec4<f32>(${left}), b${j}`;
    return `sum${i}_${j} = fma(${factors}, sum${i}_${j});`;
  };
  return `
        ${a.innerFirst ? along('a', tile.threadRows) : ''}
        ${b.innerFirst ? along('b', tile.threadColumns) : ''}
        ${lines(
          4,
          (k) => `{
          ${a.innerFirst ? '' : beside('a', tile.threadRows / 4, k)}
          ${b.innerFirst ? '' : beside('b', tile.threadColumns / 4, k)}
          ${lines(tile.threadRows, (i) => lines(columnGroups(code), (j) => product(i, j, k)))}
        }`,
        )}`;
}

/** Values outside of the product, which the edge tiles compute too, are left away. */
function store(code: TileCode): string {
  const { tile, a, b } = code;
  const rowOf = (i: number) =>
    a.innerFirst
      ? `aBegin + threadRow + ${i * down(tile)}`
      : `aBegin + (threadRow + ${(i >> 2) * down(tile)}) * 4 + ${i & 3}`;
  const write = (i: number, j: number) => {
    const first = `threadColumn + ${j * across(tile)}`;
    const column = b.innerFirst ? `bBegin + ${first}` : `bBegin + (${first}) * 4`;
    const values = b.innerFirst || code.wideResult ? [''] : PARTS.map((part) => `.${part}`);
    return values
      .map((part, k) => {
        const at = code.wideResult ? '(begin + column) >> 2u' : `begin + column + ${k}`;
        const inside = `column + ${k} < ${code.columns}`;
        return `if (${inside}) { result[${at}] = sum${i}_${j}${part}; }`;
      })
      .reduce((text, line) => `${text} ${line}`, `{ let column = ${column};`)
      .concat(' }');
  };
  return lines(
    tile.threadRows,
    (i) => `
    {
      let row = ${rowOf(i)};
      if (row < ${code.rows}) {
        let begin = ${code.rowBegin};
        ${lines(columnGroups(code), (j) => write(i, j))}
      }
    }`,
  );
}
