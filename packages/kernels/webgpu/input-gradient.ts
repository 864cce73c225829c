/**
 * The gradient of a convolution's input, which is also the transposed convolution forward.
 *
 * dx[b, y, x, ci] = Σ over taps and co of dy[b, (y + top − ky)/s, (x + left − kx)/s, co] · W[ky, kx, ci, co],
 * over the taps for which the divisions leave no rest. Which taps these are depends only on y and x
 * modulo the strides: each such phase is a dense matrix product of its own, of its pixels by the
 * input channels, and none multiplies by zero. (The backend's own kernels walk all taps for every
 * pixel: at stride 2 three of four in vain.)
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { backend_util, TensorInfo } from '@tensorflow/tfjs-core';
import { convolutionUniforms } from './convolution-uniforms.js';
import { gatherOperand, placesOf, TAP_SOURCE } from './operands.js';
import { addSlices, type ProductConfig, productShader } from './product.js';
import { int, runShader, type Shader, type Uniform, type Width, widthOf } from './program.js';
import { type Plan, planProduct, type Tile } from './tile.js';
import type { Operand } from './tile-source.js';

type ConvInfo = backend_util.Conv2DInfo;

/** dy [B, OH, OW, Cout], filter [KH, KW, Cin, Cout] → dx [B, H, W, Cin]. Channels last, no dilation. */
export function inputGradient(
  backend: WebGPUBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  conv: ConvInfo,
): TensorInfo {
  const phases = phasesOf(conv);
  // The slices lie behind each other in one tensor, so all phases have the same number of them.
  const plan = planPhases(conv, phases);
  const output = backend.makeTensorInfo([plan.slices, ...conv.inShape], 'float32');
  for (const phase of phases) {
    runShader(backend, phaseShader(conv, phase, plan), [dy, filter], output);
  }
  return addSlices(backend, output, plan.slices, conv.inShape);
}

/** The pixels `first + stride·i` of one axis, and the taps `firstTap + stride·t` that reach them. */
interface Phase {
  readonly first: number;
  readonly pixels: number;
  readonly firstTap: number;
  readonly taps: number;
  /** Pixel i and tap t meet at output place `i + shift − t`. */
  readonly shift: number;
}

function phaseAlong(
  first: number,
  length: number,
  stride: number,
  kernel: number,
  padding: number,
): Phase {
  const firstTap = (first + padding) % stride;
  return {
    first,
    pixels: Math.ceil((length - first) / stride),
    firstTap,
    taps: Math.max(0, Math.ceil((kernel - firstTap) / stride)),
    shift: (first + padding - firstTap) / stride,
  };
}

interface PlanePhase {
  readonly vertical: Phase;
  readonly horizontal: Phase;
}

function phasesOf(conv: ConvInfo): PlanePhase[] {
  const { inHeight, inWidth, strideHeight, strideWidth, filterHeight, filterWidth, padInfo } = conv;
  const along = (length: number, stride: number, kernel: number, padding: number) =>
    Array.from({ length: Math.min(stride, length) }, (_, first) =>
      phaseAlong(first, length, stride, kernel, padding),
    );
  return along(inHeight, strideHeight, filterHeight, padInfo.top).flatMap((vertical) =>
    along(inWidth, strideWidth, filterWidth, padInfo.left).map((horizontal) => ({
      vertical,
      horizontal,
    })),
  );
}

const pixelsOf = (conv: ConvInfo, { vertical, horizontal }: PlanePhase): number =>
  conv.batchSize * vertical.pixels * horizontal.pixels;

const innerOf = (conv: ConvInfo, { vertical, horizontal }: PlanePhase): number =>
  vertical.taps * horizontal.taps * conv.outChannels;

