/** The uniforms of the shaders of a convolution and of its two gradients. */
import type { backend_util } from '@tensorflow/tfjs-core';
import { int, type Uniform } from './program.js';

/** The sides of a convolution, as its shaders read them. */
export function convolutionUniforms(conv: backend_util.Conv2DInfo): Record<string, Uniform> {
  return {
    inHeight: int(conv.inHeight),
    inWidth: int(conv.inWidth),
    inChannels: int(conv.inChannels),
    outHeight: int(conv.outHeight),
    outWidth: int(conv.outWidth),
    outChannels: int(conv.outChannels),
    filterHeight: int(conv.filterHeight),
    filterWidth: int(conv.filterWidth),
    strideY: int(conv.strideHeight),
    strideX: int(conv.strideWidth),
    top: int(conv.padInfo.top),
    left: int(conv.padInfo.left),
  };
}
