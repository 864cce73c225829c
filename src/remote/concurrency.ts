/** Limits how many tasks run at the same time. */

/** Number of simultaneous requests, each with its own connection. */
export const WIDTH = 64;

/**
 * Runs `task` for every value, at most WIDTH at a time. After a failure, does not start another task
 * and throws the error.
 */
export async function eachOf<T>(
  values: Iterable<T>,
  task: (value: T) => Promise<void>,
): Promise<void> {
  const iterator = values[Symbol.iterator]();
  let failed = false;
  const worker = async () => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next()) {
      try {
        await task(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: WIDTH }, worker));
}

/** Runs the given actions, at most a fixed number at a time. */
export type Limit = <T>(act: () => Promise<T>) => Promise<T>;

export function limitOf(most: number): Limit {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (act) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await act();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
