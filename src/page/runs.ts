/** Runs of all processes of the project, from their journals: read once, or followed while they grow. */
import path from 'node:path';
import { ifJson } from '../json.js';
import { type JournalHead, journalsIn } from '../run/journal.js';
import { type Identity, livenessOf } from '../sys/identity.js';
import { LineTail } from '../sys/open-file.js';
import type { PageRun, TimedEvent } from './model.js';

/** A run's journal, read from the last position. */
export class RunReader {
  readonly #lines: LineTail;
  #owner: Identity | undefined;
  #isOver = false;
  /** The events, without superseded progress. */
  #events: TimedEvent[] = [];

  constructor(folder: string, name: string) {
    this.#lines = new LineTail(path.join(folder, name));
  }

  /** Events that were added since the last call. */
  read(): TimedEvent[] {
    const added = this.#lines.next().flatMap((line) => this.#eventIn(line));
    if (added.length > 0) this.#events = compacted([...this.#events, ...added]);
    return added;
  }

  get run(): PageRun {
    return { events: this.#events, isCutOff: this.isCutOff };
  }

  /** True if the process is gone without a summary. */
  get isCutOff(): boolean {
    return !this.#isOver && this.#owner !== undefined && livenessOf(this.#owner) === 'dead';
  }

  get isLiving(): boolean {
    return !this.#isOver && !this.isCutOff;
  }

  #eventIn(line: string): TimedEvent[] {
    // After a crash of the machine, a line may be incomplete.
    const value = (ifJson(line) ?? {}) as Partial<TimedEvent> & Partial<Omit<JournalHead, 'type'>>;
    if (value.type === 'journal') this.#owner = value.owner;
    if (value.type === 'summary') this.#isOver = true;
    return typeof value.type === 'string' && typeof value.at === 'number'
      ? [shown(value as TimedEvent)]
      : [];
  }
}

/** Only the fields that the page shows, so that paths of this machine are not published. */
function shown(
  event: TimedEvent & { readonly failure?: { readonly message: string } },
): TimedEvent {
  const { failure } = event;
  const fields = Object.entries(event).filter(([name]) => SHOWN.has(name));
  const message = failure && { message: failure.message };
  return { ...Object.fromEntries(fields), ...message } as unknown as TimedEvent;
}

const SHOWN: ReadonlySet<string> = new Set<keyof TimedEvent>([
  'at',
  'type',
  'item',
  'verdict',
  'action',
  'reason',
  'cpuSeconds',
  'peakMemory',
  'done',
  'total',
  'unit',
  'epoch',
  'target',
  'gpus',
  'items',
  'metrics',
]);

/** Keeps only the last progress and epoch of each item, because a long training has thousands. */
function compacted(events: readonly TimedEvent[]): TimedEvent[] {
  const last = new Map<string, TimedEvent>();
  for (const event of events)
    if (isSuperseded(event)) last.set(`${event.type} ${event.item}`, event);
  return events.filter(
    (event) => !isSuperseded(event) || last.get(`${event.type} ${event.item}`) === event,
  );
}

function isSuperseded({ type }: TimedEvent): boolean {
  return type === 'progress' || type === 'epoch';
}

/**
 * The newest recorded run, to be published; undefined if there is none. Omits what its items waited
 * for: processes of this machine, with the folders of other projects.
 */
export function newestRun(folder: string): PageRun | undefined {
  const name = journalsIn(folder).at(-1);
  if (name === undefined) return undefined;
  const reader = new RunReader(folder, name);
  reader.read();
  const { events, isCutOff } = reader.run;
  return {
    events: events.map(({ reason, ...event }) =>
      event.type === 'waiting' || reason === undefined ? event : { ...event, reason },
    ),
    isCutOff,
  };
}
