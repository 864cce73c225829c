/** The queries to Slurm, and how its answers are parsed. */
import { describe, expect, it } from 'vitest';
import { resourceFlags, sbatchArguments } from '../../src/executor/sbatch-options.js';
import { splitWords } from '../../src/executor/scheduler-programs.js';
import {
  environmentFor,
  numberIn,
  parseQueue,
  secondsIn,
  slurm,
} from '../../src/executor/slurm.js';

const NOTHING = { cpu: 1, memory: 0, gpu: 0, time: undefined, flags: undefined };

describe('the options of sbatch', () => {
  it('request resources on one node, in whole cores, mebibytes and minutes', () => {
    expect(resourceFlags({ ...NOTHING, cpu: 1.5, memory: 2 ** 30 + 1, gpu: 2, time: 61 })).toEqual([
      '--nodes=1',
      '--ntasks=1',
      '--cpus-per-task=2',
      '--mem=1025M',
      '--gres=gpu:2',
      '--time=2',
    ]);
  });

  it('leave unstated resources to the site', () => {
    expect(resourceFlags(NOTHING)).toEqual(['--nodes=1', '--ntasks=1', '--cpus-per-task=1']);
  });

  it.each([
    ['--array=0-3', /--array cannot be used: pipe divides/],
    ['-a 0-3', /--array cannot be used/],
    ['--comment=x --wait', /--wait cannot be used/],
    ['-W', /--wait cannot be used/],
    ['--test-only', /--test-only cannot be used: it submits no job/],
    ['-Mlong', /--clusters cannot be used: .* SLURM_CLUSTERS/],
  ])(
    'are refused before sbatch is called if a run could not follow the job: %s',
    async (flags, why) => {
      const submission = {
        ...{ name: 'pipe-ab', count: 1, after: [], script: '/p/script.sh', outputs: [] },
        ...{ outputPattern: '/p/output-%a.txt', folder: '/p', request: { ...NOTHING, flags } },
      };
      const cluster = slurm({ flags: [], jobs: 1, env: { PATH: '/nowhere' }, cwd: '/' });
      await expect(cluster.submit(submission)).rejects.toThrow(why);
    },
  );

  it('are those of the site, then those of the stage, then those that pipe needs', () => {
    const argv = sbatchArguments(
      {
        name: 'pipe-ab',
        count: 3,
        after: ['7', '8_1'],
        request: { ...NOTHING, flags: "--comment='a b' --partition=high" },
        script: '/p/script.sh',
        outputs: [],
        outputPattern: '/p/output-%a.txt',
        folder: '/p',
      },
      { flags: ['--partition=gpu'] },
    );
    expect(argv.slice(4)).toEqual([
      '--partition=gpu',
      '--comment=a b',
      '--partition=high',
      '--no-requeue',
      '--dependency=afterok:7:8_1',
      '--kill-on-invalid-dep=yes',
      '--parsable',
      '--job-name=pipe-ab',
      '--chdir=/p',
      '--output=/p/output-%a.txt',
      '--array=0-2',
      '/p/script.sh',
    ]);
  });

  it('let Slurm restart the jobs of a detached run, and signal them before their time ends', () => {
    const names = { name: 'pipe-ab', script: '/s', outputs: [], outputPattern: '/o', folder: '/p' };
    const argv = sbatchArguments(
      { ...names, count: 1, after: [], request: NOTHING, detached: true },
      { flags: [] },
    );
    expect(argv.slice(4, 6)).toEqual(['--requeue', '--signal=B:URG@20']);
  });

  it('are split into words as a shell does, without expanding anything', () => {
    expect(splitWords(` --a="b c"d  '$x' --e `)).toEqual(['--a=b cd', '$x', '--e']);
  });
});

