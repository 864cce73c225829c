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
import { convolutionUniforms } from './convolution-uniforms.js';
import { matrixOperand, placesOf, TAP_SOURCE } from './operands.js';
import { addSlices, productShader } from './product.js';
import { int, runShader, type Shader, type Width, widthOf } from './program.js';
import { type Plan, planProduct, type Tile } from './tile.js';
import type { Operand } from './tile-source.js';

type ConvInfo = backend_util.Conv2DInfo;

/** x [B, H, W, Cin], dy [B, OH, OW, Cout] → dW [KH, KW, Cin, Cout]. Channels last, no dilation. */
export function filterGradient(
  backend: WebGPUBackend,
  x: TensorInfo,
  dy: TensorInfo,
  conv: ConvInfo,
): TensorInfo {
  const rows = conv.filterHeight * conv.filterWidth * conv.inChannels;
  const pixels = conv.batchSize * conv.outHeight * conv.outWidth;
  const columns = conv.outChannels;
  const plan = planProduct({ rows, columns, inner: pixels, innerFirst: false });
  const partial = runShader(backend, shaderOf(conv, plan, rows, pixels), [x, dy]);
  return addSlices(backend, partial, plan.slices, conv.filterShape);
}

function shaderOf(conv: ConvInfo, plan: Plan, rows: number, pixels: number): Shader {
  const columns = conv.outChannels;
  const widths = { x: widthOf(conv.inChannels), dy: widthOf(columns) };
  return productShader({
    name: 'filterGradient',
    sides: { rows, inner: pixels, columns },
    plan,
    inputs: ['x', 'dy'],
    widths: { inputs: [widths.x, widths.dy], output: widths.dy },
    outputShape: [plan.slices, rows, columns],
    uniforms: { ...convolutionUniforms(conv), rows: int(rows), pixels: int(pixels) },
    functions: TAP_SOURCE,
    code: {
      a: tapOperand(widths.x, plan.tile),
      b: matrixOperand({
        name: 'b',
        buffer: 'dy',
        width: widths.dy,
        innerFirst: false,
        inner: 'uniforms.pixels',
        outer: 'uniforms.outChannels',
      }),
      rowBegin: '(slice * uniforms.rows + row) * uniforms.outChannels',
      rows: 'uniforms.rows',
      columns: 'uniforms.outChannels',
    },
  });
}

/** x as the left matrix: a row for each tap and input channel, along the pixels that it meets. */
function tapOperand(width: Width, tile: Tile): Operand {
  const places = placesOf(width);
  const tapAt = (k: number) =>
    `let tap${k} = tap_at(aOuter + ${k}, uniforms.inChannels, uniforms.filterWidth);`;
  const readPlace = (load: number, target: string, place: string, k: number) => {
    const at = `((image${load} * uniforms.inHeight + inY) * uniforms.inWidth + inX) * uniforms.inChannels + tap${k}.channel`;
    return `{
          let inY = outY${load} * uniforms.strideY - uniforms.top + tap${k}.y;
          let inX = outX${load} * uniforms.strideX - uniforms.left + tap${k}.x;
          if (aOuter + ${k} < uniforms.rows && inY >= 0 && inY < uniforms.inHeight && inX >= 0 && inX < uniforms.inWidth) {
            ${target}${place} = ${width === 4 ? `x[(${at}) >> 2u]` : `x[${at}]`};
          }
        }`;
  };
  return {
    name: 'a',
    innerFirst: false,
    begin: places.map((_, k) => tapAt(k)).join('\n'),
    // The pixel of dy that a load belongs to, as a place.
    beginLoad: (load) => `
    var outX${load} = aInner${load} % uniforms.outWidth;
    var outY${load} = aInner${load} / uniforms.outWidth % uniforms.outHeight;
    var image${load} = aInner${load} / uniforms.outWidth / uniforms.outHeight;`,
    read: (load, target) => `if (aInner${load} < uniforms.pixels) {
        ${places.map((place, k) => readPlace(load, target, place, k)).join(' ')} }`,
    advanceLoad: (load) => `
        outX${load} += ${tile.depth};
        while (outX${load} >= uniforms.outWidth) {
          outX${load} -= uniforms.outWidth;
          outY${load}++;
          if (outY${load} == uniforms.outHeight) {
            outY${load} = 0;
            image${load}++;
          }
        }`,
  };
}
