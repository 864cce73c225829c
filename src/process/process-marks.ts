/** Marks in the environment of processes, by which all processes of an execution or a run are found. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Identity, ownIdentity, wordOf } from '../sys/identity.js';
import { unless } from '../sys/if-there.js';
import { environmentOf, findProcesses, statOf } from '../sys/proc.js';
import { fileNameOf } from './file-names.js';

/** Variable with the mark: `<runner>.<n>` or `<runner>.<n>.<purpose>`; marks of nested runs are joined by `/`. */
export const MARK = 'PIPE_EXECUTION';

let executions = 0;

/** A mark for a new execution of this process, nested in this process's own execution, if any. */
export function newMark(environment: NodeJS.ProcessEnv, doing?: string): string {
  const label = doing === undefined ? '' : `.${fileNameOf(doing)}`;
  const own = `${wordOf(ownIdentity())}.${++executions}${label}`;
  const outer = environment[MARK];
  return outer ? `${outer}/${own}` : own;
}

/** The part of a mark that the enclosing executions do not have. */
export function ownPart(mark: string): string {
  return mark.slice(mark.lastIndexOf('/') + 1);
}

/** What one look at all processes found. */
export interface Found {
  readonly pids: readonly number[];
  /** False if a process was executing another program just then: it may be one of them too. */
  readonly isComplete: boolean;
}

/** All processes that any execution of the runner has started. */
export function childrenOf(runner: Identity): Found {
  const prefix = `${wordOf(runner)}.`;
  return processesWith((part) => part.startsWith(prefix));
}

function processesWith(wanted: (part: string) => boolean): Found {
  let isComplete = true;
  const pids = findProcesses((pid) => {
    const has = hasMark(pid, wanted);
    if (has === false || statOf(pid)?.zombie !== false) return false;
    isComplete &&= has === true;
    return has === true;
  });
  return { pids, isComplete };
}

/** The longest time that a process takes to execute its program, or to end after SIGKILL. */
const LAST_MS = 5_000;

/** Kills what a look finds, and looks again, until nothing is left. Returns all pids that it found. */
export async function killAll(look: () => Found): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  const deadline = performance.now() + LAST_MS;
  for (let pause = 1; performance.now() < deadline; pause = Math.min(2 * pause, 50)) {
    const { pids, isComplete } = look();
    if (pids.length === 0 && isComplete) break;
    for (const pid of pids) {
      seen.add(pid);
      send(pid, 'SIGKILL');
    }
    await delay(pause);
  }
  return seen;
}

/** Kills the processes with one of these parts in their mark. Resolves when none is left. */
export async function killMarked(parts: readonly string[]): Promise<void> {
  await killAll(() => processesWith((part) => parts.includes(part)));
}

/** Undefined while the process executes another program. */
export function hasMark(pid: number, wanted: (part: string) => boolean): boolean | undefined {
  const mark = environmentOf(pid, MARK);
  if (mark === 'starting') return undefined;
  return mark !== 'hidden' && mark.value?.split('/').some(wanted) === true;
}

/** False if the process or group does not exist, or now belongs to another user. */
export function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  return unless(['ESRCH', 'EPERM'], () => process.kill(pid, signal)) ?? false;
}
