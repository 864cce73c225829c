/** Follows the progress file of a stage: the run's side of PIPE_PROGRESS. */
import { constants, fstatSync } from 'node:fs';
import { lstatIfThere, unlessFailed } from '../sys/if-there.js';
import { lastText, withFile } from '../sys/open-file.js';

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly unit?: string;
}

/** Fast enough for a reader; nothing depends on it. */
const POLL_MS = 200;

/** Only the last line counts, and it is short. */
const LOOK_BACK = 4096;

/** Never blocks on a pipe that the stage created there. */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

/** Calls back with new progress, and a last time during `close`. */
export function followProgress(
  file: string,
  onProgress: (progress: Progress) => void,
): { close(): void } {
  let seen = 0;
  const look = () => {
    const news = readNews(file, seen);
    if (!news) return;
    seen = news.size;
    if (news.progress) onProgress(news.progress);
  };
  const timer = setInterval(look, POLL_MS);
  return {
    close() {
      clearInterval(timer);
      look();
    },
  };
}

/** Undefined if the file has not grown or is unreadable: a stage may put anything there. */
function readNews(file: string, seen: number): { size: number; progress?: Progress } | undefined {
  const read = (handle: number) => {
    const stat = fstatSync(handle);
    const { size } = stat;
    if (!stat.isFile() || size === seen) return undefined;
    const progress = lastProgress(lastText(handle, size, LOOK_BACK));
    return progress ? { size, progress } : { size };
  };
  // Most stages report nothing, and Node takes long to make an error.
  return unlessFailed(() => lstatIfThere(file) && withFile(file, AT_ONCE, read));
}

/** The last complete line with progress; skips other lines. */
export function lastProgress(text: string): Progress | undefined {
  const lines = text.split('\n').slice(0, -1);
  for (const line of lines.reverse()) {
    const match = /^\s*(\d+(?:\.\d+)?)\s+(\d+(?:\.\d+)?)(?:\s+(\S.*?))?\s*$/.exec(line);
    if (!match) continue;
    const unit = match[3];
    const progress = { done: Number(match[1]), total: Number(match[2]) };
    return unit === undefined ? progress : { ...progress, unit };
  }
  return undefined;
}
