/** Tasks with a limit of how many run at once. */

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
