/**
 * Journal of a run: its events, in a file in the project's folder of the cache. `pipe ui` in
 * another process and the timeline of a report read it. A run that starts nothing writes no
 * journal.
 */
import { appendFileSync, closeSync, openSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bestEffort } from '../cache/files/file-errors.js';
import type { Project } from '../decide/project.js';
import type { Emit, RunEvent } from '../event.js';
import { type Identity, ownIdentity, tagOf } from '../sys/identity.js';
import { namesIn } from '../sys/if-there.js';
import { makeFolder } from '../sys/make-folder.js';

/** First line of a journal. */
export interface JournalHead {
  readonly type: 'journal';
  /** The process of the run. */
  readonly owner: Identity;
}

const REMEMBERED = 20;

/** Milliseconds between two progress events of an item in the journal. */
const PROGRESS_MS = 1000;

export function journalFolder({ cache }: Pick<Project, 'cache'>): string {
  return path.join(cache.state.folder, 'journals');
}

/** The same `emit`, with a copy of each event in the journal. Call `close` at the end of the run. */
export function journaled(
  project: Project,
  emit: Emit,
  warn: (message: string) => void,
): { readonly emit: Emit; readonly close: () => void } {
  const journal = new Journal(journalFolder(project), project, warn);
  return {
    emit: (event) => {
      emit(event);
      journal.add(event);
    },
    close: () => journal.close(),
  };
}

class Journal {
  readonly #folder: string;
  readonly #project: Project;
  readonly #warn: (message: string) => void;
  readonly #progress = new Map<string, number>();
  /** Events before the first start. This list is all that a run with nothing to do pays for. */
  #held: { readonly at: number }[] = [];
  #file: number | undefined;
  #isLost = false;

  constructor(folder: string, project: Project, warn: (message: string) => void) {
    this.#folder = folder;
    this.#project = project;
    this.#warn = warn;
  }

  add(event: RunEvent): void {
    if (this.#isLost || this.#isTooSoon(event)) return;
    const timed = { at: Date.now(), ...event };
    if (this.#file === undefined) this.#held.push(timed);
    const begins = event.type === 'start' || event.type === 'waiting';
    if (this.#file === undefined && !begins) return;
    this.#isLost = true;
    bestEffort('`pipe ui` cannot follow this run', this.#warn, () => {
      if (this.#file === undefined) this.#open();
      else appendFileSync(this.#file, linesOf([timed]));
      this.#isLost = false;
    });
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    this.#isLost = true;
  }

  #open(): void {
    this.#project.cache.refuseLink(this.#folder);
    makeFolder(this.#folder);
    const owner = ownIdentity();
    const stamp = new Date().toISOString().replaceAll(':', '-');
    const head: JournalHead = { type: 'journal', owner };
    this.#file = openSync(path.join(this.#folder, `${stamp}-${tagOf(owner)}.jsonl`), 'ax');
    appendFileSync(this.#file, linesOf([head, ...this.#held]));
    this.#held = [];
    for (const name of journalsIn(this.#folder).slice(0, -REMEMBERED))
      rmSync(path.join(this.#folder, name), { force: true });
  }

  #isTooSoon(event: RunEvent): boolean {
    if (event.type !== 'progress') return false;
    const now = performance.now();
    if (now - (this.#progress.get(event.item) ?? Number.NEGATIVE_INFINITY) < PROGRESS_MS)
      return true;
    this.#progress.set(event.item, now);
    return false;
  }
}

function linesOf(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

/** Names, oldest first. */
export function journalsIn(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
}
