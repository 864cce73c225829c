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
import { convolutionUniforms } from './filter-gradient.js';
import { int, runShader, type Shader, type Uniform } from './program.js';
import { chooseTile, DEPTH, type Tile, tileSource, WORKGROUP } from './tile.js';

type ConvInfo = backend_util.Conv2DInfo;

/** dy [B, OH, OW, Cout], filter [KH, KW, Cin, Cout] → dx [B, H, W, Cin]. Channels last, no dilation. */
export function inputGradient(
  backend: WebGPUBackend,
  dy: TensorInfo,
  filter: TensorInfo,
  conv: ConvInfo,
): TensorInfo {
  const output = backend.makeTensorInfo([...conv.inShape], 'float32');
  for (let y = 0; y < Math.min(conv.strideHeight, conv.inHeight); y++) {
    for (let x = 0; x < Math.min(conv.strideWidth, conv.inWidth); x++) {
      const rows = phaseAlong(
        y,
        conv.inHeight,
        conv.strideHeight,
        conv.filterHeight,
        conv.padInfo.top,
      );
      const columns = phaseAlong(
        x,
        conv.inWidth,
        conv.strideWidth,
        conv.filterWidth,
        conv.padInfo.left,
      );
      runShader(backend, phaseShader(conv, rows, columns), [dy, filter], output);
    }
  }
  return output;
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

function phaseShader(conv: ConvInfo, vertical: Phase, horizontal: Phase): Shader {
  const perImage = vertical.pixels * horizontal.pixels;
  const pixels = conv.batchSize * perImage;
  const inner = vertical.taps * horizontal.taps * conv.outChannels;
  const tile = chooseTile(pixels, conv.inChannels);
  const rowTiles = Math.ceil(pixels / tile.rows);
  // One axis of the dispatch may be too short for all tiles: what is left over goes to the third.
  const rowTilesY = Math.min(rowTiles, ROW_TILES_Y);
  return {
    key: `inputGradient_${tile.rows}_${tile.columns}`,
    inputs: ['dy', 'filter_'],
    outputShape: conv.inShape,
    workgroupSize: WORKGROUP,
    workgroups: [
      Math.ceil(conv.inChannels / tile.columns),
      rowTilesY,
      Math.ceil(rowTiles / rowTilesY),
    ],
    uniforms: {
      ...convolutionUniforms(conv),
      steps: int(Math.ceil(inner / DEPTH)),
      pixels: int(pixels),
      ...phaseUniforms('Y', vertical),
      ...phaseUniforms('X', horizontal),
    },
    source: phaseSource(tile),
  };
}

const ROW_TILES_Y = 32_768;

function phaseUniforms(axis: 'X' | 'Y', phase: Phase): Record<string, Uniform> {
  return {
    [`first${axis}`]: int(phase.first),
    [`pixels${axis}`]: int(phase.pixels),
    [`firstTap${axis}`]: int(phase.firstTap),
    [`taps${axis}`]: int(phase.taps),
    [`shift${axis}`]: int(phase.shift),
  };
}

function phaseSource(tile: Tile): string {
  // A thread keeps its place along the inner dimension: DEPTH threads read DEPTH channels in a row.
  const stride = WORKGROUP / DEPTH;
  const loads = tile.rows / stride;
  return tileSource({
    tile,
    rowTile: `(i32(workgroupId.z) * ${ROW_TILES_Y} + i32(workgroupId.y))`,
    begin: `
    let perImage = uniforms.pixelsY * uniforms.pixelsX;
    let innerPlace = thread % ${DEPTH};
    let loadRow = thread / ${DEPTH};
    // The output place of each pixel whose row of A this thread loads; outside when there is none.
    var imageBegin : array<i32, ${loads}>;
    var placeY : array<i32, ${loads}>;
    var placeX : array<i32, ${loads}>;
    for (var load = 0; load < ${loads}; load++) {
      let pixel = rowBegin + loadRow + load * ${stride};
      let line = pixel / uniforms.pixelsX;
      placeX[load] = pixel % uniforms.pixelsX + uniforms.shiftX;
      placeY[load] = select(-1, line % uniforms.pixelsY + uniforms.shiftY, pixel < uniforms.pixels);
      imageBegin[load] = pixel / perImage * uniforms.outHeight * uniforms.outWidth;
    }
    // The tap and channel of the next load.
    let taps = innerPlace / uniforms.outChannels;
    var channel = innerPlace % uniforms.outChannels;
    var tapX = taps % max(1, uniforms.tapsX);
    var tapY = taps / max(1, uniforms.tapsX);`,
    load: `
      let tapExists = tapY < uniforms.tapsY;
      for (var load = 0; load < ${loads}; load++) {
        let y = placeY[load] - tapY;
        let x = placeX[load] - tapX;
        var value = 0.0;
        if (tapExists && y >= 0 && y < uniforms.outHeight && x >= 0 && x < uniforms.outWidth) {
          let place = imageBegin[load] + y * uniforms.outWidth + x;
          value = dy[place * uniforms.outChannels + channel];
        }
        shared_a[innerPlace * ${tile.rows} + loadRow + load * ${stride}] = value;
      }
      let filterTap = (uniforms.firstTapY + tapY * uniforms.strideY) * uniforms.filterWidth +
          uniforms.firstTapX + tapX * uniforms.strideX;
      for (var load = 0; load < ${tile.columns / stride}; load++) {
        let column = columnBegin + loadRow + load * ${stride};
        var value = 0.0;
        if (tapExists && column < uniforms.inChannels) {
          value = filter_[(filterTap * uniforms.inChannels + column) * uniforms.outChannels + channel];
        }
        shared_b[innerPlace * ${tile.columns} + loadRow + load * ${stride}] = value;
      }
      channel += ${DEPTH};
      while (channel >= uniforms.outChannels) {
        channel -= uniforms.outChannels;
        tapX++;
        if (tapX >= uniforms.tapsX) {
          tapX = 0;
          tapY++;
        }
      }`,
    store: `
        if (row < uniforms.pixels && column < uniforms.inChannels) {
          let line = row / uniforms.pixelsX;
          let y = line % uniforms.pixelsY * uniforms.strideY + uniforms.firstY;
          let x = row % uniforms.pixelsX * uniforms.strideX + uniforms.firstX;
          let place = (row / perImage * uniforms.inHeight + y) * uniforms.inWidth + x;
          result[place * uniforms.inChannels + column] = value;
        }`,
  });
}
