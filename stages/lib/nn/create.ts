/** The network of a configuration. */
import { deepvision } from './deepvision.js';
import type { DeepvisionConfig } from './deepvision-plan.js';
import type { Network } from './network.js';

export type NetworkConfig = DeepvisionConfig;

/** Allocates nothing. */
export function createNetwork(config: NetworkConfig, size: number, channels: number): Network {
  return deepvision(config, size, channels);
}
