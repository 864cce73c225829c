/** Rare states of jobs of a real Slurm: suspended, requeued, held, cancelled by Slurm itself, over a limit. */
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import { describeUnless, onSlurm } from '../../rig/on-slurm.js';
import { outcomeOf, type Project } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import {
  type Cluster,
  type ClusterOptions,
  missingForSlurm,
  startCluster,
} from '../../rig/slurm.js';
import { until } from '../../rig/until.js';

/** Runs until there is a file `go`. */
const ONE = `stages:
  a: { cmd: "echo x >> ran.log; until test -e go; do sleep 0.1; done; echo x > a.txt", outs: [a.txt] }
`;

/** The same five times. */
const DRAW = `stages:
  draw:
    matrix: { n: [1, 2, 3, 4, 5] }
    cmd: echo \${n} >> ran.log; until test -e go; do sleep 0.1; done; echo \${n} > \${outs.o}
    outs: { o: "out/\${n}.txt" }
`;

function on(cluster: Cluster, pipeline: string, more: Readonly<Record<string, string>> = {}) {
  const made = project({
    'pipeline.yaml': pipeline,
    'pipe.local.yaml': 'slurm: { latency: 2s }\n',
    ...more,
  });
  Object.assign(made.env, cluster.env, { PIPE_EXECUTOR: 'slurm' });
  return made;
}

/** A program before Slurm's own: `$real` is that one. */
function wrap(cluster: Cluster, made: Project, name: string, script: string): void {
  const real = execFileSync('which', [name], { encoding: 'utf8' }).trim();
  made.write(`bin/${name}`, `#!/bin/sh\nreal=${real}\n${script}\n`);
  chmodSync(made.path(`bin/${name}`), 0o755);
  made.env.PATH = `${made.path('bin')}:${cluster.env.PATH}`;
}

/** Refuses a job if the user would then have more than `most`, as a site with accounting does. */
const limited = (most: number, limit: string) => `for word; do case "$word" in
  --array=0-*) count=$((\${word#--array=0-} + 1));;
esac; done
queued=$(squeue -h -r --me -t pending,running,completing | wc -l)
if [ $((queued + \${count:-1})) -gt ${most} ]; then
  echo "sbatch: error: ${limit}" >&2
  echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)" >&2
  exit 1
fi
exec "$real" "$@"`;

onSlurm({ nodes: 1, timeout: 120_000 }, (cluster) => {
  const numberOf = () => cluster().call('squeue', '-h', '--me', '-o', '%i').trim();

  it('warns that a running job is suspended, also in the status, and continues with it', async () => {
    const made = on(cluster(), ONE);
    const running = made.start('run', '--json');
    await running.event((event) => event.type === 'start');
    const job = numberOf();
    cluster().call('scontrol', 'suspend', job);
    await running.event(
      (event) =>
        event.type === 'warning' && event.message === `Slurm job ${job} is SUSPENDED on n1`,
    );
    expect((await made.pipe('status', 'a')).out).toContain(`SUSPENDED on n1, Slurm job ${job}`);
    cluster().call('scontrol', 'resume', job);
    made.write('go', '');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).with('ran')], out + err).toEqual([0, ['a']]);
    expect(made.lines('ran.log')).toEqual(['x']);
  });

  it('waits for a job that an operator requeues, holds and releases', async () => {
    const made = on(cluster(), ONE);
    const running = made.start('run', '--json');
    await running.event((event) => event.type === 'start');
    const job = numberOf();
    cluster().call('scontrol', 'update', `JobId=${job}`, 'Requeue=1');
    cluster().call('scontrol', 'requeuehold', 'State=SpecialExit', job);
    await running.event(
      (event) =>
        event.type === 'waiting' &&
        event.reason === `pending (job requeued in held state), Slurm job ${job}`,
    );
    made.write('go', '');
    cluster().call('scontrol', 'release', job);
    cluster().call('scontrol', 'update', `JobId=${job}`, 'StartTime=now+3');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).with('ran')], out + err).toEqual([0, ['a']]);
    expect(made.lines('ran.log')).toEqual(['x', 'x']);
  });

  it('says that the deadline of a job came before its start', async () => {
    const made = on(cluster(), ONE);
    made.env.PIPE_SLURM = '--deadline=now+70 --time-min=1 --time=1 --begin=now+30';
    const run = await made.run();
    expect([run.code, run.items.a?.failure?.message]).toEqual([
      1,
      expect.stringMatching(
        /^Slurm will never start job \d+ \(DeadLine\): correct --deadline=now\+70 in PIPE_SLURM$/,
      ),
    ]);
  });

  it.each(['AssocMaxSubmitJobLimit', 'QOSMaxSubmitJobPerUserLimit'])(
    'submits as many jobs as %s allows, and the others when those have ended',
    async (limit) => {
      const made = on(cluster(), DRAW);
      wrap(cluster(), made, 'sbatch', limited(2, limit));
      const running = made.start('run', '--json');
      const words = `Slurm accepts no more jobs at present: ${limit}; Batch job`;
      await running.event(
        (event) => event.type === 'waiting' && String(event.reason).startsWith(words),
      );
      made.write('go', '');
      const { code, out, err } = await running.ended;
      expect([code, outcomeOf(out).with('ran').length], out + err).toEqual([0, 5]);
      expect(made.lines('ran.log').sort()).toEqual(['1', '2', '3', '4', '5']);
    },
  );

  it('fails for a limit that leaves no job at all', async () => {
    const made = on(cluster(), DRAW);
    wrap(cluster(), made, 'sbatch', limited(0, 'AssocMaxSubmitJobLimit'));
    const run = await made.run('-k');
    expect([run.code, run.with('failed').length], run.out + run.err).toEqual([1, 5]);
    expect(run.items['draw@3']?.failure?.message).toMatch(
      /^Slurm refuses the job: AssocMaxSubmitJobLimit; .*: lower `jobs` in pipe\.local\.yaml$/,
    );
  });

  it('waits while squeue reports an error that says nothing about the job', async () => {
    const made = on(cluster(), ONE);
    wrap(
      cluster(),
      made,
      'squeue',
      `test -e back && exec "$real" "$@"; echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1`,
    );
    const running = made.start('run', '--json');
    await running.event(
      (event) =>
        event.type === 'warning' &&
        event.message === 'Slurm does not answer: Invalid job id specified',
    );
    made.write('back', '');
    made.write('go', '');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).with('ran')], out + err).toEqual([0, ['a']]);
    expect(made.lines('ran.log')).toEqual(['x']);
  });
});

