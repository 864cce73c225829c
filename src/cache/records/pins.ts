/** Pins: what running processes need, and since when. Gc removes none of it. */
import { lstatSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere, namesIn, textIfThere } from '../../sys/if-there.js';
import { checkedBody } from '../files/checksummed-json.js';
import type { Scratch } from '../files/scratch-folder.js';
import { isOwnerGone, keepYoung, ownedName } from '../files/temporary-names.js';
import { writeChecksummed } from '../files/write-whole.js';

export interface Needs {
  /** Keys of results. */
  readonly keys: readonly string[];
  readonly chains: readonly string[];
}

/** For `bestEffort`: a process that cannot write its pin cannot run a gc either. */
export const UNKNOWN_TO_GC = 'a `pipe cache gc` at the same time cannot see what this run needs';

/**
 * One file for each process that has the cache open for writing. Its mtime is the time of the
 * process's first write, by the file system's clock. Gc keeps everything newer, because it may be
 * about to be recorded.
 */
export class Pin {
  readonly #folder: string;
  readonly #scratch: Scratch;
  #name: string | undefined;
  readonly #keys = new Set<string>();
  readonly #chains = new Set<string>();
  /** Mtime of the file when it was placed. */
  #since: number | undefined;
  #stopRenewing = () => {};

  constructor(folder: string, scratch: Scratch) {
    this.#folder = folder;
    this.#scratch = scratch;
  }

  /** Called before anything is stored. */
  place(): void {
    if (this.#since === undefined) this.#write();
  }

  add({ keys, chains }: Partial<Needs>): void {
    const before = this.#keys.size + this.#chains.size;
    for (const key of keys ?? []) this.#keys.add(key);
    for (const chain of chains ?? []) this.#chains.add(chain);
    if (this.#since === undefined || this.#keys.size + this.#chains.size > before) this.#write();
  }

  get chains(): Iterable<string> {
    return this.#chains;
  }

  remove(): void {
    if (this.#since === undefined) return;
    this.#stopRenewing();
    rmSync(this.#file, { force: true });
    this.#since = undefined;
  }

  get #file(): string {
    this.#name ??= `${ownedName()}.json`;
    return path.join(this.#folder, this.#name);
  }

  #write(): void {
    const since = this.#since === undefined ? {} : { since: this.#since };
    const body: PinFile = { keys: [...this.#keys], chains: [...this.#chains], ...since };
    writeChecksummed(this.#file, body, this.#scratch, 'atomic');
    if (this.#since !== undefined) return;
    this.#since = lstatSync(this.#file).mtimeMs;
    this.#stopRenewing = keepYoung(this.#file);
  }
}

interface PinFile extends Needs {
  /** Absent in the first write: the file's own mtime counts then. */
  readonly since?: number;
}

interface Pinned extends Needs {
  /** Gc must keep what was written at this time or later, in milliseconds since 1970. */
  readonly since: number;
}

/** What all running processes need, including this one. */
export function readPins(folder: string, scratch: Scratch): Pinned {
  const keys: string[] = [];
  const chains: string[] = [];
  let since = Number.POSITIVE_INFINITY;
  for (const name of namesIn(folder)) {
    const file = path.join(folder, name);
    if (isOwnerGone(file, scratch.clocks.now)) continue;
    const pin = readPin(file);
    if (pin === undefined) continue;
    keys.push(...pin.keys);
    chains.push(...pin.chains);
    since = Math.min(since, pin.since);
  }
  return { keys, chains, since };
}

/** Undefined if it has disappeared. An unreadable pin protects everything. */
function readPin(file: string): Pinned | undefined {
  const stat = lstatIfThere(file);
  if (stat === undefined) return undefined;
  const text = textIfThere(file);
  if (text === undefined) return undefined;
  const pin = checkedBody(text) as PinFile | undefined;
  return pin === undefined
    ? { keys: [], chains: [], since: 0 }
    : { ...pin, since: pin.since ?? stat.mtimeMs };
}

/** Deletes the pins of dead processes. */
export function sweepPins(folder: string, scratch: Scratch): void {
  for (const name of namesIn(folder)) {
    const file = path.join(folder, name);
    if (isOwnerGone(file, scratch.clocks.now)) rmSync(file, { force: true });
  }
}
