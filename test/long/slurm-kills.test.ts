/** Kills at random moments on a real Slurm: the run, a job, the daemon of a node, the controller. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { randomOf } from '../process/support/lock-storm.js';
import { onSlurm } from '../rig/on-slurm.js';
import type { Project, Running } from '../rig/project.js';
import { project } from '../rig/projects.js';
import type { Cluster } from '../rig/slurm.js';
import { until } from '../rig/until.js';

const KILLS = Number(process.env.PIPE_TEST_KILLS ?? 100);
const SEED = Number(process.env.PIPE_TEST_SEED ?? 31);
const EPOCHS = 10 * KILLS;

/** Notes each epoch when pipe has stored it. */
const TRAIN = `#!/bin/sh -e
epoch=$PIPE_EPOCH
value=$(cat "$PIPE_STATE/value" 2>/dev/null || echo 1)
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  sleep 0.2
  epoch=$((epoch + 1))
  value=$(((value * 31 + epoch) % 1000003))
  mkdir "$PIPE_COMMIT/new-$$"
  echo "$value" > "$PIPE_COMMIT/new-$$/value"
  mv "$PIPE_COMMIT/new-$$" "$PIPE_COMMIT/$epoch"
  while [ -e "$PIPE_COMMIT/$epoch" ]; do sleep 0.05; done
  echo "$epoch" >> epochs.log
done
echo "$value" > model.txt
`;

const PIPELINE = `stages:
  train: { cmd: sh train.sh, deps: [train.sh], outs: [model.txt], epochs: ${EPOCHS}, resources: { time: 30m } }
`;

function valueAfter(epochs: number): string {
  let value = 1;
  for (let epoch = 1; epoch <= epochs; epoch++) value = (value * 31 + epoch) % 1000003;
  return `${value}\n`;
}

onSlurm({ nodes: 2 }, (cluster) => {
  it(`${KILLS} kills compute no epoch twice, and give the bytes of one training`, async () => {
    const random = randomOf(SEED);
    const made = project({
      'train.sh': TRAIN,
      'pipeline.yaml': PIPELINE,
      'pipe.local.yaml': 'slurm: { latency: 3s }\n',
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    const head = new Head(made);
    const victims: readonly [string, () => void | Promise<void>][] = [
      ['run', () => head.kill()],
      ['job', () => jobsOf(made).forEach(kill)],
      ['node', () => restartNode(cluster(), 1 + Math.floor(random() * 2))],
      ['controller', () => restartController(cluster(), 'SIGTERM')],
      ['controller by SIGKILL', () => restartController(cluster(), 'SIGKILL')],
    ];
    const goesOn = keepGoing(head, cluster());
    const pauses: Record<string, number[]> = {};
    let last = 'start';
    for (let kills = 0; kills < KILLS; kills++) {
      const [before, since] = [made.lines('epochs.log').length, performance.now()];
      await until(() => goesOn() && made.lines('epochs.log').length > before);
      const seconds = Math.round((performance.now() - since) / 1000);
      pauses[last] = [...(pauses[last] ?? []), seconds];
      await delay(1500 * random());
      const [name, act] = victims[Math.floor(random() * victims.length)] as (typeof victims)[0];
      await act();
      last = name;
    }
    await until(() => goesOn() && head.isDone);
    const noted = made.lines('epochs.log').map(Number);
    console.log(
      `seconds from a kill to the next epoch: ${JSON.stringify(pauses)}, after the last kill: ${last}`,
    );
    console.log(`runs: ${head.runs}, noted epochs: ${noted.length} of ${EPOCHS}`);
    expect(new Set(noted).size).toBe(noted.length);
    expect(made.read('model.txt')).toBe(valueAfter(EPOCHS));
  });
});

/** A run that starts again whenever it has ended without a result. */
class Head {
  readonly #made: Project;
  #running: Running | undefined;
  isDone = false;
  runs = 0;

  constructor(made: Project) {
    this.#made = made;
  }

  goesOn(): void {
    if (this.isDone || this.#running !== undefined) return;
    this.runs++;
    const running = this.#made.start('run', '--json');
    this.#running = running;
    void running.ended.then(({ code }) => {
      this.isDone = code === 0;
      this.#running = undefined;
    });
  }

  kill(): void {
    this.#running?.kill('SIGKILL');
  }
}

/** Queries slow down the tested processes, so there is one every half second. */
const ASK_MS = 500;

/** Always true: call it while waiting. */
function keepGoing(head: Head, cluster: Cluster): () => boolean {
  let asked = 0;
  return () => {
    head.goesOn();
    if (performance.now() - asked < ASK_MS) return true;
    resumeNodes(cluster);
    asked = performance.now();
    return true;
  };
}

function jobsOf(made: Project): number[] {
  const text = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return text
    .split('\n')
    .filter((line) => line.includes(` job ${made.root}/cache/jobs/`))
    .map((line) => Number(line.trim().split(' ')[0]));
}

/** It may have ended by itself. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** After SIGKILL of its controller, Slurm may use a job's number again, and drains the node: its administrator resumes it. */
function resumeNodes(cluster: Cluster): void {
  for (const node of cluster.ask('sinfo', '-h', '-N', '-p', 'batch', '-t', 'drain', '-o', '%N'))
    cluster.ask('scontrol', 'update', `NodeName=${node}`, 'State=RESUME');
}

function restartNode(cluster: Cluster, number: number): void {
  kill(cluster.pidOf(`slurmd-n${number}`));
  cluster.startNode(number);
}

/** With SIGTERM, it saves its state. */
async function restartController(cluster: Cluster, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const pid = cluster.pidOf('slurmctld');
  process.kill(pid, signal);
  await until(() => !existsSync(`/proc/${pid}`));
  cluster.startController();
}
