/** Runs webgpu-child.ts and stepper-child.ts on a software driver for Vulkan, where the machine has one. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';
import { OWN_PACKAGES } from './bundle.js';
import type { StepperReport } from './stepper-child.js';
import type { WebgpuReport } from './webgpu-child.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Where the packages of Chromium and Mesa put their software drivers; Chromium's has the loader
 * next to it.
 */
const DRIVERS = [
  '/usr/lib/chromium/vk_swiftshader_icd.json',
  '/usr/lib/chromium-browser/vk_swiftshader_icd.json',
  '/opt/google/chrome/vk_swiftshader_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.json',
  '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json',
];

/**
 * Milliseconds. A software driver compiles each shader for half a second to a few: a minute on a
 * quiet machine with two cores, and proportionally longer if other processes run.
 */
export const COMPILE_TIMEOUT = 600_000;

export const NO_DRIVER = '/nonexistent/driver.json';

export function findSoftwareDriver(): string | null {
  return DRIVERS.find((file) => existsSync(file)) ?? null;
}

/** The report, or null when the driver offers no adapter that WebGPU accepts. */
export async function runOnWebgpu(
  driver: string,
  cases: 'few' | 'all' | 'all-tiles',
): Promise<WebgpuReport | null> {
  return (await reportOf(driver, 'webgpu-child', [cases])) as WebgpuReport | null;
}

/** The same of recorded training steps: of one layer, or of the architectures. */
export async function runSteppers(
  driver: string,
  networks: 'one-layer' | 'architectures',
): Promise<StepperReport | null> {
  return (await reportOf(driver, 'stepper-child', [networks])) as StepperReport | null;
}

async function reportOf(driver: string, child: Child, args: string[]): Promise<unknown> {
  const { stdout, stderr, exitCode } = await runChild(driver, child, args);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

type Child = 'webgpu-child' | 'stepper-child';

/** The child's error output, and how it ends. */
export async function runChild(driver: string, child: Child, args: readonly string[]) {
  // Beside the packages, so that the bundle's imports of them resolve.
  const folder = await mkdtemp(join(ROOT, 'node_modules', '.webgpu-test-'));
  try {
    const outfile = join(folder, 'child.mjs');
    await build({
      entryPoints: [join(ROOT, `test/stages/support/${child}.ts`)],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      loader: { '.wasm': 'binary' },
      target: 'node20',
      alias: OWN_PACKAGES,
    });
    return await execa(process.execPath, [outfile, ...args], {
      env: { VK_DRIVER_FILES: driver, LD_LIBRARY_PATH: dirname(driver), XDG_RUNTIME_DIR: folder },
      reject: false,
    });
  } finally {
    await rm(folder, { recursive: true });
  }
}
