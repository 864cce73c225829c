/** Runs the stage `train` in separate processes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { bundleChild } from './bundle.js';

export interface TrainOrder {
  readonly params: unknown;
  readonly seed: number;
  readonly deps: { readonly images: string; readonly masks: string; readonly split: string };
  readonly out: string;
  /** Folder of the committed states, by epoch. */
  readonly states: string;
  readonly target: number;
  readonly completed: number;
  /** Cores that it may compute on. */
  readonly cpu: number;
}

export interface TrainProcess {
  run(order: TrainOrder): Promise<string>;
  remove(): void;
}

/** Bundles the stage once. */
export async function bundleTrain(): Promise<TrainProcess> {
  const bundle = await bundleChild('train-child.ts');
  return {
    async run(order) {
      mkdirSync(order.states, { recursive: true });
      const file = join(order.states, `order-${order.completed}-${order.target}.json`);
      writeFileSync(file, JSON.stringify(order));
      const { stdout } = await execa(process.execPath, [bundle.file, file], {
        env: { NODE_EXTRA_CA_CERTS: undefined },
      });
      return stdout;
    },
    remove: bundle.remove,
  };
}
