/** Kills orphans, which a killed run left behind, so that none of them writes during a new run. */
import { type Identity, livenessOf, tagOf } from '../sys/identity.js';
import { findProcesses, outputsOf, statOf } from '../sys/proc.js';
import { realPlace } from '../sys/real-place.js';
import { childrenOf, killAll } from './process-marks.js';

/** The leader of an execution's processes. */
export interface Group {
  readonly pid: number;
  /** Start time in the system's unit. */
  readonly start: string;
}

/** A run, and what its ticket says about its processes. */
type Runner = Identity & {
  readonly group?: string;
  /** Absolute path of the folder for their output. */
  readonly logs?: string;
};

export function groupWord({ pid, start }: Group): string {
  return `${pid} ${start}`;
}

/** The group that the text of a lock or ticket notes. */
export function groupIn({ group = '' }: { readonly group?: string }): Group | undefined {
  const [pid, ...start] = group.trim().split(' ');
  return pid === '' ? undefined : { pid: Number(pid), start: start.join(' ') };
}

/**
 * Kills all processes that a dead run has started: those with its mark, those of the group that it
 * noted, and those that write to one of its logs, in case they cleared or overwrote their
 * environment. They get no grace time, because nothing will store their results. Resolves with
 * their number when they are gone. Works only on Linux: on other systems it finds nothing, and only
 * the stage host ends by itself.
 */
export async function reapOrphans(runner: Runner): Promise<number> {
  if (livenessOf(runner) !== 'dead') return 0;
  const group = groupIn(runner);
  const killed = await killAll(() => {
    const { pids, isComplete } = childrenOf(runner);
    const others = [
      ...(group === undefined ? [] : membersOf(group)),
      ...(runner.logs === undefined ? [] : writersInto(runner.logs, tagOf(runner))),
    ];
    return { pids: [...pids, ...others], isComplete };
  });
  return killed.size;
}

/**
 * Members of the group's session that started after its leader. While one of them runs, the system
 * does not reuse the number. Later it may belong to another leader, with another start time.
 */
function membersOf({ pid: leader, start }: Group): number[] {
  const now = statOf(leader);
  if (now !== undefined && now.start !== start) return [];
  return findProcesses((pid) => {
    const stat = statOf(pid);
    return (
      stat?.session === leader &&
      !stat.zombie &&
      pid !== process.pid &&
      Number(stat.start) >= Number(start)
    );
  });
}

/**
 * Finds a process that left the session and cleared its environment, by its open log. Other runs
 * write logs of the same item to the same folder, but the names of a run's logs contain its tag.
 */
function writersInto(logs: string, tag: string): number[] {
  const folder = realPlace(logs);
  const isLog = (file: string) => file.startsWith(`${folder}/`) && file.endsWith(`-${tag}.log`);
  return findProcesses(
    (pid) => pid !== process.pid && outputsOf(pid).some(isLog) && statOf(pid)?.zombie === false,
  );
}
