/** Work on many items at once, bounded, with results in the order of the items. */
import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';

export interface ParallelOptions {
  /** How many items are worked on at once: the machine's cores and one more unless said. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  /** Called after each item with the number done. */
  readonly onDone?: (done: number) => void;
}

/**
 * `worker(item, index)` for every item. The results are in the items' order whatever the
 * concurrency. The first failure is thrown, and what has not started by then never starts.
 */
export async function mapInParallel<T, R>(
  items: readonly T[],
  worker: (item: T, index: number) => Promise<R>,
  { concurrency = availableParallelism() + 1, signal, onDone }: ParallelOptions = {},
): Promise<R[]> {
  const queue = new PQueue({ concurrency });
  const results = new Array<R>(items.length);
  let done = 0;
  const tasks = items.map((item, index) =>
    queue.add(async () => {
      signal?.throwIfAborted();
      results[index] = await worker(item, index);
      onDone?.(++done);
    }),
  );
  try {
    await Promise.all(tasks);
  } catch (error) {
    queue.clear();
    await queue.onIdle();
    throw error;
  }
  return results;
}

/** The items in runs of `length`, the last one shorter. */
export function* chunks<T>(items: readonly T[], length: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += length) {
    yield items.slice(start, start + length);
  }
}
