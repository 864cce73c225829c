/**
 * A convolution, as a tiled matrix product.
 *
 * y[b, oy, ox, co] = Σ over taps and ci of x[b, oy·s + ky − top, ox·s + kx − left, ci] · W[ky, kx, ci, co]
 * is a product of [pixels] rows by [output channels] columns along all taps and input channels.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { addSlices, convolutionUniforms } from './convolution-parts.js';
import { gatherOperand, matrixOperand, TAP_SOURCE } from './operands.js';
import { int, runShader, type Shader, widthOf } from './program.js';
import { type Plan, planProduct, threadsOf } from './tile.js';
import { tileKey, tileSource, workgroupsOf } from './tile-source.js';

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
  const { tile, slices, steps } = plan;
  const widths = { x: widthOf(conv.inChannels), filter: widthOf(conv.outChannels) };
  const inner = conv.filterHeight * conv.filterWidth * conv.inChannels;
  return {
    key: `convolution_${tileKey(tile)}`,
    label: `convolution ${rows}×${inner}×${conv.outChannels} ${tileKey(tile)}/${slices}`,
    inputs: ['x', 'filter_'],
    components: { inputs: [widths.x, widths.filter], output: widths.filter },
    outputShape: slices === 1 ? conv.outShape : [slices, rows, conv.outChannels],
    workgroupSize: threadsOf(tile),
    workgroups: workgroupsOf(tile, rows, conv.outChannels, slices),
    uniforms: {
      ...convolutionUniforms(conv),
      rows: int(rows),
      inner: int(inner),
      steps: int(steps),
      slices: int(slices),
    },
    source:
      TAP_SOURCE +
      tileSource({
        tile,
        a: gatherOperand({
          buffer: 'x',
          width: widths.x,
          depth: tile.depth,
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
        wideResult: widths.filter === 4,
      }),
  };
}
