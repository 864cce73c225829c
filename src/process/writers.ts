/** Finds processes that are writing to a folder's files, among this process's descendants, via /proc. */
import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { unlessRefused } from '../sys/if-there.js';
import { HAS_PROC, readIfThere } from '../sys/proc.js';

/** A file of the folder that a descendant has open for writing. */
export function openForWriting(folder: string): string | undefined {
  if (!HAS_PROC) return undefined;
  const real = realpathSync(folder);
  for (const pid of descendants()) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const file = targetOf(`/proc/${pid}/fd/${fd}`);
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
    for (const thread of namesIn(`/proc/${next}/task`)) {
      const text = readIfThere(`/proc/${next}/task/${thread}/children`) ?? '';
      const children = text.split(' ').filter(Boolean).map(Number);
      found.push(...children);
      open.push(...children);
    }
  }
  return found;
}

/** The last two bits of the flags: 0 means read-only. */
function mayWrite(pid: number, fd: string): boolean {
  const flags = /^flags:\s*(\d+)/m.exec(readIfThere(`/proc/${pid}/fdinfo/${fd}`) ?? '')?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & 3) !== 0;
}

/** Undefined when the file was closed, or the process has ended. */
function targetOf(link: string): string | undefined {
  return unlessRefused(() => readlinkSync(link));
}

/** None when the process has ended, or is another user's. */
function namesIn(folder: string): string[] {
  return unlessRefused(() => readdirSync(folder)) ?? [];
}
