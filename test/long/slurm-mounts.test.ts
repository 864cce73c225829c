/**
 * A run and the nodes of a real Slurm that see the project through separate mounts, with attribute
 * caches of 20 s.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeUnless } from '../rig/on-slurm.js';
import { type Mounts, missingForMounts, mountsOf } from '../rig/own-mounts.js';
import { BIN, outcomeOf, Project, surroundings } from '../rig/project.js';
import { type Cluster, missingForSlurm, startCluster } from '../rig/slurm.js';

const missing = [...missingForSlurm(), ...missingForMounts()];

/** Notes are not in the project: no mount delays them. */
const TRAIN = `#!/bin/sh -e
epoch=$PIPE_EPOCH
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  epoch=$((epoch + 1))
  echo "epoch $epoch" >> "$NOTES"
  mkdir "$PIPE_COMMIT/new"
  cat deep/*.txt > "$PIPE_COMMIT/new/state"
  mv "$PIPE_COMMIT/new" "$PIPE_COMMIT/$epoch"
done
cat deep/*.txt > model.txt
`;

const PIPELINE = `stages:
  first: { cmd: "cat in.txt > first.txt; echo first >> $NOTES", deps: [in.txt], outs: [first.txt] }
  draw:
    matrix: { n: [1, 2, 3, 4] }
    cmd: cat first.txt > \${outs.o}; echo "draw \${n}" >> $NOTES
    deps: [first.txt]
    outs: { o: "deep/\${n}.txt" }
    resources: { gpu: 1 }
  train: { cmd: sh train.sh, deps: [train.sh, "deep/*.txt"], outs: [model.txt], epochs: 5 }
  last: { cmd: wc -l < model.txt > last.txt, deps: [model.txt], outs: [last.txt], executor: local }
`;

const ONCE = [
  ...['draw 1', 'draw 2', 'draw 3', 'draw 4'],
  ...['epoch 1', 'epoch 2', 'epoch 3', 'epoch 4', 'epoch 5', 'first'],
];

describeUnless(missing, 'on Slurm with mounts', {}, () => {
  let made: Project;
  let notes: Project;
  let mounts: Mounts;
  let cluster: Cluster;
  let head: readonly string[];
  beforeAll(async () => {
    notes = new Project();
    made = new Project({ 'pipeline.yaml': PIPELINE, 'train.sh': TRAIN, 'in.txt': 'x\n' });
    mounts = await mountsOf(made.root);
    cluster = await startCluster(2, { around: (node) => mounts.around(node) });
    head = mounts.make('head');
    const NOTES = notes.path('ran.log');
    Object.assign(made.env, cluster.env, { PIPE_EXECUTOR: 'slurm', NOTES });
  }, 300_000);
  afterAll(async () => {
    await cluster?.stop();
    await mounts?.stop();
    made?.dispose();
    notes?.dispose();
  });

  async function onHead(...words: readonly string[]): Promise<string> {
    const [program = '', ...args] = [...head, ...words];
    return (await promisify(execFile)(program, args, { env: surroundings(made.env) })).stdout;
  }

  const runOnHead = async () =>
    outcomeOf(await onHead(process.execPath, BIN, '-C', made.root, 'run', '--json'));

  it('computes each item once, and sees every result', async () => {
    const first = await runOnHead();
    expect(first.with('ran')).toEqual([
      ...['first', 'draw@1', 'draw@2', 'draw@3', 'draw@4', 'train', 'last'],
    ]);
    expect(notes.lines('ran.log').sort()).toEqual(ONCE);
    expect((await runOnHead()).with('fresh').length).toBe(7);
    expect(notes.lines('ran.log').length).toBe(ONCE.length);
    expect(made.read('last.txt').trim()).toBe('4');
  });

  it('computes the items that an edit on the machine of the run changes', async () => {
    notes.remove('ran.log');
    await onHead('sh', '-c', `echo y > ${made.path('in.txt')}`);
    expect((await runOnHead()).with('ran').length).toBe(7);
    expect(notes.lines('ran.log').sort()).toEqual(ONCE);
    expect(made.read('model.txt')).toBe('y\ny\ny\ny\n');
  });
});
