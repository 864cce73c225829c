/** The threads that compute the shards of a batch. */
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { bundleFile } from '@pipe-experiment/data/bundle-file.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { type OpenedBackend, openBackend } from '@pipe-experiment/networks/backend/choose.js';
import { type MemberInput, serveMember } from '@pipe-experiment/networks/training/helper.js';
import { startTeam, type Team } from '@pipe-experiment/networks/training/team.js';
import { createNetwork, type NetworkConfig } from '../nn/create.js';
import { LOSSES, type LossRecipe, objectiveOf } from './objective.js';

const TASK = 'pipe-experiment: compute shards';

/** What such a thread needs to make the same network. */
export interface TeamInput {
  readonly backend: OpenedBackend;
  readonly network: NetworkConfig;
  readonly size: number;
  readonly channels: number;
}

/** @param threads how many compute at once, this one among them; no more than there are shards */
export function startShardThreads(input: TeamInput, shards: number, threads: number): Team {
  if (input.backend !== 'wasm' && input.backend !== 'cpu') {
    throw mistake(
      `train.shards is ${shards}, but the backend ${input.backend} computes a batch as a whole`,
      'Set train.shards to 1, or train.backend to wasm.',
    );
  }
  const bundle = bundleFile();
  const others = bundle === undefined ? 0 : Math.min(shards, threads) - 1;
  return startTeam({ ...modelOf(input), shards, others }, (member) => {
    return new Worker(bundle!, { workerData: { task: TASK, input, member } });
  });
}

function modelOf({ network: config, size, channels }: TeamInput) {
  const network = createNetwork(config, size, channels);
  return {
    layout: { specs: network.specs, losses: LOSSES },
    objectiveOf: (recipe: unknown) => objectiveOf(network, recipe as LossRecipe),
  };
}

async function serve(input: TeamInput, member: MemberInput): Promise<void> {
  await openBackend(input.backend);
  serveMember(member, modelOf(input).objectiveOf);
}

// Not awaited: the modules that import this one name their architectures meanwhile.
if (!isMainThread && workerData?.task === TASK) void serve(workerData.input, workerData.member);
