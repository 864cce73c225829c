/** Sorted lists, ranges, lists by key, and values computed once. Pure. */

/** Binary search: the first index below `length` for which `isBefore` is false, else `length`. */
export function firstIndex(length: number, isBefore: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The smallest and the largest, of any number of values: a call takes about 120,000 arguments at most. */
export function rangeOf(values: Iterable<number>): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}

/** The value of a key. If there is none, makes it and keeps it. */
export function getOrMake<Key, Value>(
  values: Map<Key, Value>,
  key: Key,
  make: (key: Key) => Value,
): Value {
  const known = values.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  values.set(key, made);
  return made;
}

/** By each of the names, which one text lists. */
export function byName<Value>(
  rows: readonly (readonly [names: string, value: Value])[],
): ReadonlyMap<string, Value> {
  return new Map(
    rows.flatMap(([names, value]) => names.split(' ').map((name) => [name, value] as const)),
  );
}

/** Appends a value to the list of its key. */
export function addTo<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  getOrMake(lists, key, () => []).push(value);
}

/** Computes the value of each object once, as long as the object exists. The object determines `more`. */
export function oncePer<Key extends object, Value, More extends readonly unknown[]>(
  make: (key: Key, ...more: More) => Value,
): (key: Key, ...more: More) => Value {
  const known = new WeakMap<Key, Value>();
  return (key, ...more) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const value = make(key, ...more);
    known.set(key, value);
    return value;
  };
}

/** Computes the value of each text once, also if it is undefined. */
export function oncePerText<Value>(make: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined || known.has(text)) return before as Value;
    const value = make(text);
    known.set(text, value);
    return value;
  };
}

/** True if all rows with one key have one value. */
export function isOnePer<Row>(
  rows: readonly Row[],
  keyFor: (row: Row) => unknown,
  valueFor: (row: Row) => unknown,
): boolean {
  const values = new Map<unknown, unknown>();
  return rows.every((row) => {
    const [key, value] = [keyFor(row), valueFor(row)];
    if (!values.has(key)) values.set(key, value);
    return values.get(key) === value;
  });
}
