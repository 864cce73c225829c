/** Prints for each backend of train.backend whether it works here, and what it lacks; `pipe doctor` runs it. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const INSTALL = 'node stages/install-tensorflow.mjs';

const require = createRequire(import.meta.url);
const GPU_SCRIPT = `
const { create, globals } = await import('webgpu');
Object.assign(globalThis, globals);
const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
console.log(adapter === null ? 'none' : adapter.info.description || adapter.info.device || adapter.info.vendor);
process.exit(0);`;

for (const [backend, state] of [
  ['wasm', findPackage('@tensorflow/tfjs-backend-wasm', 'npm ci')],
  ['webgpu', findWebgpu()],
  ['node', findTensorflow('@tensorflow/tfjs-node', INSTALL)],
  ['node-gpu', findTensorflow('@tensorflow/tfjs-node-gpu', `${INSTALL} --gpu`)],
]) {
  console.log(`backend ${backend}: ${state}`);
}

function findPackage(name, cure) {
  try {
    return `works (${name} ${require(`${name}/package.json`).version})`;
  } catch {
    return `the package ${name} is not installed: run \`${cure}\``;
  }
}

function findWebgpu() {
  const { status, stdout, stderr } = runNode(['--input-type=module', '-e', GPU_SCRIPT]);
  if (status !== 0) return `the package webgpu does not load: ${reasonIn(stderr)}`;
  const adapter = stdout.trim().split('\n').at(-1);
  return adapter === 'none'
    ? 'no driver offers a GPU: install the driver for Vulkan'
    : `works (${adapter})`;
}

/** In a process of its own: a library may print, or end it. */
function findTensorflow(name, cure) {
  const installed = findPackage(name, cure);
  if (!installed.startsWith('works')) return installed;
  const { status, stdout, stderr } = runNode([
    '-e',
    `const { binding, isUsingGpuDevice } = require('${name}').backend(); console.log(binding.TF_Version, isUsingGpuDevice)`,
  ]);
  if (status !== 0) return `${name} does not load: ${reasonIn(stderr)}; run \`${cure}\``;
  const [version, onGpu] = stdout.trim().split('\n').at(-1).split(' ');
  if (name.endsWith('-gpu') && onGpu !== 'true') {
    return `TensorFlow ${version} finds no GPU that it can use: install the NVIDIA driver, CUDA and cuDNN`;
  }
  return `works (TensorFlow ${version})`;
}

function runNode(args) {
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 });
}

/** The line that names the error, not the code around it. */
function reasonIn(stderr) {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => line.includes('Error')) ?? lines.at(-1) ?? 'no reason given';
}
