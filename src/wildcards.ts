/**
 * Matches names by pattern: `*` stands for any characters, `?` for any single one. Never takes
 * exponential time.
 */

/** True when the pattern matches the whole text. */
export function wildcards(pattern: string): (text: string) => boolean {
  const wanted = [...pattern];
  return (text) => matches(wanted, [...text]);
}

/** Only the last star can need more characters: earlier ones matched as early as possible. */
function matches(wanted: readonly string[], given: readonly string[]): boolean {
  let [at, from] = [0, 0];
  let star: { readonly at: number; from: number } | undefined;
  while (from < given.length) {
    if (wanted[at] === '*') star = { at: at++, from };
    else if (wanted[at] === '?' || wanted[at] === given[from]) [at, from] = [at + 1, from + 1];
    else if (star === undefined) return false;
    else [at, from] = [star.at + 1, ++star.from];
  }
  return wanted.slice(at).every((each) => each === '*');
}
