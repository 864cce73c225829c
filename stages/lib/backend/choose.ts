/** The numerical backend: chosen by name, opened once in a process, with the kernels and gradients that training needs. */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { registerGradients } from './gradients.js';

/**
 * `auto` takes a GPU through tfjs-node-gpu where that package is installed, else wasm. It never takes
 * webgpu, which has run on software adapters alone (docs/gpu.md): that is to be asked for.
 */
export type BackendName = 'auto' | 'wasm' | 'cpu' | 'node' | 'node-gpu' | 'webgpu';

/** What came of a choice: the backend that runs. */
export type OpenedBackend = Exclude<BackendName, 'auto'>;

const OPENERS: Readonly<Record<OpenedBackend, () => Promise<void>>> = {
  wasm: openWasm,
  cpu: openCpu,
  // The names are written out in each import(), so that `pipe` sees which package it is; the types
  // would be those of a package that may be missing.
  node: () => openNative('@tensorflow/tfjs-node', () => import('@tensorflow/tfjs-node' as string)),
  'node-gpu': () =>
    openNative('@tensorflow/tfjs-node-gpu', () => import('@tensorflow/tfjs-node-gpu' as string)),
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
 * @throws Error when the backend's package is not installed, or another backend is open already
 */
export async function openBackend(name: BackendName): Promise<OpenedBackend> {
  const wanted = name === 'auto' ? automatic() : name;
  if (opened !== undefined && opened !== wanted) {
    throw new Error(`the backend ${opened} is open already, so ${wanted} cannot be opened`);
  }
  if (opened === undefined) {
    registerGradients();
    await OPENERS[wanted]();
    opened = wanted;
  }
  return wanted;
}

function automatic(): OpenedBackend {
  if (opened !== undefined) return opened;
  return isInstalled('@tensorflow/tfjs-node-gpu') ? 'node-gpu' : 'wasm';
}

async function openWasm(): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm');
  const { registerWasmKernels } = await import('./wasm/register.js');
  registerWasmKernels();
  await activate('wasm');
}

async function openCpu(): Promise<void> {
  await import('@tensorflow/tfjs-backend-cpu');
  await activate('cpu');
}

/** tfjs-node registers itself, as `tensorflow`, with the tfjs-core that is here. */
async function openNative(packageName: string, load: () => Promise<unknown>): Promise<void> {
  if (!isInstalled(packageName)) throw new Error(missing(packageName));
  await load();
  await activate('tensorflow');
}

async function openAnyGpu(): Promise<void> {
  for (const name of ['webgpu', '@tensorflow/tfjs-backend-webgpu']) {
    if (!isInstalled(name)) throw new Error(missing(name));
  }
  const { openWebgpu } = await import('./webgpu.js');
  if ((await openWebgpu()) === null) {
    throw new Error(
      'train.backend is webgpu, but no driver offers a GPU. Install the driver for Vulkan, or use the backend wasm.',
    );
  }
}

async function activate(name: string): Promise<void> {
  if (!(await tf.setBackend(name))) throw new Error(`the tfjs backend ${name} does not start`);
  await tf.ready();
}

/** True when the package can be resolved: it is optional, and its install may have been refused. */
function isInstalled(packageName: string): boolean {
  try {
    createRequire(import.meta.url).resolve(packageName);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return false;
    throw error;
  }
}

function missing(packageName: string): string {
  return `train.backend needs the package ${packageName}, which is not installed. Install it, or use the backend wasm.`;
}
