/** Ends what a runner that was killed left running, so that nothing of it writes beside a new run. */
import { setTimeout as delay } from 'node:timers/promises';
import { type Identity, livenessOf, tagOf } from '../sys/identity.js';
import { allPids, outputsOf, statOf } from '../sys/proc.js';
import { childrenOf, send } from './family.js';

/** The leader of an execution's processes. */
export interface Group {
  readonly pid: number;
  /** When it started, as the system counts it. */
  readonly start: string;
}

/** A runner, and what its ticket says of the processes that it started. */
type Runner = Identity & {
  readonly group?: string;
  /** Absolute path of the folder that their output goes to. */
  readonly logs?: string;
};

export function groupWord({ pid, start }: Group): string {
  return `${pid} ${start}`;
}

function groupIn({ group = '' }: Runner): Group | undefined {
  const [pid, ...start] = group.trim().split(' ');
  return pid === '' ? undefined : { pid: Number(pid), start: start.join(' ') };
}

/** What SIGKILL does not end within this time hangs in the system and will not end. */
const KILLED_MS = 5_000;

/**
 * Kills all processes that a dead runner has started: those that carry its mark, and those of the
 * group that it noted or that write to one of its logs, which are found although they cleared their
 * environment or overwrote it with a title. Nobody will store what they compute, so they get no grace.
 * Resolves when they are gone, with the number of those that were there. Linux only: elsewhere nothing is found, and the stage host alone
 * ends by itself.
 */
export async function reapOrphans(runner: Runner): Promise<number> {
  if (livenessOf(runner) !== 'dead') return 0;
  const seen = new Set<number>();
  const group = groupIn(runner);
  const deadline = performance.now() + KILLED_MS;
  for (let pause = 1; performance.now() < deadline; pause = Math.min(2 * pause, 50)) {
    const orphans = [
      ...childrenOf(runner),
      ...(group === undefined ? [] : membersOf(group)),
      ...(runner.logs === undefined ? [] : writersInto(runner.logs, tagOf(runner))),
    ];
    if (orphans.length === 0) break;
    for (const pid of orphans) {
      seen.add(pid);
      send(pid, 'SIGKILL');
    }
    await delay(pause);
  }
  return seen.size;
}

/**
 * Who is in the group's session and started after its leader. As long as one of them lives, the system
 * gives the number to nobody else; but when all had gone, it may be another's by now, whose leader
 * then has another start.
 */
function membersOf({ pid: leader, start }: Group): number[] {
  const now = statOf(leader);
  if (now !== undefined && now.start !== start) return [];
  return allPids().filter((pid) => {
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
 * A process that left the session and cleared its environment still writes to its log. Other runs log
 * the same item in the same folder: the runner's tag is in the names of its own logs.
 */
function writersInto(folder: string, tag: string): number[] {
  const isLog = (file: string) => file.startsWith(`${folder}/`) && file.endsWith(`-${tag}.log`);
  return allPids().filter(
    (pid) => pid !== process.pid && outputsOf(pid).some(isLog) && statOf(pid)?.zombie === false,
  );
}
