/**
 * Nodes of a real Slurm that share no folder with the run: `checkout` fetches the project, the
 * remote cache everything else.
 */
import { execFileSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { describeUnless } from '../../rig/on-slurm.js';
import { canMount, without } from '../../rig/own-mounts.js';
import { MARK, processesMarked } from '../../rig/processes.js';
import { outcomeOf } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import { cloneBare, missingForSlurm, startCluster } from '../../rig/slurm.js';
import { until } from '../../rig/until.js';
import { firstAhead, missingForWrongClocks } from '../../rig/wrong-clock.js';

const missing = [...missingForSlurm(), ...(canMount() ? [] : ['the right to mount'])];

/** Notes are outside of the project. */
const PIPELINE = `params: { size: 1 }
profiles: { large: { size: 2 } }
stages:
  data: { cmd: 'echo "\${size}" > data.txt', outs: [data.txt], executor: local }
  draw:
    matrix: { n: [1, 2] }
    cmd: echo "$(cat data.txt) \${n}" > \${outs.o}; echo "draw \${n}" >> "$NOTES/ran.log"
    deps: [data.txt]
    outs: { o: "out/\${n}.txt" }
  sum: { cmd: cat out/*.txt > sum.txt, deps: ["out/*.txt"], outs: [sum.txt] }
`;

/** Stops after epoch 2 until there is a file `go`. */
const TRAIN = `#!/bin/sh -e
epoch=$PIPE_EPOCH
echo "from $epoch" >> "$NOTES/epochs.log"
text=$(cat "$PIPE_STATE/text" 2> /dev/null || echo 0)
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  [ "$epoch" != 2 ] || until [ -e "$NOTES/go" ]; do sleep 0.1; done
  epoch=$((epoch + 1))
  text="$text $epoch"
  mkdir "$PIPE_COMMIT/new"
  echo "$text" > "$PIPE_COMMIT/new/text"
  mv "$PIPE_COMMIT/new" "$PIPE_COMMIT/$epoch"
  while [ -e "$PIPE_COMMIT/$epoch" ]; do sleep 0.05; done
  echo "$epoch" >> "$NOTES/epochs.log"
done
echo "$text" > model.txt
`;

describeUnless(missing, 'on Slurm', { timeout: 120_000 }, () => {
  /** The project is a git repository, which the nodes clone. */
  async function onBlindNodes(files: Readonly<Record<string, string>>, setup = '') {
    const [made, notes] = [project({ '.gitignore': 'cache/\n*.txt\n', ...files }), project()];
    cloneBare(made.root, notes.path('project.git'));
    made.write(
      'pipe.local.yaml',
      `slurm:
  latency: 20s
  checkout: git clone --quiet 'file://${notes.path('project.git')}' .
  setup: ${JSON.stringify(setup)}
`,
    );
    const cluster = await startCluster(2, { around: () => without(made.root) });
    onTestFinished(() => cluster.stop());
    Object.assign(made.env, cluster.env, {
      ...{ PIPE_EXECUTOR: 'slurm', PIPE_REMOTE: `file://${notes.path('remote')}` },
      ...{ NOTES: notes.root, TMPDIR: notes.root },
    });
    return { made, notes, cluster };
  }

  it('runs items there with the results of the run, and takes their results', async () => {
    const { made, notes } = await onBlindNodes({ 'pipeline.yaml': PIPELINE });
    const run = await made.run('--profile', 'large');
    expect([run.code, run.with('failed')], run.out + run.err).toEqual([0, []]);
    expect(made.read('sum.txt')).toBe('2 1\n2 2\n');
    expect(notes.lines('ran.log').sort()).toEqual(['draw 1', 'draw 2']);
    const again = await made.run('--profile', 'large');
    expect(again.with('fresh').length).toBe(4);
    made.remove('cache');
    made.remove('sum.txt');
    const pulled = await made.pipe('pull', '--profile', 'large');
    expect([pulled.code, made.read('sum.txt')], pulled.out + pulled.err).toEqual([0, '2 1\n2 2\n']);
    expect(notes.lines('ran.log').length).toBe(2);
  });

  const TRAINING =
    'stages: { train: { cmd: sh train.sh, deps: [train.sh], outs: [model.txt], epochs: 4 } }\n';

  async function trainsInTwoJobs(setup?: string): Promise<void> {
    const files = { 'train.sh': TRAIN, 'pipeline.yaml': TRAINING };
    const { made, notes, cluster } = await onBlindNodes(files, setup);
    const running = made.start('run', '--json');
    const state = await running.event(
      (event) => event.type === 'waiting' && event.reason.startsWith('running on n'),
    );
    await until(() => notes.lines('epochs.log').includes('2'));
    const [, job = ''] = /Slurm job (\d+)/.exec(JSON.stringify(state)) ?? [];
    cluster.call('scancel', '--batch', '--signal=TERM', job);
    notes.write('go', '');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).items.train?.verdict], out + err).toEqual([0, 'restored']);
    // The first job may store epoch 3 before it ends, and end the stage before that notes it.
    expect([
      ['from 0', '1', '2', 'from 2', '3', '4'],
      ['from 0', '1', '2', '3', 'from 3', '4'],
      ['from 0', '1', '2', 'from 3', '4'],
    ]).toContainEqual(notes.lines('epochs.log'));
    expect(made.read('model.txt')).toBe('0 1 2 3 4\n');
  }

  it('continues a training in another job, each epoch once', () => trainsInTwoJobs());

  it.skipIf(missingForWrongClocks().length > 0)(
    'continues a training on a node whose clock is two hours behind that of the last one',
    () => trainsInTwoJobs(firstAhead('"$NOTES/first-job"')),
  );

  it('takes one result if two nodes compute it because the first one was lost but keeps running', async () => {
    const { made, notes, cluster } = await onBlindNodes({
      // The result shows which job has computed it.
      'train.sh': TRAIN.replace('echo 0', 'echo "$SLURM_JOB_ID"'),
      'pipeline.yaml': TRAINING,
    });
    made.env[MARK] = made.root;
    const running = made.start('run', '--json');
    const begun = (jobs: number) =>
      until(() => notes.lines('epochs.log').filter((line) => line === '2').length === jobs);
    await begun(1);
    const [line = ''] = cluster.ask('squeue', '-h', '--me', '-t', 'running', '-o', '%N %A');
    const [node = '', job = ''] = line.split(' ');
    cluster.loseNode(node, job);
    await running.event((event) => event.type === 'waiting' && /NODE_FAIL/.test(event.reason));
    await begun(2);
    notes.write('go', '');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).items.train?.verdict], out + err).toEqual([0, 'restored']);
    await until(() => processesMarked(made.root).length === 0);
    // The second of the two noted it.
    const warned = execFileSync(
      'grep',
      ['-rlE', 'has a different result for the same key', notes.root],
      {
        encoding: 'utf8',
      },
    );
    expect(warned.trim().split('\n')).toEqual([expect.stringMatching(/\/events\.jsonl$/)]);
    const result = made.read('model.txt');
    expect(result).toMatch(/^\d+ 1 2 3 4\n$/);
    expect((await made.run()).with('fresh')).toEqual(['train']);
    made.remove('cache');
    made.remove('model.txt');
    expect((await made.pipe('pull')).code).toBe(0);
    expect(made.read('model.txt')).toBe(result);
  });

  it('says which files the checkout lacks, and where the output is', async () => {
    const { made } = await onBlindNodes({ 'pipeline.yaml': PIPELINE });
    made.write('pipeline.yaml', PIPELINE.replace('draw ', 'drew '));
    made.write('pipe.local.yaml', made.read('pipe.local.yaml').replace('20s', '10s'));
    const run = await made.run('draw@1');
    expect([run.code, run.items['draw@1']?.failure?.message]).toEqual([
      1,
      expect.stringMatching(
        /^its job left no result for the current key in the remote cache \(Slurm: \w+\)\. Its output is in \/tmp\/pipe-\w+\.txt/,
      ),
    ]);
  });

  it('requires a remote cache', async () => {
    const { made } = await onBlindNodes({ 'pipeline.yaml': PIPELINE });
    const run = await made.run('--remote', 'off');
    expect([run.code, run.err]).toEqual([2, expect.stringContaining('needs a remote cache')]);
  });
});
