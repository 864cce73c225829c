/** Tests on a real Slurm. If something is missing, they are skipped, and their title names it. */
import { afterAll, beforeAll, describe, type TestOptions } from 'vitest';
import { type Cluster, type ClusterOptions, missingForSlurm, startCluster } from './slurm.js';

export function describeUnless(
  missing: readonly string[],
  title: string,
  options: TestOptions,
  tests: () => void,
): void {
  const needs = missing.length > 0 ? ` (needs ${missing.join(', ')})` : '';
  describe.skipIf(missing.length > 0)(`${title}${needs}`, options, tests);
}

interface OnSlurm extends TestOptions {
  readonly nodes: number;
  readonly cluster?: ClusterOptions;
  /** What else is missing. */
  readonly missing?: readonly string[];
}

/** `tests` receive one cluster for all of them, which runs from the first to the last. */
export function onSlurm(
  { nodes, cluster: like, missing = [], ...options }: OnSlurm,
  tests: (cluster: () => Cluster) => void,
): void {
  describeUnless([...missingForSlurm(), ...missing], 'on Slurm', options, () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await startCluster(nodes, like);
    });
    afterAll(() => cluster?.stop());
    tests(() => cluster);
  });
}
