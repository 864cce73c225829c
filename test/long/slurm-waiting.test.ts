/**
 * A large matrix on a real Slurm: where its items run, and how much CPU the run uses while it waits
 * for their jobs.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { onSlurm } from '../rig/on-slurm.js';
import type { Project } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { startCluster } from '../rig/slurm.js';

/**
 * Of one core, with the programs of Slurm that the run calls. On two cores with twenty busy processes,
 * the same work takes up to 1.4 times the CPU time of an idle machine, where 200 jobs need 0.9 %.
 */
const MOST_CPU = 0.015;

const SECONDS = Number(process.env.PIPE_TEST_SECONDS ?? 180);

/** `mkdir` fails if another item has the device. */
const EXCLUSIVE = `stages:
  draw:
    matrix: { n: [${numbers(20)}] }
    cmd: >-
      busy="busy.$SLURMD_NODENAME.$CUDA_VISIBLE_DEVICES"; mkdir "$busy";
      echo "\${n} $SLURMD_NODENAME $CUDA_VISIBLE_DEVICES" > \${outs.o}; sleep 1; rmdir "$busy"
    outs: { o: "out/\${n}.txt" }
    resources: { gpu: 1 }
`;

const waiting = (items: number) => `stages:
  wait:
    matrix: { n: [${numbers(items)}] }
    cmd: until test -e go; do sleep 1; done; touch \${outs.o}
    outs: { o: "out/\${n}.txt" }
    resources: { gpu: 1 }
`;

function numbers(count: number): string {
  return Array.from({ length: count }, (_, at) => at + 1).join(', ');
}

onSlurm({ nodes: 3 }, (cluster) => {
  function onCluster(pipeline: string): Project {
    const made = project({
      'pipeline.yaml': pipeline,
      'pipe.local.yaml': 'slurm: { jobs: 500 }\n',
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    return made;
  }

  it('runs 20 items on more than one node, each with its own GPU', async () => {
    const made = onCluster(EXCLUSIVE);
    const run = await made.run();
    expect([run.code, run.with('ran').length], run.out + run.err).toEqual([0, 20]);
    const devices = new Map<string, Set<string>>();
    for (let n = 1; n <= 20; n++) {
      const [, node = '', device = ''] = made.read(`out/${n}.txt`).trim().split(' ');
      devices.set(node, (devices.get(node) ?? new Set()).add(device));
    }
    expect(devices.size).toBeGreaterThan(1);
    for (const used of devices.values()) expect([...used].sort()).toEqual(['0', '1']);
  });

  it.each([
    ['20 running', 20, 10, 0],
    ['200 queued', 206, 3, 200],
  ])('uses under 1.5 % of a core while it waits for %s jobs', async (_, items, nodes, queued) => {
    const own = nodes === 3 ? undefined : await startCluster(nodes);
    const made = onCluster(waiting(items));
    Object.assign(made.env, own?.env);
    const running = made.start('run', '--json');
    await running.events((events) => {
      const pending = new Set<string>();
      const started = new Set<string>();
      for (const event of events)
        if (event.type === 'start') started.add(event.item);
        else if (event.type === 'waiting') pending.add(event.item);
      return started.size === items - queued && pending.size >= queued;
    });
    const [before, since] = [cpuSeconds(running.pid), performance.now()];
    // The measurement itself: nothing else ends it.
    await delay(SECONDS * 1000);
    const share = (cpuSeconds(running.pid) - before) / ((performance.now() - since) / 1000);
    console.log(
      `${(100 * share).toFixed(2)} % of a core for ${items} jobs, ${queued} of them queued`,
    );
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    await own?.stop();
    expect(share).toBeLessThan(MOST_CPU);
  });
});

/** User and system time of a process and of its children that have ended. */
function cpuSeconds(pid: number): number {
  const [, after = ''] =
    /^\d+ \(.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
  const ticks = after.split(' ').slice(11, 15).map(Number);
  const perSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  return ticks.reduce((sum, each) => sum + each, 0) / perSecond;
}
