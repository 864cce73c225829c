/** Bundles a child of the tests as the tool bundles a stage. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** They are sources, which the tool bundles: by path, esbuild does not leave them external. */
export const OWN_PACKAGES = { '@pipe-experiment': join(ROOT, 'packages') };

export interface Bundle {
  readonly folder: string;
  readonly file: string;
  remove(): void;
}

/** @param child a file of this folder, such as `train-child.ts` */
export async function bundleChild(child: string): Promise<Bundle> {
  // Beside the packages, so that the bundle's imports of them resolve.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.stage-test-'));
  const file = join(folder, 'child.mjs');
  await build({
    entryPoints: [join(ROOT, 'test/stages/support', child)],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    loader: { '.wasm': 'binary' },
    target: 'node20',
    alias: { ...OWN_PACKAGES, 'pipe-run/stage': join(ROOT, 'src/stage/stage-api.ts') },
  });
  return { folder, file, remove: () => rmSync(folder, { recursive: true }) };
}
