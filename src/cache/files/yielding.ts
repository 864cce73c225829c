/**
 * Cooperative yielding: runs synchronous file calls, which are the fast ones, in slices, so that
 * timers and children can run.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest time to block the event loop. */
const SLICE_MS = 10;

/** Work that yields where it may be interrupted, and yields a promise where it must wait. */
export type Cooperative<T> = Generator<Promise<unknown> | undefined, T>;

/** Finishes the work without a pause. Only for work that never waits. */
export function finishSync<T>(work: Cooperative<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (step.value !== undefined) throw new Error('finishSync() got work that waits');
  }
}

/** Work that may also yield other work: it gets that work's result. */
export type Recursive<T> = Generator<
  Promise<unknown> | undefined | Recursive<unknown>,
  T,
  // biome-ignore lint/suspicious/noExplicitAny: the result of whatever was yielded
  any
>;

/**
 * Recursion without a deep stack. By `yield*`, each pause would pass through all callers: a walk of n
 * nested folders would take n² steps.
 */
export function* flattened<T>(work: Recursive<T>): Cooperative<T> {
  const callers: Recursive<unknown>[] = [];
  let current: Recursive<unknown> = work;
  let resume = () => current.next();
  for (;;) {
    let step: ReturnType<typeof resume>;
    try {
      step = resume();
    } catch (error) {
      const caller = callers.pop();
      if (caller === undefined) throw error;
      current = caller;
      resume = () => current.throw(error);
      continue;
    }
    const { value } = step;
    if (step.done) {
      const caller = callers.pop();
      if (caller === undefined) return value as T;
      current = caller;
      resume = () => current.next(value);
    } else if (value === undefined || value instanceof Promise) {
      resume = () => current.next();
      try {
        yield value;
      } catch (error) {
        resume = () => current.throw(error);
      }
    } else {
      callers.push(current);
      current = value as Recursive<unknown>;
      resume = () => current.next();
    }
  }
}

/** Waits for a promise within sliced work. */
export function* until<T>(promise: Promise<T>): Cooperative<T> {
  let value: { result: T } | undefined;
  yield promise.then((result) => {
    value = { result };
  });
  if (value === undefined) throw new Error('work continued before its promise was settled');
  return value.result;
}

/**
 * Yields to the event loop every 10 ms.
 *
 * @param stop ends the work at its next yield, which throws the signal's reason
 */
export async function finish<T>(work: Cooperative<T>, stop?: AbortSignal): Promise<T> {
  const pace = new Yielder();
  let step = work.next();
  while (!step.done) {
    if (step.value !== undefined) {
      const failure = await step.value.then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      // Thrown at the point of waiting, so that the work can close its files.
      if (failure !== undefined) {
        step = work.throw(failure.error);
        continue;
      }
    } else if (pace.due()) {
      await pace.rest();
      if (stop?.aborted) {
        step = work.throw(stop.reason);
        continue;
      }
    }
    step = work.next();
  }
  return step.value;
}

/** True for the error of work that the signal ended. */
export function isStopOf(stop: AbortSignal, error: unknown): boolean {
  return stop.aborted && error === stop.reason;
}

/** For loops that are asynchronous anyway: `if (pace.due()) await pace.rest()`. */
export class Yielder {
  #since = performance.now();

  due(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** @param stop then throws its reason, if it is aborted */
  async rest(stop?: AbortSignal): Promise<void> {
    await nextTurn();
    stop?.throwIfAborted();
    this.#since = performance.now();
  }
}
