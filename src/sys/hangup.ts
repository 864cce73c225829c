/** Whether this process was started to outlive its terminal. */
import path from 'node:path';
import { readIfThere, statOf } from './proc.js';

/** The bit of signal 1. */
const HANGUP = 1n;

/** `/dev/null` for writing only, where it is read from: nobody but nohup does that. */
const WRITE_ONLY = 1;

/**
 * True under `nohup`, also that of a script which started us. Node resets an ignored SIGHUP before any of
 * our code runs, so it cannot be asked of this process itself. It is asked of those above us in the same
 * session, which have it from the same nohup, and of what nohup does besides; elsewhere than on Linux
 * only of the name that the shell leaves in `_`.
 */
export function isHangupIgnored(env: NodeJS.ProcessEnv): boolean {
  return path.basename(env._ ?? '') === 'nohup' || hasInputOfNohup() || isIgnoredAbove();
}

function hasInputOfNohup(): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readIfThere('/proc/self/fdinfo/0') ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) === WRITE_ONLY;
}

function isIgnoredAbove(): boolean {
  const own = statOf(process.pid);
  if (own === undefined) return false;
  for (let pid = own.parent; pid > 1; ) {
    const stat = statOf(pid);
    if (stat === undefined || stat.session !== own.session) return false;
    if (ignoresHangup(pid)) return true;
    pid = stat.parent;
  }
  return false;
}

function ignoresHangup(pid: number): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)/m.exec(readIfThere(`/proc/${pid}/status`) ?? '')?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) & HANGUP) !== 0n;
}
