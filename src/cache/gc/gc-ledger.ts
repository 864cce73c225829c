/** What one garbage collection has removed so far, and the size of the cache after it. */

/** Something that was removed, or would be removed in a dry run. */
export interface Removed {
  /** `garbage`: objects that no record refers to, as after a crash. */
  readonly kind: 'result' | 'state' | 'garbage' | 'damaged' | 'replaced' | 'log';
  /** For replaced files: the name of their folder. */
  readonly name?: string;
  /** The item that computed it. */
  readonly item?: string;
  readonly key?: string;
  readonly chain?: string;
  readonly epoch?: number;
  /** For logs: how many of the item. */
  readonly count?: number;
  /** Bytes freed: less than the size if others share its objects. */
  readonly bytes: number;
  /** Time to recompute it. */
  readonly seconds?: number;
  readonly reason:
    | 'nothing refers to it'
    | 'too old'
    | 'over the size limit'
    | 'the record is invalid';
}

export interface Collected {
  readonly removed: readonly Removed[];
  /** How many more would have been removed if they had not been stored or used so recently. */
  readonly tooNew: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export class GcLedger {
  readonly #removed: Removed[] = [];
  #bytesBefore = 0;
  #bytes = 0;
  #tooNew = 0;

  /** Size of the cache now; in a dry run, after the removals. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts everything that exists when the collection begins. */
  found(bytes: number): void {
    this.#bytesBefore += bytes;
    this.#bytes += bytes;
  }

  freed(bytes: number): void {
    this.#bytes -= bytes;
  }

  note(removed: Removed): void {
    this.#removed.push(removed);
  }

  /** Notes one log. Keeps one entry for each item and reason. */
  noteLog(item: string, bytes: number, reason: Removed['reason']): void {
    const at = this.#removed.findIndex(
      (each) => each.kind === 'log' && each.item === item && each.reason === reason,
    );
    const before = this.#removed[at] ?? { bytes: 0, count: 0 };
    const sum = { bytes: before.bytes + bytes, count: (before.count ?? 0) + 1 };
    const entry: Removed = { kind: 'log', item, ...sum, reason };
    if (at < 0) this.#removed.push(entry);
    else this.#removed[at] = entry;
  }

  noteTooNew(): void {
    this.#tooNew++;
  }

  report(): Collected {
    return {
      removed: this.#removed,
      tooNew: this.#tooNew,
      bytesBefore: this.#bytesBefore,
      bytesAfter: this.#bytes,
    };
  }
}
