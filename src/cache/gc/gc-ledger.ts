/** What one garbage collection has removed so far, and how large the cache is after it. */

/** Something that was removed, or would be in a dry run. */
export interface Removed {
  /** `garbage`: objects that no record refers to, as after a crash. */
  readonly kind: 'result' | 'state' | 'garbage' | 'damaged' | 'replaced' | 'log';
  /** Of replaced files: name of their folder. */
  readonly name?: string;
  /** The item that computed it. */
  readonly item?: string;
  readonly key?: string;
  readonly chain?: string;
  readonly epoch?: number;
  /** Of logs: how many of the item. */
  readonly count?: number;
  /** Bytes freed: less than the size when others share its objects. */
  readonly bytes: number;
  /** Time to recompute it. */
  readonly seconds?: number;
  readonly reason:
    | 'nothing refers to it'
    | 'too old'
    | 'over the size limit'
    | 'cannot be believed';
}

export interface Collected {
  readonly removed: readonly Removed[];
  /** How many more would have gone, had they not been stored or used too recently. */
  readonly tooNew: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export class GcLedger {
  readonly #removed: Removed[] = [];
  #bytesBefore = 0;
  #bytes = 0;
  #tooNew = 0;

  /** Size of the cache now, or as it would be in a dry run. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts what is there when the collection begins. */
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
