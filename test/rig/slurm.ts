/**
 * A real Slurm cluster on this machine: a controller, virtual nodes with fake GPUs, and munge, in a
 * separate folder.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { until } from './until.js';

/** The programs of the cluster that are not installed; the daemons run only as root. */
export function missingForSlurm(): string[] {
  const places = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  const missing = ['slurmctld', 'slurmd', 'munged', 'sbatch', 'squeue'].filter(
    (name) => !places.some((folder) => isProgram(path.join(folder, name))),
  );
  return process.getuid?.() === 0 ? missing : [...missing, 'the rights of root'];
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface Cluster {
  readonly env: Readonly<Record<'SLURM_CONF' | 'PATH', string>>;
  /** Runs a program of Slurm. */
  call(...argv: readonly string[]): string;
  /** The lines of its output; none if it fails because the controller does not answer. */
  ask(...argv: readonly string[]): readonly string[];
  pidOf(daemon: string): number;
  startController(): void;
  startNode(number: number): void;
  /** Ends the daemons of a node, while the processes of the job keep running. */
  loseNode(node: string, job: string): void;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** Words before the daemon of a node. */
  readonly around?: (node: string) => readonly string[];
  /** Lines of slurm.conf that replace those of the rig. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The types of the nodes' GPUs. */
  readonly gpus?: readonly string[];
  /** By control groups, as most sites do: the kernel ends a process when its job exceeds its memory. */
  readonly limitsMemory?: boolean;
}

/** Nodes have 4 cores, 4000 MB and 2 GPUs. Partition `high` preempts `batch`, the default. */
export async function startCluster(nodes: number, options: ClusterOptions = {}): Promise<Cluster> {
  const { around = () => [], limitsMemory = false } = options;
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-slurm-'));
  for (const name of ['state', 'log', 'run']) mkdirSync(path.join(folder, name));
  chmodSync(folder, 0o755);
  const ports = await freePorts(nodes + 1);
  writeConfiguration(folder, ports, options);
  const conf = path.join(folder, 'slurm.conf');
  const env = { SLURM_CONF: conf, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
  const call = (...[program = '', ...args]: readonly string[]) =>
    execFileSync(program, args, { env: { ...process.env, ...env }, encoding: 'utf8' });
  const run = (name: string) => path.join(folder, 'run', name);
  const startNode = (number: number) =>
    void call(...around(`n${number}`), 'slurmd', '-f', conf, '-N', `n${number}`);
  const startController = () => void call('slurmctld', '-f', conf);
  call(
    'munged',
    '--force',
    `--key-file=${path.join(folder, 'munge.key')}`,
    `--socket=${run('munge.sock')}`,
    `--pid-file=${run('munged.pid')}`,
    `--seed-file=${run('munge.seed')}`,
    `--log-file=${path.join(folder, 'log/munged.log')}`,
  );
  startController();
  for (let number = 1; number <= nodes; number++) startNode(number);
  const ask = (...[program = '', ...args]: readonly string[]) => {
    const { stdout } = spawnSync(program, args, {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    });
    return (stdout ?? '').split('\n').filter(Boolean);
  };
  const idle = ['sinfo', '-h', '-N', '-p', 'batch', '-t', 'idle', '-o', '%N'];
  await until(() => ask(...idle).length === nodes);
  const pidOf = (daemon: string) => Number(readFileSync(run(`${daemon}.pid`), 'utf8'));
  return {
    env,
    call,
    ask,
    pidOf,
    startController,
    startNode,
    loseNode(node, job) {
      for (const pid of [pidOf(`slurmd-${node}`), ...stepDaemons(job)])
        process.kill(pid, 'SIGKILL');
    },
    async stop() {
      for (const name of readdirSync(path.join(folder, 'run'))) {
        if (!name.endsWith('.pid')) continue;
        const pid = pidOf(name.slice(0, -'.pid'.length));
        if (existsSync(`/proc/${pid}`)) process.kill(pid, 'SIGKILL');
      }
      if (limitsMemory) removeGroups(nodes);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The daemons that watch over the processes of a job. */
function stepDaemons(job: string): number[] {
  const text = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return text
    .split('\n')
    .filter((line) => line.includes(`slurmstepd: [${job}.`))
    .map((line) => Number(line.trim().split(' ')[0]));
}

const MEMORY_GROUPS = '/sys/fs/cgroup/memory';

/** What Slurm needs to limit the memory of jobs as `limitsMemory` has it. */
export function missingForMemoryLimits(): string[] {
  const own = path.join(MEMORY_GROUPS, `pipe-${process.pid}`);
  try {
    mkdirSync(own);
    rmdirSync(own);
    return [];
  } catch {
    return ['memory control groups of version 1'];
  }
}

/** Slurm leaves the groups of its nodes; a kernel folder has files that cannot be removed. */
function removeGroups(nodes: number): void {
  for (let node = 1; node <= nodes; node++) {
    const folder = path.join(MEMORY_GROUPS, `slurm_n${node}`);
    if (!existsSync(folder)) continue;
    const inside = readdirSync(folder, { recursive: true, withFileTypes: true });
    const folders = inside.filter((each) => each.isDirectory());
    for (const { parentPath, name } of folders.reverse()) rmdirSync(path.join(parentPath, name));
    rmdirSync(folder);
  }
}

const LIMITS = `CgroupPlugin=cgroup/v1
CgroupMountpoint=/sys/fs/cgroup
ConstrainRAMSpace=yes
ConstrainSwapSpace=yes
AllowedSwapSpace=0
`;

function writeConfiguration(
  folder: string,
  [controller, ...nodes]: readonly number[],
  { settings: own, gpus = [], limitsMemory = false }: ClusterOptions,
): void {
  const host = hostname().split('.')[0];
  const at = (name: string) => path.join(folder, name);
  writeFileSync(at('munge.key'), randomBytes(128), { mode: 0o400 });
  for (const gpu of [0, 1]) execFileSync('mknod', [at(`gpu${gpu}`), 'c', '1', '3']);
  const typed = gpus.map(
    (type, node) => `NodeName=n${node + 1} Name=gpu Type=${type} File=${folder}/gpu[0-1]\n`,
  );
  writeFileSync(at('gres.conf'), typed.join('') || `Name=gpu File=${folder}/gpu[0-1]\n`);
  writeFileSync(at('cgroup.conf'), `CgroupAutomount=no\n${limitsMemory ? LIMITS : ''}`);
  const settings = {
    ClusterName: 'pipe',
    SlurmctldHost: `${host}(127.0.0.1)`,
    SlurmctldPort: controller,
    SlurmUser: 'root',
    SlurmdUser: 'root',
    AuthType: 'auth/munge',
    AuthInfo: `socket=${folder}/run/munge.sock`,
    CredType: 'cred/munge',
    StateSaveLocation: at('state'),
    SlurmctldPidFile: at('run/slurmctld.pid'),
    SlurmctldLogFile: at('log/slurmctld.log'),
    SlurmdPidFile: at('run/slurmd-%n.pid'),
    SlurmdSpoolDir: at('spool/%n'),
    SlurmdLogFile: at('log/slurmd-%n.log'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: limitsMemory ? 'task/cgroup' : 'task/none',
    MpiDefault: 'none',
    SwitchType: 'switch/none',
    SchedulerParameters: 'batch_sched_delay=0,sched_interval=1,bf_interval=1',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_Core_Memory',
    DefMemPerCPU: 200,
    PreemptType: 'preempt/partition_prio',
    PreemptMode: 'REQUEUE',
    ReturnToService: 2,
    KillWait: 3,
    SlurmdTimeout: 6,
    SlurmctldTimeout: 5,
    InactiveLimit: 0,
    MessageTimeout: 5,
    AccountingStorageType: 'accounting_storage/none',
    JobAcctGatherType: 'jobacct_gather/linux',
    JobAcctGatherFrequency: 1,
    JobAcctGatherParams: limitsMemory ? 'NoShared' : 'OverMemoryKill',
    JobCompType: 'jobcomp/none',
    GresTypes: 'gpu',
    SlurmdParameters: 'config_overrides',
    ...own,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  for (const [at_, port] of nodes.entries()) {
    mkdirSync(at(`spool/n${at_ + 1}`), { recursive: true });
    lines.push(
      `NodeName=n${at_ + 1} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port} CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 Gres=gpu:${[...(gpus[at_] ? [gpus[at_]] : []), 2].join(':')} State=UNKNOWN`,
    );
  }
  lines.push(
    'PartitionName=batch Nodes=ALL Default=YES MaxTime=60 DefaultTime=10 PriorityTier=1 PreemptMode=REQUEUE State=UP',
    'PartitionName=high Nodes=ALL MaxTime=60 DefaultTime=10 PriorityTier=10 PreemptMode=OFF State=UP',
  );
  writeFileSync(at('slurm.conf'), `${lines.join('\n')}\n`);
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) => {
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
        }),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Makes the folder a git repository of one commit, and a bare clone of it, which nodes can clone. */
export function cloneBare(root: string, to: string): void {
  const git = (...words: readonly string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: root });
  git('init', '--quiet');
  git('add', '-A');
  git('commit', '--quiet', '-m', 'x');
  git('clone', '--quiet', '--bare', '.', to);
}
