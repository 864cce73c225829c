/**
 * A convolution, as a tiled matrix product.
 *
 * y[b, oy, ox, co] = Σ over taps and ci of x[b, oy·s + ky − top, ox·s + kx − left, ci] · W[ky, kx, ci, co]
 * is a product of [pixels] rows by [output channels] columns along all taps and input channels.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { convolutionUniforms } from './convolution-uniforms.js';
import { gatherOperand, matrixOperand, TAP_SOURCE } from './operands.js';
import { addSlices, productShader } from './product.js';
import { int, runShader, type Shader, widthOf } from './program.js';
import { type Plan, planProduct } from './tile.js';

type ConvInfo = backend_util.Conv2DInfo;

/** x [B, H, W, Cin], filter [KH, KW, Cin, Cout] → y [B, OH, OW, Cout]. Channels last, no dilation. */
export function convolve(
  backend: WebGPUBackend,
  x: TensorInfo,
  filter: TensorInfo,
  conv: ConvInfo,
): TensorInfo {
  const rows = conv.batchSize * conv.outHeight * conv.outWidth;
  const inner = conv.filterHeight * conv.filterWidth * conv.inChannels;
  const plan = planProduct({ rows, columns: conv.outChannels, inner, innerFirst: true });
  const partial = runShader(backend, shaderOf(conv, plan, rows), [x, filter]);
  return addSlices(backend, partial, plan.slices, conv.outShape);
}

function shaderOf(conv: ConvInfo, plan: Plan, rows: number): Shader {
  const { inChannels, outChannels } = conv;
  const widths = { x: widthOf(inChannels), filter: widthOf(outChannels) };
  const inner = conv.filterHeight * conv.filterWidth * inChannels;
  return productShader({
    name: 'convolution',
    sides: { rows, inner, columns: outChannels },
    plan,
    inputs: ['x', 'filter_'],
    widths: { inputs: [widths.x, widths.filter], output: widths.filter },
    outputShape: [plan.slices, rows, outChannels],
    uniforms: { ...convolutionUniforms(conv), rows: int(rows), inner: int(inner) },
    functions: TAP_SOURCE,
    code: {
      a: gatherOperand({
        buffer: 'x',
        width: widths.x,
        depth: plan.tile.depth,
        height: 'uniforms.inHeight',
        columns: 'uniforms.inWidth',
        channels: 'uniforms.inChannels',
        tapsX: 'uniforms.filterWidth',
        tapsY: 'uniforms.filterHeight',
        sign: '+',
        rows: 'uniforms.rows',
        image: 'row / uniforms.outWidth / uniforms.outHeight',
        y: 'row / uniforms.outWidth % uniforms.outHeight * uniforms.strideY - uniforms.top',
        x: 'row % uniforms.outWidth * uniforms.strideX - uniforms.left',
      }),
      b: matrixOperand({
        name: 'b',
        buffer: 'filter_',
        width: widths.filter,
        innerFirst: false,
        inner: 'uniforms.inner',
        outer: 'uniforms.outChannels',
      }),
      rowBegin: '(slice * uniforms.rows + row) * uniforms.outChannels',
      rows: 'uniforms.rows',
      columns: 'uniforms.outChannels',
    },
  });
}
