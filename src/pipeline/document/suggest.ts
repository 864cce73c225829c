/** `did you mean …?`: finds the known name closest to the written one. */

/** The closest of the known names; undefined if none is close enough. */
export function nearest(written: string, known: Iterable<string>): string | undefined {
  const wanted = written.toLowerCase();
  const names = [...known];
  let best: string | undefined;
  // A name of one letter would be close to any other letter.
  let least = Math.min(written.length, Math.max(1, Math.floor(written.length / 3)) + 1);
  for (const name of names) {
    if (Math.abs(name.length - written.length) >= least) continue;
    const distance = editDistance(wanted, name.toLowerCase(), least);
    if (distance < least) {
      best = name;
      least = distance;
    }
  }
  return best ?? names.find((name) => continues(name, wanted) || continues(wanted, name));
}

/** A truncated name (`fro` for `frozen`), or one with a suffix (`dry-run` for `dry`). */
function continues(long: string, short: string): boolean {
  return short.length >= 3 && long.toLowerCase().startsWith(short.toLowerCase());
}

/** A hint with the closest name; without one, the known names if they are few. */
export function suggest(
  written: string,
  known: Iterable<string>,
  what?: string,
): string | undefined {
  const names = [...known];
  const best = nearest(written, names);
  if (best !== undefined) return `did you mean "${best}"?`;
  return what === undefined || names.length === 0 ? undefined : listed(names, what);
}

/** `stages are: a, b`: at most twelve. */
export function listed(names: readonly string[], what: string): string {
  const few = names.slice(0, 12).join(', ');
  return `${what}: ${few}${names.length > 12 ? ', …' : ''}`;
}

/** Optimal string alignment distance: insertions, deletions, substitutions, swaps. Stops at `limit`. */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let smallest = i;
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, before[j - 2]! + 1);
      row.push(cost);
      smallest = Math.min(smallest, cost);
    }
    if (smallest >= limit) return limit;
    before = above;
    above = row;
  }
  return above[b.length]!;
}
