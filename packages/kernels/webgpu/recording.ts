/**
 * Records what a computation asks of the GPU, and does it again without TensorFlow.js.
 *
 * A training step is the same few hundred dispatches each time, on buffers of the same sizes. Making
 * them costs more in JavaScript than computing them on a large GPU: tensors, uniforms, bind groups.
 * A recording keeps pipelines, bind groups and buffers of one step; done again, it is one pass over
 * a list. What changes between the steps must lie in buffers that were there before, and are written
 * to before each time.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import {
  type BindGroup,
  type CommandEncoder,
  type ComputePass,
  flush,
  type Internals,
  internalsOf,
  type Pipeline,
} from './internals.js';
import { Pool } from './pool.js';
import type { Labelled } from './program.js';

/** One dispatch of a recording. */
interface Dispatch {
  readonly label: string;
  readonly pipeline: Pipeline;
  readonly bindGroup: BindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** What one dispatch costs, for a profile. */
export interface Timing {
  readonly label: string;
  readonly milliseconds: number;
}

export interface Recording {
  /** How many dispatches one replay makes. */
  readonly length: number;
  /** Does all of it again, in the same order on the same buffers: submitted when this returns. */
  replay(): void;
  /** The time of each dispatch, by the clock and the mean of so many; what they compute is spoilt. */
  time(times: number): Promise<Timing[]>;
  /** Frees all buffers. */
  dispose(): void;
}

/**
 * Runs `compute` once and records it.
 *
 * It may use tensors from before, which must all lie on the GPU: small ones that do not are computed
 * with on the CPU, once. It must not dispose any of them, and every tensor that it makes it must
 * dispose itself.
 *
 * @throws Error when it leaves tensors behind, which a replay would overwrite under their users
 */
export function record(backend: WebGPUBackend, compute: () => void): Recording {
  const pool = new Pool(backend.device);
  const dispatches: Dispatch[] = [];
  const before = tf.memory().numTensors;
  flush(backend);
  const restore = divert(internalsOf(backend), backend.device, pool, dispatches);
  try {
    compute();
    flush(backend);
  } finally {
    restore();
  }
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`a recorded computation leaves ${left} tensors behind`);
  return {
    length: dispatches.length,
    replay: () => submit(backend, dispatches),
    time: (times) => timeEach(backend, dispatches, times),
    dispose: () => pool.dispose(),
  };
}

/** Makes the backend use the pool, and note its dispatches; gives what ends that. */
function divert(
  internals: Internals,
  device: WebGPUBackend['device'],
  pool: Pool,
  dispatches: Dispatch[],
): () => void {
  const own = { manager: internals.bufferManager };
  let label = '';
  internals.bufferManager = pool;
  internals.recordAndSubmit = (program, ...rest) => {
    const { label: own } = program as Labelled;
    label = own ?? `${program.constructor.name} ${program.outputShape.join('×')}`;
    prototypeOf(internals).recordAndSubmit.call(internals, program, ...rest);
    label = '';
  };
  internals.ensureCommandEncoderReady = () => {
    internals.commandEncoder ??= noting(device.createCommandEncoder(), (dispatch) => {
      dispatches.push({ ...dispatch, label: label || dispatch.pipeline.label });
    });
  };
  return () => {
    internals.bufferManager = own.manager;
    Reflect.deleteProperty(internals, 'recordAndSubmit');
    Reflect.deleteProperty(internals, 'ensureCommandEncoderReady');
  };
}

function prototypeOf(internals: Internals): Internals {
  return Object.getPrototypeOf(internals) as Internals;
}

/** An encoder that tells of each dispatch. A copy would be missing from the replay, so it is an error. */
function noting(
  encoder: CommandEncoder,
  note: (dispatch: Omit<Dispatch, 'label'>) => void,
): CommandEncoder {
  return {
    beginComputePass: () => notingPass(encoder.beginComputePass(), note),
    finish: () => encoder.finish(),
    copyBufferToBuffer() {
      throw new Error('a recorded computation may not copy buffers: it would not be done again');
    },
  } as unknown as CommandEncoder;
}

function notingPass(
  pass: ComputePass,
  note: (dispatch: Omit<Dispatch, 'label'>) => void,
): ComputePass {
  let pipeline: Pipeline | undefined;
  let bindGroup: BindGroup | undefined;
  return {
    setPipeline(next: Pipeline) {
      pipeline = next;
      pass.setPipeline(next);
    },
    setBindGroup(index: number, next: BindGroup) {
      bindGroup = next;
      pass.setBindGroup(index, next);
    },
    dispatchWorkgroups(x: number, y = 1, z = 1) {
      note({ pipeline: pipeline!, bindGroup: bindGroup!, workgroups: [x, y, z] });
      pass.dispatchWorkgroups(x, y, z);
    },
    end: () => pass.end(),
  } as unknown as ComputePass;
}

function submit(backend: WebGPUBackend, dispatches: readonly Dispatch[]): void {
  flush(backend); // what was computed before comes before
  const encoder = backend.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (const { pipeline, bindGroup, workgroups } of dispatches) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...workgroups);
  }
  pass.end();
  backend.queue.submit([encoder.finish()]);
}

async function timeEach(
  backend: WebGPUBackend,
  dispatches: readonly Dispatch[],
  times: number,
): Promise<Timing[]> {
  const timings: Timing[] = [];
  for (const dispatch of dispatches) {
    await backend.queue.onSubmittedWorkDone();
    const start = performance.now();
    submit(backend, Array<Dispatch>(times).fill(dispatch));
    await backend.queue.onSubmittedWorkDone();
    timings.push({ label: dispatch.label, milliseconds: (performance.now() - start) / times });
  }
  return timings;
}
