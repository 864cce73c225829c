/** What the system knows of a process: read from /proc on Linux, asked of `ps` elsewhere. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { platform } from 'node:os';

export const HAS_PROC = platform() === 'linux';

export interface ProcessStat {
  readonly pid: number;
  /** Ended, but its parent has not asked for its exit code: it does nothing any more. */
  readonly zombie: boolean;
  /** 0 where the system does not say. */
  readonly parent: number;
  readonly group: number;
  /** Of the leader that detached itself or was detached; 0 where the system does not say. */
  readonly session: number;
  /** With the pid it names one process for as long as the machine is up. */
  readonly start: string;
}

/** Undefined when there is no such process. */
export function statOf(pid: number): ProcessStat | undefined {
  return HAS_PROC ? statFromProc(pid) : statFromPs(pid);
}

function statFromProc(pid: number): ProcessStat | undefined {
  const text = readIfThere(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The command's name stands in brackets and may hold anything, so count from the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // A leader whose other threads still run is no zombie yet: one of them may be inside a system call.
  const alone = Number(fields[17]) <= 1;
  return {
    pid,
    zombie: (state === 'Z' || state === 'X') && alone,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    start: fields[19] ?? '',
  };
}

function statFromPs(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    const args = ['-o', 'stat=', '-o', 'pgid=', '-o', 'lstart=', '-p', String(pid)];
    text = execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined; // `ps` fails when there is no such process.
  }
  const [state = '', group, ...start] = text.trim().split(/\s+/);
  return {
    pid,
    zombie: state.startsWith('Z'),
    parent: 0,
    group: Number(group),
    session: 0,
    start: start.join('-'),
  };
}

/** True when a process has this pid, also one of another user or one that /proc hides. */
export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The ids of all processes; empty where there is no /proc. */
export function allPids(): number[] {
  if (!HAS_PROC) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The pid given out last, from which the next ones count up; undefined where it is not known. */
export function lastPid(): number | undefined {
  const text = HAS_PROC ? readIfThere('/proc/loadavg') : undefined;
  return text === undefined ? undefined : Number(text.trim().split(' ')[4]);
}

/** The value of a variable in the environment that a process was started with; undefined also when it is not ours to read. */
export function environmentOf(pid: number, name: string): string | undefined {
  const text = readIfThere(`/proc/${pid}/environ`);
  const entry = text?.split('\0').find((each) => each.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

/** The files that a process writes its output to; none of one whose descriptors are not ours to see. */
export function outputsOf(pid: number): string[] {
  return [1, 2].flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)];
    } catch {
      return []; // It has gone, is another user's, or has closed it.
    }
  });
}

/** Which boot of the machine this is: pids and start times mean something only within one. */
export function bootId(): string {
  return (HAS_PROC && readIfThere('/proc/sys/kernel/random/boot_id')?.trim().slice(0, 8)) || '';
}

/** The namespace that our pids belong to: another container's pids say nothing here. */
export function pidNamespace(): string {
  try {
    return HAS_PROC ? readlinkSync('/proc/self/ns/pid').replace(/\D/g, '') : '';
  } catch {
    return '';
  }
}

/** Processes come and go, and those of others may be hidden: both read as nothing. */
export function readIfThere(path: string, encoding: BufferEncoding = 'latin1'): string | undefined {
  try {
    return readFileSync(path, encoding);
  } catch {
    return undefined;
  }
}
