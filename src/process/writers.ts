/** Finds processes that are writing to a folder's files, among this process's descendants, via /proc. */
import { readdirSync, readlinkSync } from 'node:fs';
import { relative } from 'node:path';
import { unlessRefused } from '../sys/if-there.js';
import { childrenOf, HAS_PROC, readIfThere } from '../sys/proc.js';
import { realPath } from '../sys/real-place.js';

/** A file of the folder that a descendant has open for writing. */
export function openForWriting(folder: string): string | undefined {
  if (!HAS_PROC) return undefined;
  const real = realPath(folder);
  for (const pid of descendants()) {
    // Nothing when the process has ended, has closed the file, or is another user's.
    for (const fd of unlessRefused(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
      const file = unlessRefused(() => readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (file?.startsWith(`${real}/`) && mayWrite(pid, fd)) return relative(real, file);
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

/** The last two bits of the flags: 0 means read-only. */
function mayWrite(pid: number, fd: string): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readIfThere(`/proc/${pid}/fdinfo/${fd}`) ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0;
}
