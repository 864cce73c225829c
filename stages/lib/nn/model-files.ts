/** A trained model as a folder: `weights.safetensors`, and `model.json` with all that rebuilds it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '@pipe-experiment/data/json.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { countParams, type Params } from '@pipe-experiment/networks/params.js';
import { readParams, writeParams } from '@pipe-experiment/networks/tensor-files.js';
import { createNetwork } from './create.js';
import type { ModelConfig } from './model-config.js';
import type { Network } from './network.js';

/** `model.json`. */
export interface ModelFile {
  readonly format: 1;
  readonly size: number;
  readonly channels: number;
  /** How many numbers were learned. */
  readonly parameters: number;
  /** Images trained on in each epoch. */
  readonly images: number;
  /** Train images that were not trained on: those for validation, and the others of their groups. */
  readonly heldOut: readonly number[];
  /** Epochs trained. */
  readonly epochs: number;
  readonly model: ModelConfig;
}

export interface Model {
  readonly file: ModelFile;
  readonly network: Network;
  readonly params: Params;
}

const WEIGHTS = 'weights.safetensors';
const DESCRIPTION = 'model.json';

export async function writeModel(
  folder: string,
  { model, ...about }: Omit<ModelFile, 'format' | 'parameters'>,
  params: Params,
): Promise<void> {
  const network = createNetwork(model.network, about.size, about.channels);
  const parameters = countParams(network.specs);
  const file: ModelFile = { format: 1, parameters, ...about, model };
  mkdirSync(folder, { recursive: true });
  await writeParams(join(folder, WEIGHTS), params, { arch: model.network.arch });
  writeJson(join(folder, DESCRIPTION), file);
}

export function readModel(folder: string): Model {
  const file = readJson<ModelFile>(join(folder, DESCRIPTION));
  if (file.format !== 1) throw mistake(`${folder}: a model of format ${file.format}, expected 1`);
  const network = createNetwork(file.model.network, file.size, file.channels);
  return { file, network, params: readParams(join(folder, WEIGHTS), network.specs) };
}
