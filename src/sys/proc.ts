/** Process information from the system: from /proc on Linux, from `ps` elsewhere. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { platform } from 'node:os';
import { unlessFailed, unlessRefused } from './if-there.js';

export const HAS_PROC = platform() === 'linux';

export interface ProcessStat {
  readonly pid: number;
  /** True for a process that has ended, but that its parent has not reaped. */
  readonly zombie: boolean;
  /** 0 if unknown. */
  readonly parent: number;
  readonly group: number;
  /** Session id: the pid of the detached leader; 0 if unknown. */
  readonly session: number;
  /** Start time: with the pid, it identifies one process until the next boot. */
  readonly start: string;
  /** CPU time of the process and of the children that it waited for, in clock ticks; 0 if unknown. */
  readonly ticks: number;
}

/** Undefined if the process does not exist. */
export function statOf(pid: number): ProcessStat | undefined {
  return HAS_PROC ? statFromProc(pid) : statFromPs(pid);
}

/** Those that follow the command name, which is in parentheses and may contain anything. */
function statFields(pid: number | 'self'): string[] | undefined {
  const text = readIfThere(`/proc/${pid}/stat`, 'utf8');
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

function statFromProc(pid: number): ProcessStat | undefined {
  const fields = statFields(pid);
  if (fields === undefined) return undefined;
  const state = fields[0];
  // A leader with running threads is not a zombie yet: one may be inside a system call.
  const alone = Number(fields[17]) <= 1;
  return {
    pid,
    zombie: (state === 'Z' || state === 'X') && alone,
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    start: fields[19] ?? '',
    ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0),
  };
}

/** CPU time, in clock ticks, of all children that this process has waited for; 0 if unknown. */
export function reapedTicks(): number {
  const fields = unlessFailed(() => statFields('self'));
  return Number(fields?.[13] ?? 0) + Number(fields?.[14] ?? 0);
}

/** Running children of all threads of the process; empty if the kernel does not list them. */
export function childrenOf(pid: number): number[] {
  const threads = unlessRefused(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return threads.flatMap((thread) => {
    const text = readIfThere(`/proc/${pid}/task/${thread}/children`) ?? '';
    return text.split(' ').filter(Boolean).map(Number);
  });
}

/** Memory of a process in bytes, now and at its peak; 0 for one that has ended. */
export function memoryOf(pid: number): { readonly resident: number; readonly peak: number } {
  const text = readIfThere(`/proc/${pid}/status`) ?? '';
  const field = (name: string) =>
    1024 * Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { resident: field('VmRSS'), peak: field('VmHWM') };
}

function statFromPs(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    const args = ['-o', 'stat=', '-o', 'pgid=', '-o', 'lstart=', '-p', String(pid)];
    // Lazy load: it loads the network modules, which a no-op run does not need.
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    text = execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    // `ps` fails if the process does not exist. Without an exit code it did not answer.
    if (typeof (error as { status?: number | null }).status !== 'number') throw error;
    return undefined;
  }
  const [state = '', group, ...start] = text.trim().split(/\s+/);
  return {
    pid,
    zombie: state.startsWith('Z'),
    parent: 0,
    group: Number(group),
    session: 0,
    start: start.join('-'),
    ticks: 0,
  };
}

/** True if any process has this pid, including another user's or one that /proc hides. */
export function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * The processes for which the test is true, among all of them or those from this pid on. If there is none, it
 * tests those that have started meanwhile: a process may fork and end before its turn.
 */
export function findProcesses(test: (pid: number) => boolean, first?: number): number[] {
  let last = lastPid();
  let pids = pidsFrom(first, last);
  for (;;) {
    const found = pids.filter(test);
    const now = lastPid();
    if (pids.length === 0 || found.length > 0 || now === last) return found;
    pids = pidsFrom(last === undefined ? undefined : last + 1, now);
    last = now;
  }
}

