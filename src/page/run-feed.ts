/** Follows the journals of a project, and passes added events to listeners. */
import { journalsIn } from '../run/journal.js';
import { noticeChanges } from '../stage/notice.js';
import type { RunMessage } from './model.js';
import { RunReader } from './runs.js';

/** The system reports most changes immediately; polling detects the death of a process. */
const POLL_MS = 500;

/** Number of finished runs to show, in addition to running ones. */
const SHOWN = 3;

export class RunFeed {
  readonly #folder: string;
  readonly #readers = new Map<string, RunReader>();
  readonly #cutOff = new Set<string>();
  readonly #onMessage: (message: RunMessage) => void;
  readonly #notice: { close(): void };

  constructor(folder: string, onMessage: (message: RunMessage) => void) {
    this.#folder = folder;
    this.#onMessage = onMessage;
    this.#look();
    this.#notice = noticeChanges(folder, POLL_MS, () => this.#look());
  }

  /** Everything known so far, for a new listener. */
  messages(): RunMessage[] {
    return [...this.#readers].map(([id, { run }]) => ({ id, isNew: true, ...run }));
  }

  close(): void {
    this.#notice.close();
  }

  #look(): void {
    const names = journalsIn(this.#folder);
    for (const [id, reader] of this.#readers)
      if (!names.slice(-SHOWN).includes(id) && !reader.isLiving) this.#readers.delete(id);
    for (const name of names) {
      const reader = this.#readers.get(name) ?? this.#opened(name, names.slice(-SHOWN));
      if (reader === undefined) continue;
      const isNew = !this.#readers.has(name);
      this.#readers.set(name, reader);
      const events = isNew ? reader.run.events : reader.read();
      const { isCutOff } = reader;
      const becameCutOff = isCutOff && !this.#cutOff.has(name);
      if (isCutOff) this.#cutOff.add(name);
      if (isNew || events.length > 0 || becameCutOff)
        this.#onMessage({ id: name, isNew, events, isCutOff });
    }
  }

  readonly #old = new Set<string>();

  /** Undefined for an old run that is over, which is not read again. */
  #opened(name: string, newest: readonly string[]): RunReader | undefined {
    if (this.#old.has(name)) return undefined;
    const reader = new RunReader(this.#folder, name);
    reader.read();
    if (newest.includes(name) || reader.isLiving) return reader;
    this.#old.add(name);
    return undefined;
  }
}
