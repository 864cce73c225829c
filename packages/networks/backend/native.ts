/** The backends on TensorFlow's C library: packages that npm installs only when asked, at one version. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { firstLine, mistake } from '@pipe-experiment/data/mistake.js';
import { registerTensorflowKernels } from '@pipe-experiment/kernels/tensorflow.js';
import * as tf from '@tensorflow/tfjs-core';
import { activate } from './activate.js';

/**
 * Of both packages, as package.json has it. No import names them, so that whether they are
 * installed is in no key: a key holds this number as a part of the code, and any other is refused.
 */
export const NATIVE_VERSION = '4.22.0';

export const NATIVE_PACKAGES = {
  node: '@tensorflow/tfjs-node',
  'node-gpu': '@tensorflow/tfjs-node-gpu',
} as const;

/** TensorFlow registers itself, as `tensorflow`, with the tfjs-core that is here. */
export async function openNative(backend: keyof typeof NATIVE_PACKAGES): Promise<void> {
  const name = NATIVE_PACKAGES[backend];
  const require = createRequire(import.meta.url);
  requireVersion(backend, installedVersion(name, require));
  // TensorFlow's fast kernels, which it leaves out by itself on processors without VNNI.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= '1';
  try {
    require(name);
  } catch (error) {
    throw mistake(
      `the backend ${backend} cannot start: ${name} does not load: ${firstLine(error)}`,
      cureOf(`npm rebuild --ignore-scripts=false ${name}`),
    );
  }
  registerTensorflowKernels();
  await activate('tensorflow');
  if (backend === 'node-gpu' && !usesGpu()) {
    throw mistake(
      'the backend is node-gpu, but TensorFlow finds no GPU that it can use',
      'Install the NVIDIA driver, CUDA and cuDNN that it was built for (docs/gpu.md), or use the backend node or wasm.',
    );
  }
}

function requireVersion(backend: string, version: string | undefined): void {
  if (version === NATIVE_VERSION) return;
  const name = NATIVE_PACKAGES[backend as keyof typeof NATIVE_PACKAGES];
  const found = version === undefined ? 'which is not installed' : `but ${version} is installed`;
  throw mistake(
    `the backend ${backend} needs the package ${name} ${NATIVE_VERSION}, ${found}`,
    cureOf(`npm install --no-save ${name}@${NATIVE_VERSION}`),
  );
}

function cureOf(command: string): string {
  return `Run \`${command}\`, or use the backend wasm.`;
}

function installedVersion(name: string, require: NodeJS.Require): string | undefined {
  try {
    const file = require.resolve(`${name}/package.json`);
    return (JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string }).version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** A type, not an interface, so that it is a `Metrics`: a record of an epoch has numbers alone. */
export type LibraryVersion = {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
};

/** Of the TensorFlow that computes; undefined on the backends that have none. Another one gives other bytes. */
export function tensorflowVersion(): LibraryVersion | undefined {
  const { binding } = tf.backend() as { readonly binding?: { readonly TF_Version?: string } };
  if (binding?.TF_Version === undefined) return undefined;
  const [major = 0, minor = 0, patch = 0] = binding.TF_Version.split('.').map((part) =>
    Number.parseInt(part, 10),
  );
  return { major, minor, patch };
}

/** Without a GPU it computes on the CPU and says nothing of it. */
function usesGpu(): boolean {
  return (tf.backend() as { readonly isUsingGpuDevice?: boolean }).isUsingGpuDevice === true;
}
