/** Stage `train`: trains a model, an epoch at a time, and writes its weights and its curve. */
import { join } from 'node:path';
import { checkTree } from '@pipe-experiment/data/check.js';
import { defineStage } from 'pipe-run/stage';
import { openBackend } from './lib/backend/choose.js';
import { tensorflowVersion } from './lib/backend/native.js';
import { writeJson } from './lib/json.js';
import { createNetwork } from './lib/nn/create.js';
import { writeModel } from './lib/nn/model-files.js';
import { countParams } from './lib/nn/params.js';
import { checkOcclusions, settingNames } from './lib/occlusions.js';
import { chooseStepper } from './lib/train/choose-stepper.js';
import { checkConfig, learningRateAt } from './lib/train/config.js';
import { readTrainingData } from './lib/train/data.js';
import { startDrawing } from './lib/train/drawing.js';
import { trainEpoch } from './lib/train/epoch.js';
import { assertFits } from './lib/train/memory.js';
import { initState, readState, type TrainState, writeState } from './lib/train/state.js';
import { startTeam } from './lib/train/team.js';
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
  const drawing = startDrawing({
    config: { ...config, noise: network.noise },
    occlusions,
    masks: deps.masks,
    size,
    channels,
    data: data.images.data.buffer,
    pictures: { side: data.pictures.side, data: data.pictures.data.buffer },
  });
  const team =
    train.shards > 1
      ? startTeam({ backend, network: model.network, size, channels }, train.shards, resources.cpu)
      : undefined;
  try {
    for (const epoch of epochs.remaining()) {
      const { weights, losses } = await trainEpoch(config, network, data, state.weights, epoch, {
        drawing,
        startStepper: chooseStepper(backend, team),
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

  // Outs: a function of the last state alone
  const { weights, epoch, history } = state;
  await writeModel(
    outs.model,
    { size, channels, images: data.train.length, epochs: epoch, model },
    weights.ema ?? weights.params,
  );
  writeJson(join(outs.model, 'history.json'), history);
});
