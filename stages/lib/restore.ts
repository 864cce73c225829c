/** Restoring images with a trained model: load the folder that `train` wrote, give images and masks, get images back. */
import type { BackendName } from './backend/choose.js';


/** How a restoration is drawn. */
export interface RestoreOptions {
  /**
   * How many fills to draw from the latent of each image; without it the one fill of the latent's
   * mean (or, for a model whose config says so, of one sample: switch 5 of the paper's code).
   */
  readonly samples?: number;
  /** Seed of the latent noise. */
  readonly seed?: number;
  /**
   * Index of the first image in the whole set: the noise of an image depends on the seed and its
   * index alone, so a set restored in parts gives the same bytes as one restored at once.
   */
  readonly first?: number;
  /** Called after each internal batch. */
  readonly progress?: (done: number, total: number) => void;
}

/** What a model folder says of itself. */
export interface ModelInfo {
  readonly arch: string;
  readonly parameters: number;
  readonly size: number;
  readonly channels: number;
  readonly epochs: number;
}

export interface Restorer {
  readonly info: ModelInfo;
  /**
   * Restores N images of size×size×channels.
   *
   * @param images uint8 [N, size, size, channels], the originals; what a mask covers is never looked at
   * @param masks uint8 [N, size, size], 1 where the image is occluded
   * @returns float32 [N, size, size, channels] on the scale 0…255, the network's whole output
   *   (the known pixels are not pasted back); with `samples: S` float32 [S, N, size, size, channels]
   */
  restore(images: Uint8Array, masks: Uint8Array, options?: RestoreOptions): Promise<Float32Array>;
  /** Frees the weights. */
  dispose(): void;
}

/** Options of `loadModel`. */
export interface LoadOptions {
  /** As `train.backend`. */
  readonly backend?: BackendName;
}

/** Reads `weights.safetensors` and `model.json` of a model folder. */
export declare function loadModel(folder: string, options?: LoadOptions): Promise<Restorer>;
