/** Faults on a real Slurm: time limits, preemption, lost nodes, killed runs, a silent controller. */
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect, it } from 'vitest';
import { onSlurm } from '../rig/on-slurm.js';
import { outcomeOf, type Project } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { until } from '../rig/until.js';

/** Writes a line for each epoch when pipe has stored it. */
const TRAIN = `#!/bin/sh -e
epoch=$PIPE_EPOCH
value=$(cat "$PIPE_STATE/value" 2>/dev/null || echo 1)
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  sleep "$1"
  epoch=$((epoch + 1))
  value=$(((value * 31 + epoch) % 1000003))
  mkdir "$PIPE_COMMIT/new-$$"
  echo "$value" > "$PIPE_COMMIT/new-$$/value"
  mv "$PIPE_COMMIT/new-$$" "$PIPE_COMMIT/$epoch"
  while [ -e "$PIPE_COMMIT/$epoch" ]; do sleep 0.05; done
  echo "$epoch $SLURM_JOB_ID" >> epochs.log
done
echo "$value" > "$2"
`;

/** The output of an uninterrupted training. */
function valueAfter(epochs: number): string {
  let value = 1;
  for (let epoch = 1; epoch <= epochs; epoch++) value = (value * 31 + epoch) % 1000003;
  return `${value}\n`;
}

const training = (epochs: number, seconds: number, resources: string) => `stages:
  train:
    cmd: sh train.sh ${seconds} model.txt
    deps: [train.sh]
    outs: [model.txt]
    epochs: ${epochs}
    resources: ${resources}
`;

const once = (epochs: number) => Array.from({ length: epochs }, (_, at) => at + 1);

