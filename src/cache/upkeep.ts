/** The size of the cache, and the commands that go through all of it: gc, verify, stats. */
import type { CacheContext } from './files/cache-context.js';
import type { CacheStats } from './gc/cache-stats.js';
import type { DiskUsage } from './gc/disk-usage.js';
import type { GcOptions, GcReport } from './gc/gc.js';
import type { VerifyOptions, VerifyReport } from './gc/verify-cache.js';
import type { Pin } from './records/pins.js';

/** Loads the code of each command on demand: few runs need it. */
export class Upkeep {
  readonly #context: CacheContext;
  readonly #size: DiskUsage;
  readonly #pin: Pin;

  constructor(context: CacheContext, size: DiskUsage, pin: Pin) {
    this.#context = context;
    this.#size = size;
    this.#pin = pin;
  }

  /** True if this process has stored anything. */
  get grew(): boolean {
    return this.#size.grew;
  }

  /** True when the cache exceeds the limit (bytes), unless the last gc could not get below it. */
  isOver(limit: number): Promise<boolean> {
    return this.#size.isOver(limit);
  }

  /** Removes everything that nothing needs. Safe while other processes use the cache. */
  async gc(options: GcOptions): Promise<GcReport> {
    const dry = options.dry === true;
    if (!dry) this.#pin.place();
    const noted = this.#size.noted();
    const { collect } = await import('./gc/gc.js');
    const report = await collect(this.#context, options);
    if (!dry) this.#size.setLeft(report.bytesAfter, noted);
    return report;
  }

  /** Reads every object and record; reports damage and the items that it affects. */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    const { verify } = await import('./gc/verify-cache.js');
    return verify(this.#context, options);
  }

  async stats(maxSize?: number): Promise<CacheStats> {
    const { statsOf } = await import('./gc/cache-stats.js');
    return statsOf(this.#context, maxSize);
  }
}
