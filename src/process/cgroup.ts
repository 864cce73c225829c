/** Limits of Linux control groups, which containers and cluster jobs use. */
import { type Mount, mountsIn } from '../sys/mounts.js';

/** Infinity if there is no limit. */
export interface Allowance {
  /** CPU time in cores; may be a fraction. */
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
}

/** The text of a file; undefined if it does not exist or is not readable. */
type Read = (file: string) => string | undefined;

/**
 * The lowest limits of this process's groups and all visible parents: a Slurm job or a systemd unit
 * has its limit above the group of its processes.
 */
export function allowance(read: Read): Allowance {
  const groups = groupsOf(read('/proc/self/cgroup') ?? '');
  const cores: number[] = [];
  const memory: number[] = [];
  for (const mount of mountsIn(read('/proc/self/mountinfo') ?? '')) {
    const controllers = controllersOf(mount);
    for (const [controller, group] of groups) {
      if (!controllers.includes(controller)) continue;
      for (const folder of foldersOf(mount, group)) {
        const number = (name: string) => limit(read(`${folder}/${name}`));
        switch (controller) {
          case UNIFIED:
            memory.push(number('memory.max'), number('memory.high'));
            cores.push(share(read(`${folder}/cpu.max`)));
            break;
          case 'memory':
            memory.push(number('memory.limit_in_bytes'));
            break;
          case 'cpu':
            cores.push(number('cpu.cfs_quota_us') / number('cpu.cfs_period_us') || Infinity);
            break;
        }
      }
    }
  }
  return { cores: Math.min(...cores), memory: Math.min(...memory) };
}

/** Represents all controllers of version 2, which has one tree of groups. */
const UNIFIED = '';

/** This process's group by controller, from lines such as `4:cpu,cpuacct:/docker/5f…` and `0::/job`. */
function groupsOf(text: string): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    for (const controller of match?.[1]?.split(',') ?? [])
      groups.set(controller, match?.[2] ?? '/');
  }
  return groups;
}

function controllersOf({ type, options }: Mount): readonly string[] {
  if (type === 'cgroup2') return [UNIFIED];
  return type === 'cgroup' ? options.split(',') : [];
}

/**
 * The folder of a group and of all its parents, up to the mount point. Its root is the group that it
 * shows; a container may see only its own.
 */
function foldersOf({ root, point }: Mount, group: string): string[] {
  const base = root === '/' ? '' : root;
  const within = `${group}/`.startsWith(`${base}/`) ? group.slice(base.length) : '';
  const names = within.split('/').filter((name) => name !== '');
  // A group outside this process's namespace reads as `/../x`: only the mount itself is visible.
  if (names[0] === '..') return [point];
  return [point, ...names.map((_, at) => [point, ...names.slice(0, at + 1)].join('/'))];
}

/** `max` and -1 mean no limit. */
function limit(text: string | undefined): number {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : Infinity;
}

/** Microseconds of each period, `150000 100000`, as cores. */
function share(text: string | undefined): number {
  const [quota, period] = text?.split(' ') ?? [];
  return limit(quota) / limit(period) || Infinity;
}
