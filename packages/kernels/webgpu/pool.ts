/**
 * The buffers of a recording (recording.ts): none of them is ever used by anyone else, so that what
 * was recorded can be done again on the same buffers.
 */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';

/** What the backend asks of its own buffer manager, and so of this one. */
type BufferManager = WebGPUBackend['bufferManager'];
type Buffer = ReturnType<BufferManager['acquireBuffer']>;

export class Pool {
  readonly #device: WebGPUBackend['device'];
  readonly #all = new Set<Buffer>();
  readonly #free = new Map<string, Buffer[]>();
  /** Buffers with contents that the recording itself does not write: never given to another. */
  readonly #pinned = new Set<Buffer>();

  constructor(device: WebGPUBackend['device']) {
    this.#device = device;
  }

  /** A method of the backend's manager: `mapped` buffers are constants, and so are uniforms. */
  acquireBuffer(size: number, usage: number, mappedAtCreation = false): Buffer {
    const constant = mappedAtCreation || (usage & GPUBufferUsage.UNIFORM) !== 0;
    const reused = constant ? undefined : this.#free.get(keyOf(size, usage))?.pop();
    if (reused !== undefined) return reused;
    const buffer = this.#device.createBuffer({ size, usage, mappedAtCreation });
    this.#all.add(buffer);
    if (constant) this.#pinned.add(buffer);
    return buffer;
  }

  /** A method of the backend's manager: what was computed may be overwritten by what comes later. */
  releaseBuffer(buffer: Buffer): void {
    if (!this.#all.has(buffer)) throw new Error('a recording may release its own buffers only');
    if (this.#pinned.has(buffer)) return;
    const key = keyOf(buffer.size, buffer.usage);
    const free = this.#free.get(key);
    if (free === undefined) this.#free.set(key, [buffer]);
    else free.push(buffer);
  }

  dispose(): void {
    for (const buffer of this.#all) buffer.destroy();
    this.#all.clear();
    this.#free.clear();
    this.#pinned.clear();
  }
}

function keyOf(size: number, usage: number): string {
  return `${size} ${usage}`;
}
