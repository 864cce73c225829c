/** Sums over all axes but the last: bias gradients, batch-norm moments, partial matrix products. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { float, int, MAX_WORKGROUPS, runShader } from './program.js';

const WORKGROUP = 64;
/** Rows that one thread adds up before another takes over. */
const ROWS_PER_SLICE = 256;

/**
 * Σ over rows of x, read as [rows, columns], times `scale`: [columns].
 *
 * In two passes when there are many rows, so that a narrow matrix keeps a whole GPU busy: first
 * slices of 256 rows, then their sums. The order of addition depends on the shape alone.
 */
export function sumRows(
  backend: WebGPUBackend,
  x: TensorInfo,
  rows: number,
  scale: number,
): TensorInfo {
  const fold = foldOf(rows, x.shape.at(-1) ?? 1);
  let current = x;
  let left = rows / fold;
  while (left > ROWS_PER_SLICE) {
    const slices = Math.min(Math.ceil(left / ROWS_PER_SLICE), MAX_WORKGROUPS);
    const next = addSlices(backend, current, left, slices, 1);
    if (current !== x) backend.disposeData(current.dataId);
    current = next;
    left = slices;
  }
  const sum = addRows(backend, current, left, fold === 1 ? scale : 1);
  if (current !== x) backend.disposeData(current.dataId);
  if (fold === 1) return sum;
  const unfolded = addRows(backend, sum, fold, scale);
  backend.disposeData(sum.dataId);
  return unfolded;
}

/** How many rows of a narrow matrix make one row of at least a workgroup's width: a power of two. */
function foldOf(rows: number, columns: number): number {
  let fold = 1;
  while (columns * fold < WORKGROUP && rows % (2 * fold) === 0) fold *= 2;
  return fold;
}

/** Like sumRows, in one pass with one thread for a column. */
export function addRows(
  backend: WebGPUBackend,
  x: TensorInfo,
  rows: number,
  scale: number,
): TensorInfo {
  const sum = addSlices(backend, x, rows, 1, scale);
  return { ...sum, shape: [sum.shape[1] ?? 0] };
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
  const groups = Math.ceil(columns / WORKGROUP);
  const groupsX = Math.min(groups, MAX_WORKGROUPS);
  const shader = {
    key: 'sumRows',
    inputs: ['x'],
    outputShape: [slices, columns],
    workgroupSize: WORKGROUP,
    workgroups: [groupsX, slices, Math.ceil(groups / groupsX)] as const,
    uniforms: {
      rows: int(rows),
      columns: int(columns),
      sliceRows: int(Math.ceil(rows / slices)),
      groupsX: int(groupsX),
      scale: float(scale),
    },
    source: SOURCE,
  };
  return runShader(backend, shader, [x]);
}

const SOURCE = `
  fn main() {
    let group = i32(workgroupId.z) * uniforms.groupsX + i32(workgroupId.x);
    let column = group * ${WORKGROUP} + i32(localIndex);
    let slice = i32(workgroupId.y);
    let end = min((slice + 1) * uniforms.sliceRows, uniforms.rows);
    if (column < uniforms.columns) {
      var sum = 0.0;
      for (var row = slice * uniforms.sliceRows; row < end; row++) {
        sum += x[row * uniforms.columns + column];
      }
      result[slice * uniforms.columns + column] = sum * uniforms.scale;
    }
  }`;
