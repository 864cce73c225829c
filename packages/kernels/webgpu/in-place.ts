/** Kernels that change tensors where they lie: the updates of a recorded training step. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Buffer, bufferOf, type Device, internalsOf, type Pipeline } from './internals.js';
import { type Width, widthOf } from './program.js';

const WORKGROUP = 256;
/** With more, each thread takes several numbers, a whole grid apart. */
const MOST_WORKGROUPS = 16_384;

/** A few numbers that the next dispatches read, and that may be others each time. */
export class Numbers {
  readonly buffer: Buffer;
  readonly #device: Device;

  /** @param count of the numbers, at most 8 */
  constructor(backend: WebGPUBackend, initial: readonly number[]) {
    this.#device = backend.device;
    this.buffer = this.#device.createBuffer({
      size: 32,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
    this.set(initial);
  }

  set(values: readonly number[]): void {
    const padded = new Float32Array(8);
    padded.set(values);
    this.#device.queue.writeBuffer(this.buffer, 0, padded);
  }

  dispose(): void {
    this.buffer.destroy();
  }
}

/**
 * Adam in place: m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², p ← p − rate · m / (√v · correction + ε).
 *
 * @param numbers rate, correction, β₁, β₂, ε, as adam.ts has them
 */
export function adamInPlace(
  backend: WebGPUBackend,
  tensors: {
    readonly param: TensorInfo;
    readonly first: TensorInfo;
    readonly second: TensorInfo;
    readonly gradient: TensorInfo;
  },
  numbers: Numbers,
): void {
  const { param, first, second, gradient } = tensors;
  dispatch(backend, ADAM, [param, first, second, gradient], numbers);
}

/** target ← target · keep + source · share. @param numbers keep, share */
export function blendInPlace(
  backend: WebGPUBackend,
  target: TensorInfo,
  source: TensorInfo,
  numbers: Numbers,
): void {
  dispatch(backend, BLEND, [target, source], numbers);
}

interface Kernel {
  readonly label: string;
  readonly names: readonly string[];
  /** How many of them, the first ones, are written. */
  readonly written: number;
  /** Works on element `i`, which is one value or four; the numbers are `numbers[0].x` and so on. */
  readonly body: string;
}

const ADAM: Kernel = {
  label: 'adamInPlace',
  names: ['param', 'first', 'second', 'gradient'],
  written: 3,
  body: `
      let g = gradient[i];
      let m = first[i] * numbers[0].z + g * (1.0 - numbers[0].z);
      let v = second[i] * numbers[0].w + g * g * (1.0 - numbers[0].w);
      first[i] = m;
      second[i] = v;
      param[i] = param[i] - m * numbers[0].x / (sqrt(v) * numbers[0].y + numbers[1].x);`,
};

const BLEND: Kernel = {
  label: 'blendInPlace',
  names: ['goal', 'other'],
  written: 1,
  body: 'goal[i] = goal[i] * numbers[0].x + other[i] * numbers[0].y;',
};

/** Compiled once for a device. */
const pipelines = new WeakMap<Device, Map<string, Pipeline>>();

function pipelineOf(device: Device, kernel: Kernel, width: Width): Pipeline {
  const known = pipelines.get(device) ?? new Map<string, Pipeline>();
  pipelines.set(device, known);
  const key = `${kernel.label} ${width}`;
  const pipeline =
    known.get(key) ??
    device.createComputePipeline({
      label: kernel.label,
      layout: 'auto',
      compute: {
        module: device.createShaderModule({ code: sourceOf(kernel, width) }),
        entryPoint: 'main',
      },
    });
  known.set(key, pipeline);
  return pipeline;
}

function sourceOf({ names, written, body }: Kernel, width: Width): string {
  const type = width === 4 ? 'vec4<f32>' : 'f32';
  const bindings = names.map((name, i) => {
    const access = i < written ? 'read_write' : 'read';
    return `@group(0) @binding(${i}) var<storage, ${access}> ${name} : array<${type}>;`;
  });
  return `
  ${bindings.join('\n  ')}
  @group(0) @binding(${names.length}) var<uniform> numbers : array<vec4<f32>, 2>;

  @compute @workgroup_size(${WORKGROUP})
  fn main(@builtin(global_invocation_id) id : vec3<u32>, @builtin(num_workgroups) groups : vec3<u32>) {
    for (var i = id.x; i < arrayLength(&${names[0]}); i += groups.x * ${WORKGROUP}u) {
      ${body}
    }
  }`;
}

function dispatch(
  backend: WebGPUBackend,
  kernel: Kernel,
  tensors: readonly TensorInfo[],
  numbers: Numbers,
): void {
  const { device } = backend;
  const buffers = [...tensors.map((tensor) => bufferOf(backend, tensor)), numbers.buffer];
  const values = buffers[0]!.size / 4;
  const width = widthOf(values);
  const pipeline = pipelineOf(device, kernel, width);
  const bindGroup = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const internals = internalsOf(backend);
  internals.ensureCommandEncoderReady();
  internals.computePassEncoder ??= internals.commandEncoder!.beginComputePass();
  internals.computePassEncoder.setPipeline(pipeline);
  internals.computePassEncoder.setBindGroup(0, bindGroup);
  const groups = Math.min(MOST_WORKGROUPS, Math.ceil(values / width / WORKGROUP));
  internals.computePassEncoder.dispatchWorkgroups(groups);
}
