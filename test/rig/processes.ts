/**
 * Finds processes in /proc by a mark in their environment, which their children inherit, whatever
 * group they are in.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Names the variable that carries the mark. */
export const MARK = 'PIPE_TEST_MARK';

/** Running processes with this mark, except zombies. */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => textOf(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${mark}`))
    .filter((pid) => !/^\d+ \(.*\) [ZX] /s.test(textOf(`/proc/${pid}/stat`)));
}

/** A description of a process, for messages. */
export function commandLine(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** The peak memory of a process, in bytes. */
export function peakMemory(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** A process may end during the check. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
