/** A short run on a real Slurm, where it is installed; test/long/slurm.test.ts has the faults. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { onSlurm } from '../../rig/on-slurm.js';
import { canMount, without } from '../../rig/own-mounts.js';
import { BIN, outcomeOf, surroundings } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import { cloneBare, startCluster } from '../../rig/slurm.js';
import { until } from '../../rig/until.js';

const PIPELINE = `stages:
  draw:
    matrix: { n: [1, 2, 3, 4] }
    cmd: >-
      touch here.\${n}; until test $(ls here.* | wc -l) = 4; do sleep 0.1; done;
      echo "$SLURM_JOB_NAME \${n}" > \${outs.o}
    outs: { o: "out/\${n}.txt" }
    resources: { gpu: 1, time: 5m }
  sum:
    cmd: cat out/*.txt > sum.txt; test -z "$SLURM_JOB_ID"
    deps: ["out/*.txt"]
    outs: [sum.txt]
    executor: local
  bad: { cmd: "echo oh no; exit 4", outs: [bad.txt], slurm: --partition=high }
`;

/** Computes epoch 2 when there is a file go.2. */
const TRAIN = `#!/bin/sh -e
echo "$1" >> started
epoch=$PIPE_EPOCH
text=$(cat "$PIPE_STATE/text" 2> /dev/null || echo "$1")
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  epoch=$((epoch + 1))
  until [ -e "go.$epoch" ]; do sleep 0.05; done
  echo "$1 $epoch restart \${SLURM_RESTART_COUNT:-0}" >> epochs.log
  text="$text $epoch"
  mkdir "$PIPE_COMMIT/new"
  echo "$text" > "$PIPE_COMMIT/new/text"
  mv "$PIPE_COMMIT/new" "$PIPE_COMMIT/$epoch"
  while [ -e "$PIPE_COMMIT/$epoch" ]; do sleep 0.05; done
done
echo "$text" > "$2"
`;

