/** Enclosing executions: a run that a stage starts must not wait for that stage. */
import { UserError } from '../error.js';
import { livenessOf, wordOf } from '../sys/identity.js';
import { statOf } from '../sys/proc.js';
import { fileNameOf } from './file-names.js';
import type { LockOwner } from './lock-owner.js';
import { type Group, groupIn } from './orphans.js';
import { MARK } from './process-marks.js';

/** The run would wait for an execution that ends only after the run itself. */
export class WaitsForItself extends UserError {}

export function waitsForItself(item: string, owner: string): WaitsForItself {
  return new WaitsForItself({
    code: 'run-within-itself',
    message: `${item} waits for ${owner}, and ${owner} started this run and waits for it`,
    hint: `do not run pipe inside ${owner} for items of the outer run; list what it needs under deps`,
  });
}

/**
 * True if the holder is a run that started this process and holds the lock for the enclosing
 * execution: by the mark in the environment or, if a command such as `sudo` cleared it, by the
 * noted leader of the execution.
 */
export function isHeldAroundUs(env: NodeJS.ProcessEnv, owner: LockOwner, item: string): boolean {
  if (livenessOf(owner) !== 'alive') return false;
  if (isBelow(groupIn(owner))) return true;
  const runner = wordOf(owner);
  const label = fileNameOf(item);
  return (env[MARK] ?? '').split('/').some((part) => {
    const [word, , ...rest] = part.split('.');
    return word === runner && rest.join('.') === label;
  });
}

/** True for a process of the leader's session, and for a descendant that left the session. */
function isBelow(leader: Group | undefined): boolean {
  if (leader === undefined) return false;
  const own = statOf(process.pid);
  if (own?.session === leader.pid && statOf(leader.pid)?.start === leader.start) return true;
  for (let at = own; at !== undefined && at.parent !== 0; at = statOf(at.parent)) {
    if (at.pid === leader.pid && at.start === leader.start) return true;
  }
  return false;
}