/** One plan for all phases, from the first of them, which is the largest; its steps hold the most taps. */
function planPhases(conv: ConvInfo, phases: readonly PlanePhase[]): Plan {
  const inner = Math.max(...phases.map((phase) => innerOf(conv, phase)));
  return planProduct({
    rows: pixelsOf(conv, phases[0]!),
    columns: conv.inChannels,
    inner,
    innerFirst: true,
  });
}

function phaseShader(conv: ConvInfo, phase: PlanePhase, plan: Plan): Shader {
  const { tile, slices } = plan;
  const pixels = pixelsOf(conv, phase);
  const inner = innerOf(conv, phase);
  const width = widthOf(conv.outChannels);
  return productShader({
    name: 'inputGradient',
    sides: { rows: pixels, inner, columns: conv.inChannels },
    plan: { ...plan, steps: Math.ceil(inner / tile.depth / slices) },
    inputs: ['dy', 'filter_'],
    widths: { inputs: [width, width], output: 1 },
    outputShape: [slices, ...conv.inShape],
    uniforms: {
      ...convolutionUniforms(conv),
      pixels: int(pixels),
      batch: int(conv.batchSize),
      ...phaseUniforms('Y', phase.vertical),
      ...phaseUniforms('X', phase.horizontal),
    },
    functions: TAP_SOURCE,
    code: phaseCode(tile, width),
  });
}

function phaseUniforms(axis: 'X' | 'Y', phase: Phase): Record<string, Uniform> {
  return {
    [`first${axis}`]: int(phase.first),
    [`pixels${axis}`]: int(phase.pixels),
    [`firstTap${axis}`]: int(phase.firstTap),
    [`taps${axis}`]: int(phase.taps),
    [`shift${axis}`]: int(phase.shift),
  };
}

function phaseCode(tile: Tile, width: Width): ProductConfig['code'] {
  const line = 'row / uniforms.pixelsX';
  const image = `${line} / uniforms.pixelsY`;
  const y = `(${line} % uniforms.pixelsY * uniforms.strideY + uniforms.firstY)`;
  const x = '(row % uniforms.pixelsX * uniforms.strideX + uniforms.firstX)';
  const images = `slice * (uniforms.batch) + ${image}`;
  return {
    a: gatherOperand({
      buffer: 'dy',
      width,
      depth: tile.depth,
      height: 'uniforms.outHeight',
      columns: 'uniforms.outWidth',
      channels: 'uniforms.outChannels',
      tapsX: 'uniforms.tapsX',
      tapsY: 'uniforms.tapsY',
      sign: '-',
      rows: 'uniforms.pixels',
      image,
      y: `${line} % uniforms.pixelsY + uniforms.shiftY`,
      x: 'row % uniforms.pixelsX + uniforms.shiftX',
    }),
    b: filterOperand(width),
    rowBegin: `(((${images}) * uniforms.inHeight + ${y}) * uniforms.inWidth + ${x}) * uniforms.inChannels`,
    rows: 'uniforms.pixels',
    columns: 'uniforms.inChannels',
  };
}

/** The filter, turned: a column for each input channel, along the taps and channels of the left matrix. */
function filterOperand(width: Width): Operand {
  const readPlace = (load: number, target: string, place: string, k: number) => `
        if (tap${k}.y < uniforms.tapsY) {
          let filterTap = (uniforms.firstTapY + tap${k}.y * uniforms.strideY) * uniforms.filterWidth +
              uniforms.firstTapX + tap${k}.x * uniforms.strideX;
          let at = (filterTap * uniforms.inChannels + bOuter${load}) * uniforms.outChannels + tap${k}.channel;
          ${target}${place} = filter_[at${width === 4 ? ' >> 2u' : ''}];
        }`;
  return {
    name: 'b',
    innerFirst: true,
    // Both inputs lie along the inner dimension, so a thread's loads of both have the same place there.
    read: (load, target) => `if (bOuter${load} < uniforms.inChannels) {
        ${placesOf(width)
          .map((place, k) => readPlace(load, target, place, k))
          .join(' ')} }`,
  };
}
