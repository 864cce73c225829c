/** The commands by name: each is loaded only when it is called. */
import type { Command } from './command.js';

export interface Entry {
  readonly summary: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
  run: { summary: 'run what is stale', load: () => import('./run.js') },
  watch: { summary: 'run, and run again when a file changes', load: () => import('./watch.js') },
  status: {
    summary: 'one line for each item: fresh or why not',
    load: () => import('./status.js'),
  },
  why: { summary: 'why an item is stale', load: () => import('./why.js') },
  epochs: { summary: 'the epochs that are kept of an item', load: () => import('./epochs.js') },
  params: {
    summary: 'the params, and where each value comes from',
    load: () => import('./params.js'),
  },
  graph: { summary: 'what needs what, and how it stands', load: () => import('./graph.js') },
  log: { summary: 'the output of an item, also while it runs', load: () => import('./log.js') },
  cache: {
    summary: 'what is kept, whether it is whole, and what may go',
    load: () => import('./cache.js'),
  },
  metrics: {
    summary: 'the metrics of every item, and what changed since a revision',
    load: () => import('./metrics.js'),
  },
  lock: { summary: 'check pipeline.lock', load: () => import('./lock.js') },
  verify: {
    summary: 'execute again in a fresh folder, and compare',
    load: () => import('./verify.js'),
  },
  init: { summary: 'write a pipeline to start from', load: () => import('./init.js') },
  doctor: { summary: 'check the machine and the project', load: () => import('./doctor.js') },
  schema: { summary: 'the JSON Schema of pipeline.yaml', load: () => import('./schema.js') },
};