/** Above this number of new processes, a look at all of them is quicker. */
const FEW = 256;

/** Pids count upwards, so the processes that started after one have the next numbers. */
function pidsFrom(first: number | undefined, last: number | undefined): number[] {
  const count = (last ?? 0) - (first ?? 0) + 1;
  return first !== undefined && count >= 0 && count <= FEW
    ? Array.from({ length: count }, (_, at) => first + at)
    : allPids();
}

/** All pids; empty without /proc. */
export function allPids(): number[] {
  if (!HAS_PROC) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** The last assigned pid, from which the next ones count upwards; undefined if unknown. */
function lastPid(): number | undefined {
  const text = HAS_PROC ? readIfThere('/proc/loadavg', 'utf8') : undefined;
  return text === undefined ? undefined : Number(text.trim().split(' ')[4]);
}

/**
 * A variable's value in a process's initial environment. `hidden`: the environment is not readable.
 * `starting`: the process is executing another program, and a later look can tell.
 */
export function environmentOf(
  pid: number,
  name: string,
): { readonly value: string | undefined } | 'hidden' | 'starting' {
  const text = readIfThere(`/proc/${pid}/environ`);
  if (text === undefined) return 'hidden';
  const value = variableIn(text, name);
  return value !== undefined || isWholeEnvironment(text, pid) ? { value } : 'starting';
}

function variableIn(environ: string, name: string): string | undefined {
  // Each entry ends with `\0`, but the last one may have been cut.
  const entries = environ.split('\0').slice(0, -1);
  const entry = entries.find((each) => each.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

/** False if another program replaced the one whose environment was read, or has just started to. */
function isWholeEnvironment(text: string, pid: number): boolean {
  const fields = statFields(pid) ?? [];
  const [state, flags, start, end] = [0, 6, 47, 48].map((at) => fields[at]);
  // Zombies and threads of the kernel have no memory.
  if (state === undefined || state === 'Z' || state === 'X') return true;
  if ((Number(flags) & KERNEL_THREAD) !== 0) return true;
  // The kernel sets the code last; until then, the ends are incomplete. Some kernels tell neither.
  if (fields[CODE] === '0') return statFields('self')?.[CODE] === '0';
  return text.length === Number(end) - Number(start);
}

/** PF_KTHREAD of the kernel's include/linux/sched.h. */
const KERNEL_THREAD = 0x0020_0000;

/** Index of the address of the program's code in the fields of a stat. */
const CODE = 23;

/** The files that a process writes its output to; empty if its descriptors are not readable. */
export function outputsOf(pid: number): string[] {
  return [1, 2].flatMap(
    (descriptor) => unlessRefused(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? [],
  );
}

/** How a descriptor of a process was opened; undefined if that is hidden. */
export function accessOf(pid: number | 'self', descriptor: string): Access | undefined {
  const text = readIfThere(`/proc/${pid}/fdinfo/${descriptor}`) ?? '';
  const flags = /^flags:\s*(\d+)/m.exec(text)?.[1];
  return flags === undefined ? undefined : ACCESS[Number.parseInt(flags, 8) & 3];
}

type Access = 'read' | 'write' | 'both';
const ACCESS: readonly Access[] = ['read', 'write', 'both'];

/** Boot id of the machine: pids and start times are only valid within one boot. */
export function bootId(): string {
  return (HAS_PROC && readIfThere('/proc/sys/kernel/random/boot_id')?.trim().slice(0, 8)) || '';
}

/** This process's pid namespace: pids of another container mean nothing here. */
export function pidNamespace(): string {
  const link = HAS_PROC ? unlessRefused(() => readlinkSync('/proc/self/ns/pid')) : undefined;
  return link?.replace(/\D/g, '') ?? '';
}

/** Undefined for processes that have ended or are hidden. */
export function readIfThere(path: string, encoding: BufferEncoding = 'latin1'): string | undefined {
  return unlessRefused(() => readFileSync(path, encoding));
}
