/** Sums over all axes but the last: bias gradients, batch-norm moments, partial matrix products. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { float, int, MAX_WORKGROUPS, runShader, type Width, widthOf } from './program.js';

/** A workgroup adds up 32 columns beside each other, each in 8 threads that take turns at the rows. */
const COLUMNS = 32;
const LANES = 8;
/** Rows that a workgroup adds up before another takes over: the most, and too few to be worth it. */
const MOST_ROWS = 2048;
const FEWEST_ROWS = 128;
/** Fewer than this a workgroup adds up alone. */
const FEW_ROWS = 512;
/** Enough workgroups to fill a large GPU several times over. */
const WANTED_WORKGROUPS = 1024;

/**
 * Σ over rows of x, read as [rows, columns], times `scale`: [columns].
 *
 * In several passes when there are many rows, so that a narrow matrix keeps a whole GPU busy: first
 * slices of the rows, then their sums. The order of addition depends on the shape alone.
 */
export function sumRows(
  backend: WebGPUBackend,
  x: TensorInfo,
  rows: number,
  scale: number,
): TensorInfo {
  const columns = x.shape.reduce((product, side) => product * side, 1) / rows;
  const fold = foldOf(rows, columns);
  let current = x;
  let left = rows / fold;
  for (;;) {
    const slices = slicesOf(left, columns * fold);
    const last = slices === 1 && fold === 1;
    const next = addSlices(backend, current, left, slices, last ? scale : 1);
    if (current !== x) backend.disposeData(current.dataId);
    current = next;
    left = slices;
    if (slices === 1) break;
  }
  if (fold === 1) return { ...current, shape: [columns] };
  const sum = addSlices(backend, current, fold, 1, scale);
  backend.disposeData(current.dataId);
  return { ...sum, shape: [columns] };
}

/** How many rows of a narrow matrix make one row of at least a workgroup's width: a power of two. */
function foldOf(rows: number, columns: number): number {
  let fold = 1;
  while (columns * fold < COLUMNS && rows % (2 * fold) === 0) fold *= 2;
  return fold;
}

function slicesOf(rows: number, columns: number): number {
  if (rows <= FEW_ROWS) return 1;
  const wanted = Math.ceil(WANTED_WORKGROUPS / Math.ceil(columns / COLUMNS));
  const most = Math.floor(rows / FEWEST_ROWS);
  return Math.max(1, Math.ceil(rows / MOST_ROWS), Math.min(wanted, most));
}

/** Adds the rows of each of `slices` equal slices: [slices, columns]. */
function addSlices(
  backend: WebGPUBackend,
  x: TensorInfo,
  rows: number,
  slices: number,
  scale: number,
): TensorInfo {
  const columns = x.shape.reduce((product, side) => product * side, 1) / rows;
  const wide = slices === 1 && columns >= MANY_COLUMNS;
  const width = wide ? widthOf(columns) : 1;
  const groups = Math.ceil(columns / (wide ? COLUMNS * LANES * width : COLUMNS));
  const groupsX = Math.min(groups, MAX_WORKGROUPS);
  const shader = {
    key: wide ? 'sumFewRows' : 'sumRows',
    label: `sumRows ${rows}×${columns}/${slices}`,
    inputs: ['x'],
    components: { inputs: [width], output: width },
    outputShape: [slices, columns],
    workgroupSize: COLUMNS * LANES,
    workgroups: [groupsX, slices, Math.ceil(groups / groupsX)] as const,
    uniforms: {
      rows: int(rows),
      columns: int(columns / width),
      sliceRows: int(Math.ceil(rows / slices)),
      groupsX: int(groupsX),
      scale: float(scale),
    },
    source: wide ? wideSource(width) : SOURCE,
  };
  return runShader(backend, shader, [x]);
}

/** From here on there are threads enough with one for each column, or for four. */
const MANY_COLUMNS = 32_768;

const wideSource = (width: Width): string => `
  fn main() {
    let group = i32(workgroupId.z) * uniforms.groupsX + i32(workgroupId.x);
    let column = group * ${COLUMNS * LANES} + i32(localIndex);
    if (column < uniforms.columns) {
      var sum = x[column];
      for (var row = 1; row < uniforms.rows; row++) {
        sum += x[row * uniforms.columns + column];
      }
      result[column] = sum * ${width === 4 ? 'vec4<f32>(uniforms.scale)' : 'uniforms.scale'};
    }
  }`;

// Four sums in a thread, so that it waits for four values at once.
const SOURCE = `
  var<workgroup> sums : array<f32, ${COLUMNS * LANES}>;

  fn main() {
    let thread = i32(localIndex);
    let lane = thread / ${COLUMNS};
    let group = i32(workgroupId.z) * uniforms.groupsX + i32(workgroupId.x);
    let column = group * ${COLUMNS} + thread % ${COLUMNS};
    let slice = i32(workgroupId.y);
    let end = min((slice + 1) * uniforms.sliceRows, uniforms.rows);
    var four = vec4<f32>();
    if (column < uniforms.columns) {
      let columns = uniforms.columns;
      var row = slice * uniforms.sliceRows + lane;
      for (; row + ${3 * LANES} < end; row += ${4 * LANES}) {
        let place = row * columns + column;
        four += vec4<f32>(x[place], x[place + ${LANES} * columns],
            x[place + ${2 * LANES} * columns], x[place + ${3 * LANES} * columns]);
      }
      for (; row < end; row += ${LANES}) {
        four.x += x[row * columns + column];
      }
    }
    sums[thread] = (four.x + four.y) + (four.z + four.w);
    workgroupBarrier();
    if (lane == 0 && column < uniforms.columns) {
      var sum = sums[thread];
      for (var other = 1; other < ${LANES}; other++) {
        sum += sums[thread + other * ${COLUMNS}];
      }
      result[slice * uniforms.columns + column] = sum * uniforms.scale;
    }
  }`;
