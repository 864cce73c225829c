/** Finds processes that are writing to a folder's files, among this process's descendants, via /proc. */
import { readdirSync, readlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { unlessRefused } from '../sys/if-there.js';
import { accessOf, childrenOf, HAS_PROC } from '../sys/proc.js';
import { realPath } from '../sys/real-place.js';

/** A file of the folder that a descendant has open for writing. */
export function openForWriting(folder: string): string | undefined {
  if (!HAS_PROC) return undefined;
  const real = realPath(folder);
  for (const pid of descendants()) {
    // Nothing when the process has ended, has closed the file, or is another user's.
    for (const fd of unlessRefused(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const file = unlessRefused(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (!file?.startsWith(`${real}/`)) continue;
      const access = accessOf(pid, fd);
      if (access === 'write' || access === 'both') return relative(real, file);
    }
  }
  return undefined;
}

/** Excludes daemons, which have another parent. */
function descendants(): number[] {
  const found: number[] = [];
  const open = [process.pid];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const children = childrenOf(next);
    found.push(...children);
    open.push(...children);
  }
  return found;
}
