/** The fence of a job: whether it is still the current job of its item. */
import { unlessFailed } from '../sys/if-there.js';
import type { JobFiles } from './job-file.js';

/** How soon a superseded job ends its process. */
const LOOK_MS = 1000;

interface NonceFence {
  isHeld(): boolean;
  readonly lost: AbortSignal;
  close(): void;
}

/** @param token of this start of the job */
export function nonceFence(files: JobFiles, nonce: string, token: string): NonceFence {
  const lost = new AbortController();
  const isHeld = () => files.current() === nonce && files.start(nonce) === token;
  const timer = setInterval(() => {
    // A read error may be temporary, and the fence is checked again before anything is recorded.
    if (unlessFailed(isHeld) === false) lost.abort();
  }, LOOK_MS).unref();
  return { isHeld, lost: lost.signal, close: () => clearInterval(timer) };
}
