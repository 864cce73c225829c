/** Runs one WGSL compute shader of ours on TensorFlow.js's WebGPU backend. */
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';

export interface Shader {
  /** Names the shader together with every constant written into its source: the key of its compilation. */
  readonly key: string;
  /** What a profile calls this dispatch. */
  readonly label: string;
  /** Names of the input buffers in the source, each an `array<f32>`; the output is `result`. */
  readonly inputs: readonly string[];
  /** Of each input, and of the output: 4 makes it an `array<vec4<f32>>`. All are 1 when not given. */
  readonly components?: { readonly inputs: readonly Width[]; readonly output: Width };
  readonly outputShape: readonly number[];
  /** Invocations of a workgroup along x; they may share `var<workgroup>` memory. */
  readonly workgroupSize: number;
  /** Workgroups along x, y, z. */
  readonly workgroups: readonly [number, number, number];
  /**
   * The numbers that are not written into the source, read as `uniforms.<name>`. At least one:
   * a shader that ignores its uniforms would not match the backend's bindings.
   */
  readonly uniforms: Readonly<Record<string, Uniform>>;
  /** WGSL with an `fn main()`; finds `localIndex` and `workgroupId`. */
  readonly source: string;
}

/** Values that one element of a buffer holds in the source. */
export type Width = 1 | 4;

/** Elements are read and written by four where all rows of a tensor begin on such a border. */
export const widthOf = (rowLength: number): Width => (rowLength % 4 === 0 ? 4 : 1);

export interface Uniform {
  readonly type: 'i32' | 'f32';
  readonly value: number;
}

export const int = (value: number): Uniform => ({ type: 'i32', value });
export const float = (value: number): Uniform => ({ type: 'f32', value });

/** Runs a shader on float32 tensors; gives a new tensor, or `output` when one is to be written into. */
export function runShader(
  backend: WebGPUBackend,
  shader: Shader,
  inputs: TensorInfo[],
  output?: TensorInfo,
): TensorInfo {
  const uniforms = Object.entries(shader.uniforms);
  const { inputs: inputWidths, output: outputWidth } = shader.components ?? {
    inputs: shader.inputs.map((): Width => 1),
    output: 1,
  };
  const program: WebGPUProgram & Labelled = {
    label: shader.label,
    variableNames: [...shader.inputs],
    outputShape: [...shader.outputShape],
    // Only says that main() takes no flat index: our shaders find their place themselves.
    dispatchLayout: { x: [0], y: [1], z: [2] },
    dispatch: [...shader.workgroups],
    workgroupSize: [shader.workgroupSize, 1, 1],
    uniforms: uniforms.map(([name, { type }]) => `${name} : ${type},`).join(' '),
    variableComponents: [...inputWidths],
    outputComponent: outputWidth,
    shaderKey: `${shader.key}_${[...inputWidths, outputWidth].join('')}`,
    getUserCode: () => shader.source,
  };
  const values = uniforms.map(([, { type, value }]) => ({
    type: type === 'i32' ? 'int32' : 'float32',
    data: [value],
  }));
  return backend.runWebGPUProgram(program, inputs, 'float32', values, output);
}

/** A program that names itself in a profile, beside the classes of the backend. */
export interface Labelled {
  readonly label?: string;
}

/** WebGPU's bound on workgroups along one axis, the same on every device. */
export const MAX_WORKGROUPS = 65_535;
