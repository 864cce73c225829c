/** Clones of one small pipeline, each a separate project with an empty cache. */
import type { Project } from '../rig/project.js';
import { project, projectWithin } from '../rig/projects.js';
import type { Server } from './servers.js';

/** A folder, a file, a file larger than what goes into a pack, and an item that reads all. */
export const PIPELINE = `
stages:
  tree:
    cmd: echo tree >> ran.txt; mkdir -p \${outs.d}/in; for i in 1 2 3; do echo $i > \${outs.d}/in/$i; done; ln -s in/1 \${outs.d}/link; printf x > \${outs.d}/x; chmod +x \${outs.d}/x
    outs: { d: cache/out/tree }
  large:
    cmd: echo large >> ran.txt; seq 20000 > \${outs.f}
    outs: { f: cache/out/large.txt }
  all:
    cmd: echo all >> ran.txt; cat cache/out/tree/in/* cache/out/large.txt | wc -l > all.txt
    deps: [cache/out/tree, cache/out/large.txt]
    outs: [all.txt]
`;

/** One file that no pack holds. */
export const LARGE = `
stages:
  large: { cmd: "seq 400000 > \${outs.f}", outs: { f: cache/out/large.txt } }
`;

/** An incremental stage in shell: each epoch's state is a function of the one before. */
export const TRAINING = `
params: { train: { epochs: 6, rate: 7 } }
stages:
  train:
    params: [train]
    epochs: \${train.epochs}
    cmd: |
      k=$PIPE_EPOCH
      v=$(cat $PIPE_STATE/v 2>/dev/null || echo 0)
      while [ $k -lt $PIPE_EPOCHS ]; do
        k=$((k+1)); v=$(( (v * \${train.rate} + k) % 1000003 ))
        echo $k >> ran.txt
        mkdir $PIPE_COMMIT/draft; echo $v > $PIPE_COMMIT/draft/v
        echo "{\\"v\\": $v}" > $PIPE_COMMIT/draft/metrics.json
        mv $PIPE_COMMIT/draft $PIPE_COMMIT/$k
        while [ -d $PIPE_COMMIT/$k ]; do sleep 0.01; done
      done
      echo $v > model.txt
    outs: { model: model.txt }
`;

function files(server: Server, pipeline: string): Record<string, string> {
  return { 'pipeline.yaml': `remote: ${server.remote}\n${pipeline}` };
}

/** Its commands are processes. */
export function clone(server: Server, pipeline = PIPELINE): Project {
  return entered(project(files(server, pipeline)), server);
}

/** Its commands are answered within the test's process. */
export function cloneWithin(server: Server, pipeline = PIPELINE): Project {
  return entered(projectWithin(files(server, pipeline)), server);
}

function entered(made: Project, server: Server): Project {
  Object.assign(made.env, server.env);
  // No variables of the user who runs the tests.
  made.env.HOME = made.root;
  return made;
}
