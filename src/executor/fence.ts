/** The fence of a job: whether it is still the current job of its item. */
import type { JobFiles } from './job-file.js';

/** How soon a superseded job ends its process. */
const LOOK_MS = 1000;

export interface NonceFence {
  isHeld(): boolean;
  readonly lost: AbortSignal;
  close(): void;
}

/** @param token of this start of the job */
export function nonceFence(files: JobFiles, nonce: string, token: string): NonceFence {
  const lost = new AbortController();
  const isHeld = () => files.current() === nonce && files.start(nonce) === token;
  const timer = setInterval(() => {
    if (!holdsNow(isHeld)) lost.abort();
  }, LOOK_MS).unref();
  return { isHeld, lost: lost.signal, close: () => clearInterval(timer) };
}

/** True on a temporary read error, because the fence is checked again before anything is recorded. */
function holdsNow(isHeld: () => boolean): boolean {
  try {
    return isHeld();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    return true;
  }
}
