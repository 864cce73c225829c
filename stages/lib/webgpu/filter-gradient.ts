/**
 * The gradient of a convolution's filter, as a tiled matrix product.
 *
 * dW[ky, kx, ci, co] = Σ over b, oy, ox of x[b, oy·s + ky − top, ox·s + kx − left, ci] · dy[b, oy, ox, co]
 * is a product of [kernel taps × input channels] rows by [output channels] columns along all pixels
 * of the batch. That inner dimension is long and the product small, so it is cut into slices, each
 * with workgroups of its own, whose partial products are then added in a fixed order. (The backend's
 * own kernel gives one thread to each weight, which walks all pixels alone.)
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { addRows } from './column-sum.js';
import { int, MAX_WORKGROUPS, runShader, type Shader, type Uniform } from './program.js';
import { chooseTile, DEPTH, type Tile, tileSource, WORKGROUP } from './tile.js';

type ConvInfo = backend_util.Conv2DInfo;

/** Enough workgroups to fill a large GPU several times over. */
const WANTED_WORKGROUPS = 1024;
/** A slice shorter than this is not worth its partial product. */
const SHORTEST_SLICE = 256;
/** Bounds the partial products: 64 MiB. */
const MOST_PARTIAL_VALUES = 16 * 2 ** 20;

/** x [B, H, W, Cin], dy [B, OH, OW, Cout] → dW [KH, KW, Cin, Cout]. Channels last, no dilation. */
export function filterGradient(
  backend: WebGPUBackend,
  x: TensorInfo,
  dy: TensorInfo,
  conv: ConvInfo,
): TensorInfo {
  const slices = cutIntoSlices(conv);
  const partial = runShader(backend, partialShader(conv, slices), [x, dy]);
  if (slices.count === 1) return { ...partial, shape: [...conv.filterShape] };
  const sum = addRows(backend, partial, slices.count, 1);
  backend.disposeData(partial.dataId);
  return { ...sum, shape: [...conv.filterShape] };
}

interface Slices {
  readonly count: number;
  /** Pixels in a slice, a multiple of DEPTH; the last slice may reach past the end. */
  readonly length: number;
}

function cutIntoSlices(conv: ConvInfo): Slices {
  const rows = conv.filterHeight * conv.filterWidth * conv.inChannels;
  const tile = chooseTile(rows, conv.outChannels);
  const tiles = Math.ceil(rows / tile.rows) * Math.ceil(conv.outChannels / tile.columns);
  const pixels = conv.batchSize * conv.outHeight * conv.outWidth;
  const wanted = Math.max(
    1,
    Math.min(
      Math.ceil(WANTED_WORKGROUPS / tiles),
      Math.floor(pixels / SHORTEST_SLICE),
      Math.floor(MOST_PARTIAL_VALUES / (rows * conv.outChannels)),
      MAX_WORKGROUPS,
    ),
  );
  const length = Math.ceil(pixels / wanted / DEPTH) * DEPTH;
  return { count: Math.ceil(pixels / length), length };
}

function partialShader(conv: ConvInfo, slices: Slices): Shader {
  const rows = conv.filterHeight * conv.filterWidth * conv.inChannels;
  const columns = conv.outChannels;
  const tile = chooseTile(rows, columns);
  return {
    key: `filterGradient_${tile.rows}_${tile.columns}`,
    inputs: ['x', 'dy'],
    outputShape: [slices.count, rows, columns],
    workgroupSize: WORKGROUP,
    workgroups: [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows), slices.count],
    uniforms: {
      ...convolutionUniforms(conv),
      steps: int(slices.length / DEPTH),
      rows: int(rows),
      pixels: int(conv.batchSize * conv.outHeight * conv.outWidth),
    },
    source: partialSource(tile),
  };
}

/** The sides of a convolution, as its shaders read them. */
export function convolutionUniforms(conv: ConvInfo): Record<string, Uniform> {
  return {
    inHeight: int(conv.inHeight),
    inWidth: int(conv.inWidth),
    inChannels: int(conv.inChannels),
    outHeight: int(conv.outHeight),
    outWidth: int(conv.outWidth),
    outChannels: int(conv.outChannels),
    filterWidth: int(conv.filterWidth),
    strideY: int(conv.strideHeight),
    strideX: int(conv.strideWidth),
    top: int(conv.padInfo.top),
    left: int(conv.padInfo.left),
  };
}

function partialSource(tile: Tile): string {
  // A thread keeps its row and its column; along the pixels it moves on by what the others take.
  const rowStride = WORKGROUP / tile.rows;
  const columnStride = WORKGROUP / tile.columns;
  return tileSource({
    tile,
    begin: `
    let sliceBegin = i32(workgroupId.z) * uniforms.steps * ${DEPTH};
    let sliceEnd = min(sliceBegin + uniforms.steps * ${DEPTH}, uniforms.pixels);
    // The row of A that this thread loads: one kernel tap of one input channel.
    let tapRow = thread % ${tile.rows};
    let tap = (rowBegin + tapRow) / uniforms.inChannels;
    let channel = (rowBegin + tapRow) % uniforms.inChannels;
    let tapY = tap / uniforms.filterWidth - uniforms.top;
    let tapX = tap % uniforms.filterWidth - uniforms.left;
    let tapExists = rowBegin + tapRow < uniforms.rows;
    // The pixel of dy that its next load belongs to, as a number and as a place.
    var pixel = sliceBegin + thread / ${tile.rows};
    var outX = pixel % uniforms.outWidth;
    var outY = (pixel / uniforms.outWidth) % uniforms.outHeight;
    var image = pixel / (uniforms.outWidth * uniforms.outHeight);
    let dyColumn = thread % ${tile.columns};
    let dyExists = columnBegin + dyColumn < uniforms.outChannels;`,
    load: `
      for (var row = thread / ${tile.rows}; row < ${DEPTH}; row += ${rowStride}) {
        let inY = outY * uniforms.strideY + tapY;
        let inX = outX * uniforms.strideX + tapX;
        var value = 0.0;
        if (tapExists && pixel < sliceEnd && inY >= 0 && inY < uniforms.inHeight &&
            inX >= 0 && inX < uniforms.inWidth) {
          let place = (image * uniforms.inHeight + inY) * uniforms.inWidth + inX;
          value = x[place * uniforms.inChannels + channel];
        }
        shared_a[row * ${tile.rows} + tapRow] = value;
        pixel += ${rowStride};
        outX += ${rowStride};
        while (outX >= uniforms.outWidth) {
          outX -= uniforms.outWidth;
          outY++;
          if (outY == uniforms.outHeight) {
            outY = 0;
            image++;
          }
        }
      }
      for (var row = thread / ${tile.columns}; row < ${DEPTH}; row += ${columnStride}) {
        let dyPixel = sliceBegin + step * ${DEPTH} + row;
        var value = 0.0;
        if (dyExists && dyPixel < sliceEnd) {
          value = dy[dyPixel * uniforms.outChannels + columnBegin + dyColumn];
        }
        shared_b[row * ${tile.columns} + dyColumn] = value;
      }`,
    store: `
        if (row < uniforms.rows && column < uniforms.outChannels) {
          let slice = i32(workgroupId.z) * uniforms.rows;
          result[(slice + row) * uniforms.outChannels + column] = value;
        }`,
  });
}