describeUnless(missingForSlurm(), 'on Slurm', { timeout: 120_000 }, () => {
  const RESUBMITTED = /^Slurm job [\d_]+ ended \(CANCELLED\): submitting it again$/;

  async function start(
    nodes: number,
    settings: NonNullable<ClusterOptions['settings']>,
  ): Promise<Cluster> {
    const own = await startCluster(nodes, { settings });
    onTestFinished(() => own.stop());
    return own;
  }

  it('submits a job again that Slurm cancels because the prolog of its node fails', async () => {
    const made = project();
    made.write('prolog.sh', `#!/bin/sh\nmkdir ${made.path('seen')} || exit 0\nexit 1\n`);
    chmodSync(made.path('prolog.sh'), 0o755);
    const own = await start(2, { Prolog: made.path('prolog.sh') });
    const run = await on(own, ONE, { go: '' }).run();
    expect([run.code, run.with('ran')], run.out + run.err).toEqual([0, ['a']]);
    const reasons = run.events.flatMap((each) => (each.type === 'waiting' ? [each.reason] : []));
    expect(reasons).toContainEqual(expect.stringMatching(RESUBMITTED));
  });

  it('submits an array again that Slurm cancels because a node is too busy to start its last job', async () => {
    const own = await start(2, { SlurmdTimeout: 60, MessageTimeout: 2 });
    const made = on(
      own,
      `stages:
  draw:
    matrix: { n: [1, 2] }
    cmd: echo x >> ran.log; until test -e go; do sleep 0.1; done; echo x > \${outs.o}
    outs: { o: "out/\${n}.txt" }
    resources: { cpu: 4 }
`,
    );
    const node = own.pidOf('slurmd-n2');
    process.kill(node, 'SIGSTOP');
    const running = made.start('run', '--json');
    const restarts = ['squeue', '-h', '-r', '--me', '-t', 'all', '-O', 'RestartCnt'];
    await until(() => own.ask(...restarts).some((line) => line.trim() === '1'));
    process.kill(node, 'SIGCONT');
    await running.events((events) => {
      const again = events.filter(
        (event) => event.type === 'waiting' && RESUBMITTED.test(event.reason),
      );
      return again.length === 2;
    });
    made.write('go', '');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).with('ran').length], out + err).toEqual([0, 2]);
    expect(made.lines('ran.log').length).toBe(3);
  });

  it('reports that a user cancelled a job before Slurm looked for a node', async () => {
    const own = await start(1, {
      SchedulerParameters: 'defer,batch_sched_delay=60,sched_interval=60,bf_interval=60',
    });
    const made = on(own, DRAW);
    Object.assign(made.env, { SCANCEL_STATE: 'RUNNING', SBATCH_ARRAY_INX: '0-2' });
    const running = made.start('run', '-k', '--json');
    await running.event(
      (event) => event.type === 'waiting' && event.reason.startsWith('pending (None)'),
    );
    own.call('scancel', ...own.ask('squeue', '-h', '--me', '-o', '%F'));
    const { code, out, err } = await running.ended;
    const { items } = outcomeOf(out);
    expect(code, out + err).toBe(1);
    expect(Object.values(items).map(({ failure }) => failure?.message)).toEqual(
      Array(5).fill(
        'its job was cancelled (Slurm: CANCELLED): completed epochs are kept; run again',
      ),
    );
  });
});
