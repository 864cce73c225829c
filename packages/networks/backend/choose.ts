/** The numerical backend: chosen by name, opened once in a process, with the kernels and gradients that training needs. */
import { firstLine, mistake } from '@pipe-experiment/data/mistake.js';
import { registerGradients } from '@pipe-experiment/kernels/gradients.js';
import { activate } from './activate.js';
import { openNative } from './native.js';

/** `auto` is wasm, whatever is installed: a default gives the same bytes everywhere. */
export type BackendName = 'auto' | 'wasm' | 'cpu' | 'node' | 'node-gpu' | 'webgpu';

/** What came of a choice: the backend that runs. */
export type OpenedBackend = Exclude<BackendName, 'auto'>;

const OPENERS: Readonly<Record<OpenedBackend, () => Promise<void>>> = {
  wasm: openWasm,
  cpu: openCpu,
  node: () => openNative('node'),
  'node-gpu': () => openNative('node-gpu'),
  webgpu: openAnyGpu,
};

export const BACKEND_NAMES: readonly BackendName[] = [
  'auto',
  'wasm',
  'cpu',
  'node',
  'node-gpu',
  'webgpu',
];

let opened: OpenedBackend | undefined;

/**
 * Opens a backend and makes it the one that tf.* runs on. A process keeps the first it opened:
 * tensors do not move from one to another.
 *
 * @throws Error when the backend's package or GPU is missing, or another backend is open already
 */
export async function openBackend(name: BackendName): Promise<OpenedBackend> {
  const wanted = name === 'auto' ? 'wasm' : name;
  if (opened !== undefined && opened !== wanted) {
    throw new Error(`the backend ${opened} is open already, so ${wanted} cannot be opened`);
  }
  if (opened === undefined) {
    await OPENERS[wanted]();
    registerGradients(); // over those that the packages for TensorFlow's library bring
    opened = wanted;
  }
  return wanted;
}

async function openWasm(): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm');
  const { registerWasmKernels } = await import('@pipe-experiment/kernels/wasm/register.js');
  registerWasmKernels();
  await activate('wasm');
}

async function openCpu(): Promise<void> {
  await import('@tensorflow/tfjs-backend-cpu');
  await activate('cpu');
}

async function openAnyGpu(): Promise<void> {
  const { loadWebgpu, openWebgpu } = await import('@pipe-experiment/kernels/webgpu.js');
  await loadWebgpu().catch(unloadable);
  if ((await openWebgpu()) === null) {
    throw mistake(
      'the backend is webgpu, but no driver offers a GPU',
      'Install the driver for Vulkan, or use the backend wasm.',
    );
  }
}

function unloadable(error: unknown): never {
  throw mistake(
    `the backend webgpu cannot start: the package webgpu does not load: ${firstLine(error)}`,
    `Run \`npm ci\`. Where it has no library for this system (${process.platform}, ${process.arch}), use the backend wasm.`,
  );
}