describe('the list of squeue', () => {
  const one = (line: string) => [...parseQueue(`${line}\n`).values()][0];

  it('names single jobs and jobs of an array', () => {
    const jobs = parseQueue(
      '7|RUNNING|None|n1|pipe-a\n8_1|PENDING|Priority||pipe-b\n9|RUNNING|None|n1|x|y\n',
    );
    expect([...jobs.keys()]).toEqual(['pipe-a', 'pipe-b_1']);
    expect(jobs.get('pipe-b_1')).toEqual({
      id: '8_1',
      phase: 'pending',
      word: 'PENDING',
      reason: 'Priority',
    });
  });

  it.each([
    ['TIMEOUT', 'time'],
    ['PREEMPTED', 'preempted'],
    ['NODE_FAIL', 'node'],
    ['BOOT_FAIL', 'node'],
    ['DEADLINE', 'time'],
    ['OUT_OF_MEMORY', 'memory'],
    ['CANCELLED', 'cancelled'],
    ['FAILED', 'finished'],
    ['COMPLETED', 'finished'],
  ])('says that %s ended a job', (word, cause) => {
    expect(one(`7|${word}|None|n1|pipe-a`)).toMatchObject({ phase: 'ended', word, cause });
  });

  it.each(['RUNNING', 'COMPLETING', 'SUSPENDED', 'STOPPED', 'REVOKED', 'SOME_FUTURE_STATE'])(
    'counts a job that is %s as running',
    (word) => {
      expect(one(`7|${word}|None|n1|pipe-a`)).toMatchObject({ phase: 'running', where: 'n1' });
    },
  );

  it.each(['REQUEUED', 'REQUEUE_HOLD', 'SPECIAL_EXIT', 'RESV_DEL_HOLD', 'CONFIGURING'])(
    'counts a job that is %s as pending',
    (word) => {
      expect(one(`7|${word}|JobHeldUser||pipe-a`)).toMatchObject({ phase: 'pending', word });
    },
  );

  it.each([
    'PartitionTimeLimit',
    'BadConstraints',
    'QOSMaxCpuPerJobLimit',
    'AssocMaxWallDurationPerJobLimit',
    'InvalidAccount',
  ])('knows that a job with the reason %s never starts', (reason) => {
    expect(one(`7|PENDING|${reason}||pipe-a`)).toMatchObject({ never: true });
  });

  it.each([
    ['None', true],
    ['JobHeldUser', undefined],
    ['Priority', undefined],
  ])('knows whether a job was cancelled before Slurm began to start it: %s', (reason, isPlaced) => {
    expect(one(`7|CANCELLED|${reason}||pipe-a`)?.isPlaced).toBe(isPlaced);
  });

  it.each([
    ['FAILED', 'BadConstraints'],
    ['DEADLINE', 'DeadLine'],
  ])('knows a job that was ended before it had a node: %s (%s)', (word, reason) => {
    expect(one(`7|${word}|${reason}||pipe-a`)).toMatchObject({ phase: 'ended', never: true });
  });

  it.each([
    'Priority',
    'Resources',
    'QOSMaxJobsPerUserLimit',
    'ReqNodeNotAvail, UnavailableNodes:n1',
  ])('waits while the reason is %s', (reason) => {
    expect(one(`7|PENDING|${reason}||pipe-a`)).not.toHaveProperty('never');
  });
});

it.each([
  ['0:52', 52],
  ['3:04', 184],
  ['2:03:04', 7384],
  ['1-02:03:04', 93784],
  ['UNLIMITED', Number.POSITIVE_INFINITY],
  ['', Number.POSITIVE_INFINITY],
])('reads the time that is left: %s', (text, seconds) => {
  expect(secondsIn(`${text}\n`)).toBe(seconds);
});

it.each([
  ['4711\n', '4711'],
  ['4711;cluster\n', '4711'],
  ['Welcome to 2 clusters\n4711\nQuota: 90 %\n', '4711'],
  ['Submitted\n', undefined],
])('reads the number of a job: %j', (text, number) => {
  expect(numberIn(text)).toBe(number);
});

describe('the environment of its programs', () => {
  it('lacks defaults that would hide jobs, keep them, or start them several times', () => {
    const defaults = { SQUEUE_PARTITION: 'a', SCANCEL_STATE: 'PENDING', SBATCH_ARRAY_INX: '0-2' };
    const kept = { PATH: '/bin', SLURM_CONF: '/c', SBATCH_ACCOUNT: 'lab' };
    expect(environmentFor({ ...kept, ...defaults, SBATCH_WAIT: '1' })).toEqual(kept);
  });

  it("lacks variables that describe the run's own job", () => {
    const own = { SLURM_ARRAY_TASK_ID: '3', SLURM_MEM_PER_NODE: '9', SLURMD_NODENAME: 'n1' };
    const env = { ...own, SLURM_JOB_ID: '7', SLURM_CONF: '/c', CUDA_VISIBLE_DEVICES: '1', A: 'b' };
    expect(environmentFor(env)).toEqual({ SLURM_CONF: '/c', A: 'b' });
    expect(environmentFor({ CUDA_VISIBLE_DEVICES: '1' })).toEqual({ CUDA_VISIBLE_DEVICES: '1' });
  });
});
