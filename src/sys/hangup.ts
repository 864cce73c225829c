/** Detects nohup: whether this process was started to outlive its terminal. */
import path from 'node:path';
import { accessOf, readIfThere, statOf } from './proc.js';

/** The bit of signal 1. */
const HANGUP = 1n;

/**
 * True under `nohup`, even if it started a script that started this process. Node resets an ignored
 * SIGHUP when it starts, so this process cannot see it directly. Parent processes in the session,
 * under the same nohup, and nohup's other effects show it. Outside Linux, only the
 * shell's variable `_` does.
 */
export function isHangupIgnored(env: NodeJS.ProcessEnv): boolean {
  return path.basename(env._ ?? '') === 'nohup' || hasInputOfNohup() || isIgnoredAbove();
}

/** Only nohup opens `/dev/null` as stdin just for writing. */
function hasInputOfNohup(): boolean {
  return accessOf('self', '0') === 'write';
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
