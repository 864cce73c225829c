/** Tasks with a limit of how many run at once. */

/** Requests at once, over as many connections. */
export const WIDTH = 64;

/** Runs `task` for every value, `width` at a time. After a failure it starts no more, and throws it. */
export async function eachOf<T>(
  values: Iterable<T>,
  width: number,
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
  await Promise.all(Array.from({ length: width }, worker));
}

/** Runs what it is given, at most so many at once. */
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
