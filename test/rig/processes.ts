/** Processes by a mark in their environment, which all that they start inherit: found in /proc, whatever group they are in. */
import { readdirSync, readFileSync } from 'node:fs';

/** Names the variable that carries the mark. */
export const MARK = 'PIPE_TEST_MARK';

/** Those that live and were started with this mark; zombies do nothing any more. */
export function processesMarked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => textOf(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${mark}`))
    .filter((pid) => !/^\d+ \(.*\) [ZX] /s.test(textOf(`/proc/${pid}/stat`)));
}

/** What a process is, for messages. */
export function commandLine(pid: number): string {
  return textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
}

/** The most memory that a process ever held, in bytes. */
export function peakMemory(pid: number): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(textOf(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** A process may end while it is looked at. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
