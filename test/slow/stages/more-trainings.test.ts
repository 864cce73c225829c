/** The stage `train`: each kind of model, batches in shards, and other seeds. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startShardThreads } from '../../../stages/lib/train/shard-threads.js';
import { folderDigests } from '../../stages/support/folders.js';
import type { TrainOrder } from '../../stages/support/train.js';
import {
  folder,
  goesOn,
  MODELS,
  order,
  prepareTrainings,
  run,
  SIZE,
} from '../../stages/support/trainings.js';

prepareTrainings();

describe('deepvision', () => goesOn('deepvision'));
describe('restorer', () => goesOn('restorer'));

describe('batches in three shards', () => {
  const last = (name: string) => folderDigests(join(folder.path, name, '2'));

  // The smallest limit clips the gradients of all batches.
  test.each([0, 0.001])(
    'give the same bytes on one, two and three cores, and resumed on another number, clipped to %f',
    async (clip) => {
      const shared = (
        name: string,
        completed: number,
        target: number,
        cpu: number,
      ): TrainOrder => ({
        ...order(`${name}-${clip}`, MODELS.deepvision, completed, target, 3, 3, clip),
        cpu,
      });
      await run(shared('one-core', 0, 2, 1));
      await run(shared('two-cores', 0, 2, 2));
      await run(shared('three-cores', 0, 1, 3));
      await run(shared('three-cores', 1, 2, 1));
      expect(last(`two-cores-${clip}`)).toEqual(last(`one-core-${clip}`));
      expect(last(`three-cores-${clip}`)).toEqual(last(`one-core-${clip}`));
    },
  );

  test('are another training if they are clipped', () => {
    expect(last('one-core-0.001')).not.toEqual(last('one-core-0'));
  });

  test('are another training than batches in one', () => {
    const weights = (name: string) =>
      folderDigests(join(folder.path, name, '2')).get('params.safetensors');
    expect(weights('one-core-0')).not.toEqual(weights('deepvision-straight'));
  });

  test('need at least as many images in a batch, and a backend that computes them', async () => {
    const many = order('too-many', MODELS.deepvision, 0, 1, 3, 9);
    await expect(run(many)).rejects.toThrow('train.shards');
    expect(() =>
      startShardThreads({ backend: 'webgpu', network: {} as never, size: SIZE, channels: 1 }, 2, 1),
    ).toThrow('train.shards is 2, but the backend webgpu computes a batch as a whole');
  });
});

test('another seed is another training, and does not continue from the state of this one', async () => {
  const other = (states: string, completed: number, target: number) =>
    run(order(states, MODELS.restorer, completed, target, 2));
  // The state and the weights of one epoch with seed 3 are those of the resumed training above.
  const weights = (name: string) =>
    folderDigests(join(folder.path, `${name}-1-out`)).get('weights.safetensors');
  await Promise.all([
    expect(other('restorer-resumed', 1, 2)).rejects.toThrow(
      'a training state of seed 3, expected 2',
    ),
    other('seeded', 0, 1),
  ]);
  expect(weights('seeded')).toMatch(/^[0-9a-f]{64}$/);
  expect(weights('restorer-resumed')).toMatch(/^[0-9a-f]{64}$/);
  expect(weights('seeded')).not.toEqual(weights('restorer-resumed'));
});
