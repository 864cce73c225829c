/** The architectures by name. Those that every training can use are here; a program may add its own. */
import { checkChoice, type Tree } from '@pipe-experiment/data/check.js';
import { deepvision } from './deepvision.js';
import { type DeepvisionConfig, deepvisionParams } from './deepvision-plan.js';
import type { Network } from './network.js';
import { restorer } from './restorer.js';
import { type RestorerConfig, restorerParams } from './restorer-plan.js';

/** What `model.json` has of a network: its architecture, and the switches of its own. */
export interface NetworkConfig {
  readonly arch: string;
}

/** One kind of network. */
export interface Architecture<Config extends NetworkConfig = NetworkConfig> {
  /** Values of all parameters that may be left out: of the network, of what it sees and of its loss. */
  defaults(given: Tree, name: string): Tree;
  /** @param fills how many pre-fills it is shown */
  check(tree: Tree, name: string, fills: number): Config;
  /** For images of size×size×channels. Allocates nothing. */
  create(config: Config, size: number, channels: number): Network;
}

const architectures = new Map<string, Architecture>();

/** Names another architecture; before any parameters are checked. */
export function addArchitecture<Config extends NetworkConfig>(
  name: string,
  architecture: Architecture<Config>,
): void {
  architectures.set(name, architecture);
}

addArchitecture<DeepvisionConfig>('deepvision', { ...deepvisionParams, create: deepvision });
addArchitecture<RestorerConfig>('restorer', { ...restorerParams, create: restorer });

export function architectureOf(arch: unknown, name: string): Architecture {
  const known = checkChoice(arch, name, [...architectures.keys()]);
  return architectures.get(known)!;
}

export function createNetwork(config: NetworkConfig, size: number, channels: number): Network {
  return architectureOf(config.arch, 'arch').create(config, size, channels);
}