onSlurm({ nodes: 2, timeout: 400_000 }, (cluster) => {
  function onCluster(files: Readonly<Record<string, string>>): Project {
    const made = project({ 'pipe.local.yaml': 'slurm: { latency: 3s }\n', ...files });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    return made;
  }

  /** A program before Slurm's own: `$real` is that one. */
  function wrap(made: Project, name: string, script: string): void {
    const real = execFileSync('which', [name], { encoding: 'utf8' }).trim();
    made.write(`bin/${name}`, `#!/bin/sh\nreal=${real}\n${script}`);
    chmodSync(made.path(`bin/${name}`), 0o755);
    made.env.PATH = `${made.path('bin')}:${cluster().env.PATH}`;
  }

  const jobsOf = (made: Project) =>
    cluster().call('squeue', '-h', '-r', '-t', 'all', '-o', '%T', `--name=${namesOf(made)}`);
  const namesOf = (made: Project) => [...new Set(made.lines('names.log'))].join(',');
  /** The epochs that runs have reported, because a killed stage may not have noted its last one. */
  const told = (...outs: readonly string[]) =>
    outs.flatMap((out) =>
      outcomeOf(out).events.flatMap((event) => (event.type === 'epoch' ? [event.epoch] : [])),
    );
  const active = () => cluster().call('squeue', '-h', '--me', '-o', '%i').trim();

  /**
   * Slurm starts a requeued job again after two minutes. Within a second of the requeue, a node
   * refuses it ("Job credential revoked"), so it is requested three seconds later.
   */
  function startRequeued(): void {
    const columns = 'JobID:12,Reason:30,EligibleTime:20';
    const pending = cluster().call('squeue', '-h', '-t', 'PD', '-O', columns).split('\n');
    for (const line of pending) {
      const [job = '', reason, start = ''] = line.split(/ +/);
      if (reason !== 'BeginTime' || Date.parse(start) < Date.now() + 10_000) continue;
      cluster().call('scontrol', 'update', `JobId=${job}`, 'StartTime=now+3');
    }
  }

  /** Notes the names of all submissions. */
  const NOTING = `for word; do case "$word" in --job-name=*) echo "\${word#*=}" >> names.log;; esac; done\n`;

  it('trains longer than the time limit of a job, each epoch once', async () => {
    const made = onCluster({
      'train.sh': TRAIN,
      'pipeline.yaml': training(20, 10, '{ time: 1m }'),
    });
    const run = await made.run();
    expect([run.code, run.with('ran')], run.out + run.err).toEqual([0, ['train']]);
    expect(told(run.out)).toEqual(once(20));
    expect(made.read('model.txt')).toBe(valueAfter(20));
    const jobs = new Set(made.lines('epochs.log').map((line) => line.split(' ')[1]));
    expect(jobs.size).toBeGreaterThan(2);
  });

  it.each([
    ['each epoch once', 12, 10, ''],
    ['also when Slurm signals before pipe starts', 3, 14, 'setup: sleep 25'],
  ])('trains longer than the time limit of its job after --detach, %s', async (_, ...how) => {
    const [target, seconds, setup] = how;
    const made = onCluster({
      'train.sh': TRAIN,
      'pipe.local.yaml': `slurm: { latency: 3s, ${setup} }\n`,
      'pipeline.yaml': `${training(target, seconds, '{ time: 1m }')}  behind: { cmd: cp model.txt b.txt, deps: [model.txt], outs: [b.txt] }\n`,
    });
    expect((await made.run('--detach')).with('submitted')).toEqual(['train', 'behind']);
    await until(() => {
      startRequeued();
      return active() === '';
    });
    // One job: a killed stage may not have noted its last epoch.
    const nonce = made.read('cache/jobs/train/current').trim();
    const events = made.lines(`cache/jobs/train/${nonce}/events.jsonl`).filter(Boolean);
    expect(told(events.join('\n'))).toEqual(once(target));
    const run = await made.run();
    expect([run.with('fresh'), made.read('b.txt')]).toEqual([
      ['train', 'behind'],
      valueAfter(target),
    ]);
  });

  it('continues after a preemption', async () => {
    const made = onCluster({ 'train.sh': TRAIN, 'pipeline.yaml': training(8, 1, '{ cpu: 4 }') });
    const running = made.start('run', '--json');
    await running.event((event) => event.type === 'epoch' && event.epoch === 2);
    const [node] = cluster().call('squeue', '-h', '--me', '-t', 'running', '-o', '%N').split('\n');
    cluster().call(
      'sbatch',
      '-p',
      'high',
      '-w',
      node ?? '',
      '-c',
      '4',
      '-o',
      '/dev/null',
      '--wrap',
      'sleep 4',
    );
    const { code, out, err } = await running.ended;
    expect(code, out + err).toBe(0);
    expect(out).toMatch(/PREEMPTED/);
    expect(told(out)).toEqual(once(8));
    expect(made.read('model.txt')).toBe(valueAfter(8));
  });

  it('continues when a node is lost while its processes keep running, which then record nothing', async () => {
    const made = onCluster({ 'train.sh': TRAIN, 'pipeline.yaml': training(30, 1, '{ cpu: 4 }') });
    const running = made.start('run', '--json');
    await running.event((event) => event.type === 'epoch' && event.epoch === 2);
    const [line = ''] = cluster()
      .call('squeue', '-h', '--me', '-t', 'running', '-o', '%N %A')
      .split('\n');
    const [node = '', job = ''] = line.split(' ');
    cluster().loseNode(node, job);
    const { code, out, err } = await running.ended;
    cluster().startNode(Number(node.slice(1)));
    expect(code, out + err).toBe(0);
    expect(out).toMatch(/NODE_FAIL/);
    const epochs = told(out);
    expect([new Set(epochs).size, epochs.at(-1)]).toEqual([epochs.length, 30]);
    const noted = made.lines('epochs.log').map((each) => each.split(' ')[0]);
    expect(new Set(noted).size).toBe(noted.length);
    expect(made.read('model.txt')).toBe(valueAfter(30));
  });

  it.each([
    ['before sbatch', 'echo here > here; sleep 3; exec "$real" "$@"'],
    ['after sbatch', '"$real" "$@"; echo here > here; sleep 3'],
  ])('submits one job when the run is killed %s', async (_when, script) => {
    const made = onCluster({
      'pipeline.yaml':
        'stages: { a: { cmd: "echo ran >> ran.log; sleep 4; echo x > a.txt", outs: [a.txt] } }\n',
    });
    wrap(made, 'sbatch', NOTING + script);
    const first = made.start('run', '--json');
    await until(() => made.lines('here').length > 0);
    first.kill('SIGKILL');
    await first.ended;
    const run = await made.run();
    expect([run.code, run.with('ran')], run.out + run.err).toEqual([0, ['a']]);
    expect(made.lines('ran.log')).toEqual(['ran']);
    expect(made.lines('names.log')).toHaveLength(1);
    expect(jobsOf(made)).toBe('COMPLETED\n');
  });

  it('finds the job of a killed run while it runs, and takes the result of one that has ended', async () => {
    const made = onCluster({
      'pipeline.yaml':
        'stages: { a: { cmd: "echo ran >> ran.log; sleep 3; echo x > a.txt", outs: [a.txt] } }\n',
    });
    const first = made.start('run', '--json');
    await first.event((event) => event.type === 'start');
    first.kill('SIGKILL');
    await first.ended;
    expect((await made.pipe('status')).out).toMatch(/^a +stale/);
    const run = await made.run();
    expect([run.code, run.with('ran')], run.out + run.err).toEqual([0, ['a']]);
    expect(made.lines('ran.log')).toEqual(['ran']);
    const fresh = await made.run();
    expect(fresh.with('fresh')).toEqual(['a']);
  });

  it('submits once when sbatch reports an error for a job that it has submitted', async () => {
    const made = onCluster({
      'pipeline.yaml':
        'stages: { a: { cmd: "echo ran >> ran.log; echo x > a.txt", outs: [a.txt] } }\n',
    });
    wrap(
      made,
      'sbatch',
      `${NOTING}"$real" "$@" >/dev/null; echo "sbatch: error: Socket timed out" >&2; exit 1`,
    );
    const run = await made.run();
    expect([run.code, run.with('ran')], run.out + run.err).toEqual([0, ['a']]);
    expect(made.lines('names.log')).toHaveLength(1);
    expect(made.lines('ran.log')).toEqual(['ran']);
  });

  it('waits for a controller that does not answer', async () => {
    const made = onCluster({
      'pipeline.yaml': 'stages: { a: { cmd: "echo x > a.txt", outs: [a.txt] } }\n',
    });
    const pid = cluster().pidOf('slurmctld');
    process.kill(pid, 'SIGTERM');
    await until(() => !isAlive(pid));
    const running = made.start('run', '--json');
    await running.event(
      (event) => event.type === 'waiting' && /Slurm does not answer/.test(event.reason),
    );
    cluster().startController();
    const { code, out, err } = await running.ended;
    expect(code, out + err).toBe(0);
    expect(made.read('a.txt')).toBe('x\n');
  });

  it('cancels its jobs on Ctrl-C, and keeps their epochs', async () => {
    const made = onCluster({ 'train.sh': TRAIN, 'pipeline.yaml': training(6, 1, '{}') });
    const running = made.start('run', '--json');
    await running.event((event) => event.type === 'epoch' && event.epoch === 2);
    const since = performance.now();
    running.kill('SIGINT');
    const { code, out } = await running.ended;
    expect([code, active()]).toEqual([130, '']);
    expect(performance.now() - since).toBeLessThan(10_000);
    const run = await made.run();
    expect(run.code, run.out + run.err).toBe(0);
    expect(told(out, run.out)).toEqual(once(6));
  });

  it.each([
    [
      'an epoch that is longer than a job',
      training(2, 200, '{ time: 1m }'),
      /^one epoch takes longer than resources\.time \(1m\): raise it \(Slurm: TIMEOUT\)$/,
    ],
    [
      'a time above the limit of the partition',
      training(2, 1, '{ time: 3h }'),
      /^Slurm will never start job \d+ \(PartitionTimeLimit\): correct `time` in `resources` of train \(pipeline\.yaml:7:\d+\)$/,
    ],
    [
      'more memory than a node has',
      training(2, 1, '{ memory: 900G }'),
      /^Slurm will never start job \d+ \(BadConstraints\): correct `memory` in `resources` of train/,
    ],
    [
      'more memory than it asks for',
      `stages: { m: { cmd: "python3 -c 'import time; x = bytearray(400 << 20); time.sleep(60)'", outs: [m.txt], resources: { memory: 100M } } }\n`,
      /^out of memory \(Slurm: (?:OUT_OF_MEMORY|FAILED)\): raise resources\.memory \(100M\)$/,
    ],
  ])('reports %s', async (_what, text, message) => {
    const made = onCluster({ 'train.sh': TRAIN, 'pipeline.yaml': text });
    const run = await made.run();
    expect(run.code, run.out + run.err).toBe(1);
    expect(Object.values(run.items)[0]?.failure?.message).toMatch(message);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
