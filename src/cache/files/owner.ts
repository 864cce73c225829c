/** Whose a temporary file is: a process, named so that it is never taken for a later one with the same pid. */
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

let own: string | undefined;

/** This process as a word for file names: host, boot, pid namespace, pid and start time. */
export function ownerWord(): string {
  own ??= [...placeOfPids(), process.pid, startOf(process.pid) ?? ''].join('~');
  return own;
}

let names = 0;

/** A name that starts with this process's word and that nobody has used. */
export function ownedName(): string {
  return `${ownerWord()}.${++names}`;
}

/** The owner in a name that `ownedName` made, with or without an ending. */
export function ownerOf(name: string): string {
  return name.replace(/\.\d+(\.json)?$/, '');
}

/**
 * True only when it is certain: the process ran on this machine, in this container, and is gone.
 * What cannot be known counts as alive, since a leftover costs space and a theft costs a result.
 */
export function isDead(word: string): boolean {
  const fields = word.split('~');
  const [host, boot, space, pid, start] = fields;
  if (fields.length !== 5) return false;
  const [ownHost, ownBoot, ownSpace] = placeOfPids();
  if (host !== ownHost) return false;
  if (boot !== ownBoot) return true;
  if (space !== ownSpace) return false;
  return startOf(Number(pid)) !== start;
}

let place: readonly [string, string, string] | undefined;

/** Within these three a pid and a start time mean one process. */
function placeOfPids(): readonly [string, string, string] {
  place ??= [
    hostname().replace(/[^\w.-]/g, '_'),
    textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1')).slice(0, 8),
    textOf(() => readlinkSync('/proc/self/ns/pid')).replace(/\D/g, ''),
  ];
  return place;
}

/** Clock ticks from boot to start; undefined when there is no such process, '' where there is no /proc. */
function startOf(pid: number): string | undefined {
  const text = textOf(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  // The command's name stands in brackets and may hold anything, so count from the last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (text !== '') return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  if (process.platform === 'linux') return undefined;
  return isRunning(pid) ? '' : undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Empty when the system does not tell. */
function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
