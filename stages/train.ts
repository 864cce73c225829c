/** Stage `train`: trains a model, an epoch at a time, and writes its weights and its curve. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { checkTree } from '@pipe-experiment/data/check.js';
import { writeJson } from '@pipe-experiment/data/json.js';
import { type OpenedBackend, openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { tensorflowVersion } from '@pipe-experiment/networks/backend/native.js';
import { countParams } from '@pipe-experiment/networks/params.js';
import { chooseStepper } from '@pipe-experiment/networks/training/choose-stepper.js';
import { defineStage } from 'pipe-run/stage';
import type { Occlusion } from './lib/mask.js';
import { createNetwork } from './lib/nn/create.js';
import { type ModelFile, writeModel } from './lib/nn/model-files.js';
import type { Network } from './lib/nn/network.js';
import { checkOcclusions, settingNames } from './lib/occlusions.js';
import { type Config, checkConfig, learningRateAt } from './lib/train/config.js';
import { readTrainingData, type TrainingData } from './lib/train/data.js';
import { startDrawing } from './lib/train/drawing.js';
import { trainEpoch } from './lib/train/epoch.js';
import { assertFits } from './lib/train/memory.js';
import { startShardThreads } from './lib/train/shard-threads.js';
import { initState, readState, type TrainState, writeState } from './lib/train/state.js';
import { validate } from './lib/train/validate.js';

interface Shape {
  params: {
    readonly image: { readonly size: number };
    readonly train: unknown;
    readonly occlusions: unknown;
    readonly model: unknown;
  };
  matrix: { readonly dataset: string; readonly model: string; readonly seed: number };
  deps: { readonly images: string; readonly masks: string; readonly split: string };
  outs: { readonly model: string };
}

export default defineStage<Shape>(async (context) => {
  const { params, deps, outs, epochs, matrix, resources, signal } = context;

  // Parameters
  const config = checkConfig(
    { ...params, model: checkTree(params.model, 'model') },
    matrix,
    settingNames(params.occlusions),
  );
  const { train, model } = config;
  const occlusions = checkOcclusions(params.occlusions, params.image.size, model.occlusions);

  // Data and model
  const backend = await openBackend(train.backend);
  const tensorflow = tensorflowVersion();
  const data = readTrainingData(deps, occlusions, config);
  const { size, channels } = data.images;
  const network = createNetwork(model.network, size, channels);
  assertFits(backend, network.specs, train.ema > 0);
  let state: TrainState = epochs.state
    ? readState(epochs.state, network, train)
    : initState(network, train);
  console.log(
    `${model.network.arch}: ${countParams(network.specs)} parameters, ${data.train.length} images, backend ${backend}`,
  );

  // Training
  const training = { config, network, occlusions, masks: deps.masks, data };
  const { drawing, team } = startThreads(training, backend, resources.cpu);
  try {
    for (const epoch of epochs.remaining()) {
      const { weights, losses } = await trainEpoch(config, network, data, state.weights, epoch, {
        drawing,
        startStepper: team?.startStepper ?? chooseStepper(backend),
        onBatch(done, total) {
          signal.throwIfAborted();
          context.progress(done, total, 'batches');
        },
      });
      const val = await validate(config, network, weights.ema ?? weights.params, data);
      const learningRate = learningRateAt(train, weights.adam.step, epoch);
      const record = {
        ...{ epoch, learningRate, ...losses },
        ...(val ? { val } : {}),
        ...(tensorflow ? { tensorflow } : {}),
      };
      state = { weights, epoch, history: [...state.history, record] };
      await epochs.commit(epoch, (folder) => writeState(folder, state, train.seed), record);
    }
  } finally {
    await Promise.all([drawing.close(), team?.close()]);
  }

  const { heldOut } = data;
  const about = { size, channels, images: data.train.length, heldOut, model };
  await writeOuts(outs.model, about, state);
});

/** Depends on the last state alone, and not on how many runs it took. */
async function writeOuts(
  folder: string,
  about: Omit<ModelFile, 'format' | 'parameters' | 'epochs'>,
  { weights, epoch, history }: TrainState,
): Promise<void> {
  await writeModel(folder, { ...about, epochs: epoch }, weights.ema ?? weights.params);
  writeJson(join(folder, 'history.json'), history);
}

interface Training {
  readonly config: Config;
  readonly network: Network;
  readonly occlusions: ReadonlyMap<string, Occlusion>;
  /** Path of the masks. */
  readonly masks: string;
  readonly data: TrainingData;
}

/** Threads on the cores of the item: with shards, they compute gradients; others draw the batches. */
function startThreads(
  { config, network, occlusions, masks, data }: Training,
  backend: OpenedBackend,
  cores: number,
) {
  const { size, channels } = data.images;
  const { shards } = config.train;
  const drawing = startDrawing(
    {
      config: { ...config, noise: network.noise },
      occlusions,
      masks,
      size,
      channels,
      data: data.images.data.buffer,
      pictures: { side: data.pictures.side, data: data.pictures.data.buffer },
    },
    drawingThreads(backend, cores - Math.min(shards, cores)),
  );
  const team =
    shards > 1
      ? startShardThreads({ backend, network: config.model.network, size, channels }, shards, cores)
      : undefined;
  return { drawing, team };
}

/** Pre-filling a batch can take longer than a GPU takes to train on it. On CPUs, it takes spare cores only. */
function drawingThreads(backend: OpenedBackend, spare: number): number {
  const isOnGpu = backend === 'webgpu' || backend === 'node-gpu';
  return Math.min(4, Math.floor(isOnGpu ? availableParallelism() / 2 : spare));
}
