/** The experiment of this repository on a real Slurm gives the results that a run on one machine gives. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { copyExperiment } from '../rig/experiment.js';
import { onSlurm } from '../rig/on-slurm.js';
import type { Project } from '../rig/project.js';
import { project } from '../rig/projects.js';

onSlurm({ nodes: 3 }, (cluster) => {
  function experiment(): Project {
    const made = project();
    copyExperiment(made);
    return made;
  }

  function onCluster(made: Project, ...targets: readonly string[]) {
    Object.assign(made.env, cluster().env, { PIPE_SLURM: '--mem=3G --time=60' });
    return made.run('--executor', 'slurm', ...targets);
  }

  it('the data stages give the pipeline.lock of a local run', async () => {
    const [here, there] = [experiment(), experiment()];
    for (const made of [here, there]) made.remove('pipeline.lock');
    const [local, remote] = [
      await here.run('split', 'occlude'),
      await onCluster(there, 'split', 'occlude'),
    ];
    expect([local.code, remote.code], remote.out + remote.err).toEqual([0, 0]);
    expect(remote.with('ran')).toEqual(local.with('ran'));
    expect(there.read('pipeline.lock')).toBe(here.read('pipeline.lock'));
  });

  it('the whole run gives the committed pipeline.lock', async () => {
    const made = experiment();
    const run = await onCluster(made);
    expect(run.code, run.out.slice(-3000) + run.err).toBe(0);
    const committed = fileURLToPath(new URL('../../pipeline.lock', import.meta.url));
    expect(made.read('pipeline.lock')).toBe(readFileSync(committed, 'utf8'));
  });
});
