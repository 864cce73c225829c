/**
 * The fork server: a small process that starts commands and reports their ends. Entry point of
 * dist/fork-server.cjs; fork-client.ts is the other side.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { unlessFailed } from '../sys/if-there.js';
import { INTERRUPTS } from '../sys/interrupts.js';
import { reapedTicks } from '../sys/proc.js';
import type { Group } from './orphans.js';
import { launch, type RawEnd } from './spawn.js';

export interface StartRequest {
  readonly id: number;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The open file for stdout and stderr. */
  readonly output: string;
}

export type Answer =
  /** Without this one, it has started nothing. */
  | { readonly ready: true }
  | { readonly started: number; readonly leader: Group }
  /** The output cannot be opened here. */
  | { readonly refused: number }
  /** All that ended in one turn of the event loop, and the CPU time of their trees in clock ticks. */
  | {
      readonly ended: readonly { readonly id: number; readonly end: RawEnd }[];
      readonly ticks: number;
    };

const runner = process.ppid;

let ended: { id: number; end: RawEnd }[] = [];
let reaped = 0;

process.on('message', start);
// The runner has closed the channel or died.
process.on('disconnect', () => process.exit());
// systemd and Slurm stop all processes of a job. The runner gives its commands time to end.
for (const signal of [...INTERRUPTS, 'SIGQUIT']) process.on(signal, () => undefined);
answer({ ready: true });

function start({ id, argv, cwd, env, output }: StartRequest): void {
  // Orphans are killed when their runner is dead, so none may start later.
  if (process.ppid !== runner) process.exit();
  const log = unlessFailed(() => openSync(output, constants.O_WRONLY));
  if (log === undefined) {
    answer({ refused: id });
    return;
  }
  const child = launch(argv, { cwd, env, output: log });
  closeSync(log);
  if (child.leader !== undefined) answer({ started: id, leader: child.leader });
  child.ended.then((end) => {
    ended.push({ id, end });
    if (ended.length === 1) setImmediate(tellEnded);
  });
}

function tellEnded(): void {
  const all = reapedTicks();
  answer({ ended, ticks: all - reaped });
  reaped = all;
  ended = [];
}

function answer(message: Answer): void {
  process.send?.(message);
}
