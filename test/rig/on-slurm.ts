/** Tests on a real Slurm. Where something for them is missing, they are skipped, and their title names it. */
import { afterAll, beforeAll, describe, type TestOptions } from 'vitest';
import { type Cluster, missingForSlurm, startCluster } from './slurm.js';

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
  /** Of slurm.conf, in place of those of the rig. */
  readonly settings?: Parameters<typeof startCluster>[2];
}

/** `tests` receive one cluster for all of them, which runs from the first to the last. */
export function onSlurm(
  { nodes, settings, ...options }: OnSlurm,
  tests: (cluster: () => Cluster) => void,
): void {
  describeUnless(missingForSlurm(), 'on Slurm', options, () => {
    let cluster: Cluster;
    beforeAll(async () => {
      cluster = await startCluster(nodes, undefined, settings);
    });
    afterAll(() => cluster?.stop());
    tests(() => cluster);
  });
}