/** Fails once after epoch 2. Its notes are outside the project. */
const TRAIN_IN_TWO = `#!/bin/sh -e
epoch=$PIPE_EPOCH
text=$(cat "$PIPE_STATE/text" 2> /dev/null || cat data.txt)
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  if [ "$epoch" = 2 ] && mkdir "$NOTES/failed" 2> /dev/null; then exit 3; fi
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

const GUIDE = fileURLToPath(new URL('../../../docs/guides/cluster.md', import.meta.url));

/** With this project in the place of the example. */
function scriptOfGuide(url: string): string {
  const [, script = ''] =
    /^```sh\n(#!\/bin\/bash\n[\s\S]*?)^```$/m.exec(readFileSync(GUIDE, 'utf8')) ?? [];
  const own = script
    .replace('https://example.org/lab/project.git', url)
    .replace(/^#SBATCH .*\nset/m, 'set')
    .replace(/^npm ci\n/m, '')
    .replace('node_modules/.bin/pipe run train@faces', `${process.execPath} ${BIN} run train`);
  expect(own).not.toMatch(/example|npx|npm|faces|SBATCH/);
  return own;
}

onSlurm({ nodes: 2 }, (cluster) => {
  it('runs a matrix as one job array, a local stage here, and shows a failure with its log', async () => {
    const made = project({
      'pipeline.yaml': PIPELINE,
      'pipe.local.yaml': 'slurm: { latency: 5s }\n',
    });
    Object.assign(made.env, cluster().env);
    const run = await made.run('--executor', 'slurm', '-k');
    expect([run.code, run.with('ran'), run.with('failed')], run.out + run.err).toEqual([
      1,
      ['draw@1', 'draw@2', 'draw@3', 'draw@4', 'sum'],
      ['bad'],
    ]);
    expect(run.items.bad?.failure).toMatchObject({ exitCode: 4, tail: ['oh no'] });
    const names = made.lines('sum.txt').map((line) => line.split(' ')[0]);
    expect(new Set(names).size).toBe(1);
    const nodes = run.events.flatMap((event) =>
      event.type === 'start' && event.item.startsWith('draw') ? (event.where ?? []) : [],
    );
    expect(nodes.sort()).toEqual(['n1', 'n1', 'n2', 'n2']);
    const again = await made.run('--executor', 'slurm', 'sum');
    expect([again.code, again.with('fresh').length]).toEqual([0, 5]);
  });

  it('shows the jobs of a run that has ended, and removes their scripts when they are over', async () => {
    const files = {
      'pipeline.yaml': `stages:
  long: { cmd: until test -e go; do sleep 0.1; done; echo done; echo x > a.txt, outs: [a.txt] }
  next: { cmd: cat a.txt > b.txt, deps: [a.txt], outs: [b.txt] }
  other: { cmd: echo y > o.txt, outs: [o.txt], slurm: --begin=now+600 }
`,
      'pipe.local.yaml': 'slurm: { latency: 5s }\n',
    };
    const made = project(files);
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    const first = made.start('run', '--json');
    await first.events(
      (events) =>
        events.some((each) => each.type === 'start' && each.item === 'long') &&
        events.some((each) => each.type === 'waiting' && /^pending \(BeginTime/.test(each.reason)),
    );
    first.kill('SIGKILL');
    await first.ended;
    const status = await made.pipe('status');
    expect(status.out.split('\n')).toEqual([
      expect.stringMatching(/^long {3}stale {7}running on n[12], Slurm job \d+$/),
      expect.stringMatching(/^next {3}unknown/),
      expect.stringMatching(/^other {2}stale {7}pending \(BeginTime\), Slurm job \d+$/),
      '',
    ]);
    const none = await made.pipe('log', 'other');
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('pending (BeginTime)')]);
    const log = made.start('log', '-f', 'long');
    await log.errorText((text) => text.startsWith('long: running on n'));
    made.write('go', '');
    expect((await log.ended).out).toBe('done\n');
    const [, other = ''] = /BeginTime\), Slurm job (\d+)/.exec(status.out) ?? [];
    const second = made.start('run', '--json');
    await second.event((event) => event.type === 'waiting' && event.item === 'other');
    cluster().call('scontrol', 'update', `JobId=${other}`, 'StartTime=now');
    const { code, out, err } = await second.ended;
    expect([code, outcomeOf(out).items.other?.verdict], out + err).toEqual([0, 'ran']);
    expect(readdirSync(made.path('cache/jobs/submitted'))).toEqual([]);
  });

  it('detaches with --detach: jobs wait for each other, and those after a failed one never start', async () => {
    const made = project({
      'pipeline.yaml': `stages:
  here: { cmd: "test -z $SLURM_JOB_ID; echo 1 > h.txt", outs: [h.txt], executor: local }
  draw:
    matrix: { n: [1, 2] }
    cmd: until test -e go; do sleep 0.1; done; echo "\${n}" >> ran.log; cat h.txt > \${outs.o}
    deps: [h.txt]
    outs: { o: "out/\${n}.txt" }
  sum: { cmd: cat out/*.txt > sum.txt, deps: ["out/*.txt"], outs: [sum.txt] }
  bad: { cmd: until test -e go; do sleep 0.1; done; exit 4, outs: [bad.txt] }
  behind: { cmd: echo x >> ran.log, deps: [bad.txt, sum.txt], outs: [behind.txt] }
  last: { cmd: cat sum.txt > last.txt, deps: [sum.txt], outs: [last.txt], executor: local }
`,
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    const left = await made.run('--detach');
    expect([left.code, left.with('ran'), left.with('submitted')], left.out + left.err).toEqual([
      0,
      ['here'],
      ['draw@1', 'draw@2', 'sum', 'bad', 'behind'],
    ]);
    expect(left.items.last?.reason).toBe('left for the next `pipe run`: it runs on this machine');
    const again = await made.run('--detach');
    expect(again.items.sum?.reason).toBe(left.items.sum?.reason);
    expect((await made.pipe('status', 'behind')).out).toContain('pending (Dependency), Slurm');
    made.write('go', '');
    await until(() => cluster().call('squeue', '-h', '--me', '-o', '%i').trim() === '');
    expect(made.lines('ran.log').sort()).toEqual(['1', '2']);
    const run = await made.run('last');
    expect([run.code, run.with('ran'), run.with('fresh').length]).toEqual([0, ['last'], 4]);
    expect(made.read('last.txt')).toBe('1\n1\n');
    expect((await made.pipe('status', 'bad')).out).toMatch(/^bad +stale +failed last time/);
  });

  it('continues a detached training in the same job when its time ends', async () => {
    const made = project({
      'train.sh': TRAIN,
      'pipeline.yaml': `stages:
  train:
    matrix: { n: [1, 2] }
    cmd: sh train.sh \${n} \${outs.model}
    outs: { model: "model.\${n}.txt" }
    epochs: 3
  sum: { cmd: cat model.*.txt > sum.txt, deps: ["model.*.txt"], outs: [sum.txt] }
`,
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    const left = await made.run('--detach');
    // The last one of an array has the number of the whole array.
    const [, job = ''] = /^Slurm job (\d+_1)$/.exec(left.items['train@2']?.reason ?? '') ?? [];
    await until(() => made.lines('started').length === 2);
    // As Slurm does shortly before the time limit. Nothing happens before an epoch is completed.
    cluster().call('scancel', '--batch', '--signal=URG', job);
    made.write('go.1', '');
    const state = () => cluster().call('squeue', '-h', '-r', '-j', job, '-o', '%T');
    await until(() => state() === 'PENDING\n');
    expect((await made.pipe('status', 'train@2')).out).toMatch(/pending \(\w+\), Slurm job/);
    made.write('go.2', '');
    // Within a second of the requeue, a node refuses the job.
    cluster().call('scontrol', 'update', `JobId=${job}`, 'StartTime=now+3');
    made.write('go.3', '');
    await until(() => cluster().call('squeue', '-h', '--me', '-o', '%i').trim() === '');
    expect(made.lines('epochs.log').sort()).toEqual([
      ...['1 1 restart 0', '1 2 restart 0', '1 3 restart 0'],
      ...['2 1 restart 0', '2 2 restart 1', '2 3 restart 1'],
    ]);
    const run = await made.run();
    expect([run.code, run.with('fresh').length, made.read('sum.txt')]).toEqual([
      ...[0, 3, '1 1 2 3\n2 1 2 3\n'],
    ]);
  });

  it('sends what its jobs compute to the remote cache', async () => {
    const files = {
      'pipeline.yaml': 'stages: { a: { cmd: "echo x > a.txt", outs: [a.txt] } }\n',
    };
    const [made, other] = [project(files), project(files)];
    const remote = { PIPE_REMOTE: `file://${made.path('remote')}` };
    Object.assign(made.env, cluster().env, remote);
    Object.assign(other.env, remote);
    const run = await made.run('--executor', 'slurm');
    expect([run.code, run.with('ran')], run.out + run.err).toEqual([0, ['a']]);
    const elsewhere = await other.run();
    expect(elsewhere.items.a, elsewhere.out).toMatchObject({
      verdict: 'restored',
      from: 'remote',
    });
  });

  it.skipIf(!canMount())('names a node that does not see the project', async () => {
    const made = project({
      'pipeline.yaml': 'stages: { a: { cmd: "echo x > a.txt", outs: [a.txt] } }\n',
      'pipe.local.yaml': 'slurm: { latency: 2s }\n',
    });
    const blind = await startCluster(1, { around: () => without(made.root) });
    onTestFinished(() => blind.stop());
    Object.assign(made.env, blind.env, { PIPE_EXECUTOR: 'slurm' });
    const run = await made.run();
    expect([run.code, run.items.a?.failure?.message]).toEqual([
      1,
      `its job ended before it wrote a file (Slurm: FAILED): does n1 see ${made.root}? Move the project to a file system that the nodes share`,
    ]);
  });

  it.skipIf(!canMount())(
    'runs the script of the guide on a node that shares no folder',
    async () => {
      const [made, notes] = [project(), project()];
      made.write('.gitignore', 'cache/\nreports/\n*.txt\n');
      made.write('train.sh', TRAIN_IN_TWO);
      made.write(
        'pipeline.yaml',
        `stages:
  data: { cmd: echo 0 > data.txt, outs: [data.txt] }
  train: { cmd: sh train.sh, deps: [train.sh, data.txt], outs: [model.txt], epochs: 4 }
`,
      );
      cloneBare(made.root, notes.path('project.git'));
      const blind = await startCluster(1, { around: () => without(made.root) });
      onTestFinished(() => blind.stop());
      Object.assign(made.env, { PIPE_REMOTE: `file://${notes.path('remote')}` });
      expect((await made.run('data')).with('ran')).toEqual(['data']);
      notes.write('job.sh', scriptOfGuide(`file://${notes.path('project.git')}`));
      const env = {
        ...surroundings(made.env),
        ...blind.env,
        NOTES: notes.root,
        TMPDIR: notes.root,
      };
      const submit = () =>
        execFileSync(
          'sbatch',
          ['-J', 'train', '-d', 'singleton', '-o', notes.path('out-%j.txt'), notes.path('job.sh')],
          { cwd: notes.root, env },
        );
      submit();
      submit();
      await until(() => blind.call('squeue', '-h', '--me', '-o', '%i').trim() === '');
      expect(notes.lines('epochs.log')).toEqual(['1', '2', '3', '4']);
      const run = await made.run();
      expect(run.items.train).toMatchObject({ verdict: 'restored', from: 'remote' });
      expect(made.read('model.txt')).toBe('0 1 2 3 4\n');
    },
  );

  it("shows Slurm's own message for a refused job", async () => {
    const made = project({
      'pipeline.yaml': 'stages: { a: { cmd: "echo x > a.txt", outs: [a.txt] } }\n',
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm', PIPE_SLURM: '-p nowhere' });
    const run = await made.run();
    expect([run.code, run.items.a?.failure?.message]).toEqual([
      1,
      expect.stringMatching(/^Slurm refuses the job: .*invalid partition specified: nowhere/),
    ]);
  });
});
