/** What every tiled product shares, of matrices as of convolutions: its shader, and the sum of its slices. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sumRows } from './column-sum.js';
import { int, type Shader, type Uniform, type Width } from './program.js';
import { type Plan, threadsOf } from './tile.js';
import { type TileCode, tileKey, tileSource, workgroupsOf } from './tile-source.js';

export interface ProductConfig {
  /** Names what is computed, together with every constant written into the source but tile and widths. */
  readonly name: string;
  readonly sides: { readonly rows: number; readonly inner: number; readonly columns: number };
  readonly plan: Plan;
  /** Names of the two input buffers in the source. */
  readonly inputs: readonly [string, string];
  readonly widths: { readonly inputs: readonly [Width, Width]; readonly output: Width };
  /** Of all slices. */
  readonly outputShape: readonly number[];
  /** Beside `steps` and `slices`. */
  readonly uniforms: Readonly<Record<string, Uniform>>;
  /** WGSL functions that the code calls. */
  readonly functions?: string;
  readonly code: Omit<TileCode, 'tile' | 'wideResult'>;
}

export function productShader(config: ProductConfig): Shader {
  const { name, sides, plan, inputs, widths, outputShape, uniforms, functions, code } = config;
  const { rows, inner, columns } = sides;
  const { tile, slices, steps } = plan;
  return {
    key: `${name}_${tileKey(tile)}`,
    label: `${name} ${rows}×${inner}×${columns} ${tileKey(tile)}/${slices}`,
    inputs,
    components: widths,
    outputShape,
    workgroupSize: threadsOf(tile),
    workgroups: workgroupsOf(tile, rows, columns, slices),
    uniforms: { ...uniforms, steps: int(steps), slices: int(slices) },
    source: (functions ?? '') + tileSource({ ...code, tile, wideResult: widths.output === 4 }),
  };
}

/** The sum of a product's `slices`, in their order; frees what it got. */
export function addSlices(
  backend: WebGPUBackend,
  partial: TensorInfo,
  slices: number,
  shape: readonly number[],
): TensorInfo {
  if (slices === 1) return { ...partial, shape: [...shape] };
  const sum = sumRows(backend, partial, slices, 1);
  backend.disposeData(partial.dataId);
  return { ...sum, shape: [...shape] };
}
