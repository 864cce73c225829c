/**
 * The stage `train` as a separate process: `node child.mjs <file>`, the file a `TrainOrder` in
 * JSON.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import train from '../../../stages/train.js';
import { runStage } from './context.js';
import type { TrainOrder } from './train.js';

async function main(): Promise<void> {
  const order = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as TrainOrder;
  const { target, completed, states, cpu } = order;

  await runStage(train, {
    matrix: { dataset: 'test', model: 'tiny', seed: order.seed },
    params: order.params,
    cpu,
    deps: order.deps,
    outs: { model: order.out },
    epochs: {
      target,
      completed,
      state: completed > 0 ? join(states, `${completed}`) : undefined,
      *remaining() {
        for (let epoch = completed + 1; epoch <= target; epoch++) yield epoch;
      },
      async commit(epoch, write, metrics) {
        const folder = join(states, 'building');
        mkdirSync(folder, { recursive: true });
        await write(folder);
        writeFileSync(join(folder, 'metrics.json'), JSON.stringify(metrics));
        renameSync(folder, join(states, `${epoch}`));
      },
    },
  });
}

// The stage's threads load this file too, to serve alone.
if (isMainThread) await main();
