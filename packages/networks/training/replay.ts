/**
 * Records which kernels a computation runs, and runs them again for other values of its inputs. That
 * leaves out what TensorFlow.js does for each operation: scopes, the tape, gradient functions, tensors.
 * The kernels are the same, in the same order, so the bytes are too. The shapes and all that is not a
 * tensor must be the same each time, and the kernels of the backend must take plain `TensorInfo`.
 */
import * as tf from '@tensorflow/tfjs-core';

export interface Replay {
  /** Gives new outputs, which the caller disposes. */
  run(inputs: readonly tf.Tensor[]): tf.Tensor[];
  /** Frees the constants of the computation. */
  dispose(): void;
}

/** What the kernels of this backend work on, by the identity of its data. */
type DataId = tf.DataId;

/** An input of a kernel, whose data is that of a slot when the kernel runs. */
interface Operand {
  readonly slot: number;
  readonly info: { dataId: DataId };
}

/** A tensor that the computation makes without a kernel, or finds. */
interface Constant {
  readonly tensor: tf.Tensor;
  /** How often the computation has its data, under any name. */
  references: number;
}

type Step =
  | {
      readonly kind: 'kernel';
      readonly kernel: tf.KernelFunc;
      readonly call: Parameters<tf.KernelFunc>[0];
      readonly operands: readonly Operand[];
      /** Slots of its outputs. */
      readonly outputs: readonly number[];
    }
  | { readonly kind: 'free'; readonly slot: number };

/**
 * Runs the computation, which disposes none of the inputs, and none of the outputs.
 *
 * @param backend the one that computes
 */
export function record(
  backend: tf.KernelBackend,
  inputs: readonly tf.Tensor[],
  compute: () => tf.Tensor[],
): { readonly outputs: tf.Tensor[]; readonly replay: Replay } {
  const recorder = new Recorder(backend, inputs);
  const outputs = recorder.record(compute);
  return { outputs, replay: recorder.replayOf(outputs) };
}

class Recorder {
  readonly #backend: tf.KernelBackend;
  readonly #steps: Step[] = [];
  readonly #slots = new Map<DataId, number>();
  readonly #constants = new Map<number, Constant>();
  #isInKernel = false;

  constructor(backend: tf.KernelBackend, inputs: readonly tf.Tensor[]) {
    this.#backend = backend;
    for (const { dataId } of inputs) this.#addSlot(dataId);
    if (this.#slots.size < inputs.length) throw new Error('two inputs have the same data');
  }

  record(compute: () => tf.Tensor[]): tf.Tensor[] {
    const kernels = tf.getKernelsForBackend(tf.getBackend());
    const originals = kernels.map(({ kernelFunc }) => kernelFunc);
    const backend = this.#backend as { disposeData: tf.KernelBackend['disposeData'] };
    const free = backend.disposeData;
    for (const [i, kernel] of kernels.entries())
      kernel.kernelFunc = (call) => this.#runKernel(originals[i]!, call);
    backend.disposeData = (dataId, force) => {
      const slot = this.#slots.get(dataId);
      if (!this.#isInKernel && slot !== undefined) {
        this.#steps.push({ kind: 'free', slot });
        this.#count(slot, -1);
      }
      return free.call(backend, dataId, force);
    };
    try {
      return compute();
    } finally {
      for (const [i, kernel] of kernels.entries()) kernel.kernelFunc = originals[i]!;
      backend.disposeData = free;
    }
  }

  #runKernel(kernel: tf.KernelFunc, call: Parameters<tf.KernelFunc>[0]) {
    // What a kernel runs itself, it runs again in a replay.
    if (this.#isInKernel) return kernel(call);
    const operands: Operand[] = [];
    const operandOf = (tensor: tf.TensorInfo): tf.TensorInfo => {
      const { shape, dtype } = tensor;
      const info = { dataId: tensor.dataId, shape, dtype, size: tf.util.sizeFromShape(shape) };
      operands.push({ slot: this.#slotOf(tensor), info });
      return info;
    };
    const inputs = mapInputs(call.inputs, operandOf);
    this.#isInKernel = true;
    const result = kernel(call);
    this.#isInKernel = false;
    const outputs = [result].flat().map(({ dataId }) => this.#slotOfOutput(dataId));
    this.#steps.push({ kind: 'kernel', kernel, call: { ...call, inputs }, operands, outputs });
    return result;
  }

  /** A kernel may give the data of its input under another shape. */
  #slotOfOutput(dataId: DataId): number {
    const known = this.#slots.get(dataId);
    if (known === undefined) return this.#addSlot(dataId);
    this.#count(known, 1);
    return known;
  }

  #addSlot(dataId: DataId): number {
    const slot = this.#slots.size;
    this.#slots.set(dataId, slot);
    return slot;
  }

  #count(slot: number, references: number): void {
    const constant = this.#constants.get(slot);
    if (constant !== undefined) constant.references += references;
  }

  #slotOf({ dataId, shape, dtype }: tf.TensorInfo): number {
    const known = this.#slots.get(dataId);
    if (known !== undefined) return known;
    const slot = this.#addSlot(dataId);
    this.#backend.incRef(dataId);
    const tensor = tf.engine().makeTensorFromDataId(dataId, shape, dtype, this.#backend);
    this.#constants.set(slot, { tensor: tf.keep(tensor), references: 1 });
    return slot;
  }

  replayOf(outputs: readonly tf.Tensor[]): Replay {
    const results = outputs.map((output) => {
      const { shape, dtype } = output;
      const slot = this.#slotOf(output);
      this.#count(slot, -1);
      return { slot, shape, dtype };
    });
    const [backend, steps] = [this.#backend, this.#steps];
    const data = new Array<DataId>(this.#slots.size);
    const constants = [...this.#constants.values()];
    for (const [slot, { tensor }] of this.#constants) data[slot] = tensor.dataId;
    // The computation freed them, or gave them as outputs.
    const used = constants.filter(({ references }) => references === 0);
    return {
      run(inputs) {
        for (const { tensor } of used) backend.incRef(tensor.dataId);
        for (const [slot, { dataId }] of inputs.entries()) data[slot] = dataId;
        for (const step of steps) {
          if (step.kind === 'free') {
            backend.disposeData(data[step.slot]!);
            continue;
          }
          for (const { slot, info } of step.operands) info.dataId = data[slot]!;
          const result = step.kernel(step.call);
          if (!Array.isArray(result)) data[step.outputs[0]!] = result.dataId;
          else for (const [i, { dataId }] of result.entries()) data[step.outputs[i]!] = dataId;
        }
        return results.map(({ slot, shape, dtype }) =>
          tf.engine().makeTensorFromDataId(data[slot]!, shape, dtype, backend),
        );
      },
      dispose: () => tf.dispose(constants.map(({ tensor }) => tensor)),
    };
  }
}

function mapInputs(
  inputs: tf.NamedTensorInfoMap,
  change: (tensor: tf.TensorInfo) => tf.TensorInfo,
): tf.NamedTensorInfoMap {
  const changed = Object.entries(inputs).map(
    ([name, each]) => [name, each && change(each)] as const,
  );
  const isList = Array.isArray(inputs);
  return isList
    ? (changed.map(([, each]) => each) as unknown as tf.NamedTensorInfoMap)
    : Object.fromEntries(changed);
}
