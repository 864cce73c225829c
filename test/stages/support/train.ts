/** Runs the stage `train` in processes of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { execa } from 'execa';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface TrainOrder {
  readonly params: unknown;
  readonly seed: number;
  readonly deps: { readonly images: string; readonly masks: string; readonly split: string };
  readonly out: string;
  /** Folder of the committed states, by epoch. */
  readonly states: string;
  readonly target: number;
  readonly completed: number;
}

export interface TrainProcess {
  run(order: TrainOrder): Promise<string>;
  remove(): void;
}

/** Bundles the stage once, as the tool does; beside the packages, so that imports of them resolve. */
export async function bundleTrain(): Promise<TrainProcess> {
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.train-test-'));
  const bundle = join(folder, 'child.mjs');
  await build({
    entryPoints: [join(ROOT, 'test/stages/support/train-child.ts')],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    alias: { 'pipe/stage': join(ROOT, 'src/stage/index.ts') },
  });
  return {
    async run(order) {
      mkdirSync(order.states, { recursive: true });
      const file = join(order.states, `order-${order.completed}-${order.target}.json`);
      writeFileSync(file, JSON.stringify(order));
      const { stdout } = await execa(process.execPath, [bundle, file]);
      return stdout;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
