/** The network of a configuration. */
import { deepvision } from './deepvision.js';
import type { DeepvisionConfig } from './deepvision-plan.js';
import type { Network } from './network.js';
import { restorer } from './restorer.js';
import type { RestorerConfig } from './restorer-plan.js';

export type NetworkConfig = DeepvisionConfig | RestorerConfig;

/** For images of size×size×channels. Allocates nothing. */
export function createNetwork(config: NetworkConfig, size: number, channels: number): Network {
  switch (config.arch) {
    case 'deepvision':
      return deepvision(config, size, channels);
    case 'restorer':
      return restorer(config, size, channels);
    default:
      throw new TypeError(`unknown architecture: ${JSON.stringify(config satisfies never)}`);
  }
}
