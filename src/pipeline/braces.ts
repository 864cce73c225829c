/** Braces of a path pattern that span several names: `{a/b,c}`. Pure. */

/** Limit of paths that braces with a `/` may expand to. */
export const MOST_ALTERNATIVES = 10_000;
const DEEPEST_BRACES = 100;

/** A pattern that would take too long to match: an error, never truncated. */
export function isAbsurd(pattern: string): boolean {
  if (deepestBraces(pattern) > DEEPEST_BRACES) return true;
  let count = 0;
  for (const _ of expandBraces(pattern)) if (++count > MOST_ALTERNATIVES) return true;
  return false;
}

function deepestBraces(pattern: string): number {
  let [depth, deepest] = [0, 0];
  for (const [token] of pattern.matchAll(/\\.|[{}]/gs)) {
    if (token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === '}') depth = Math.max(0, depth - 1);
  }
  return deepest;
}

/** Expands the braces that span several names. */
export function* expandBraces(pattern: string, from = 0): Generator<string> {
  for (let braces = firstBraces(pattern, from); braces; ) {
    const [start, , end] = braces;
    if (isAcrossNames(pattern, braces)) {
      const [before, after] = [pattern.slice(0, start), pattern.slice(end + 1)];
      for (const choice of choicesIn(pattern, braces))
        yield* expandBraces(before + choice + after, start);
      return;
    }
    braces = firstBraces(pattern, end + 1);
  }
  yield pattern;
}

type Braces = readonly [start: number, commas: readonly number[], end: number];

export function choicesIn(pattern: string, [start, commas, end]: Braces): readonly string[] {
  const bounds = [start, ...commas, end];
  return bounds.slice(1).map((to, i) => pattern.slice(bounds[i]! + 1, to));
}

/** True if its choices contain a `/`, or form a `**`, a `[…]` or no name at all with the text around them. */
function isAcrossNames(pattern: string, [start, , end]: Braces): boolean {
  if (pattern.slice(start, end).includes('/')) return true;
  const next = pattern.indexOf('/', end);
  const name = pattern.slice(pattern.lastIndexOf('/', start) + 1, next < 0 ? pattern.length : next);
  return /\[[!^]?\]?[^\]]*[{},]/.test(name) || mayBeDeep(name) || mayBeEmpty(name);
}

/** True for `{,b}`: `a/{,b}/c` also matches `a/c`. */
function mayBeEmpty(name: string): boolean {
  let at = 0;
  for (let braces = firstBraces(name, 0); braces?.[0] === at; braces = firstBraces(name, at)) {
    if (!choicesIn(name, braces).some(mayBeEmpty)) return false;
    at = braces[2] + 1;
  }
  return at === name.length;
}

/** True if some choice could form the name `**`. */
function mayBeDeep(name: string): boolean {
  if (!name.includes('*')) return false;
  let at = 0;
  for (let braces = firstBraces(name, 0); braces; braces = firstBraces(name, at)) {
    if (!onlyStars(name.slice(at, braces[0]))) return false;
    if (!choicesIn(name, braces).some((choice) => /^[*{},]*$/.test(choice))) return false;
    at = braces[2] + 1;
  }
  return onlyStars(name.slice(at));
}

function onlyStars(text: string): boolean {
  return /^\**$/.test(text);
}

/** The next `{…,…}` from this offset: its start, commas and end. */
export function firstBraces(pattern: string, from: number): Braces | undefined {
  const open: { at: number; commas: number[] }[] = [];
  let found: Braces | undefined;
  for (let at = from; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at += 1;
    else if (character === '{') open.push({ at, commas: [] });
    else if (character === ',') open.at(-1)?.commas.push(at);
    else if (character === '}') {
      const last = open.pop();
      // After a brace that is never closed, the first of several pairs counts. A pair around that one replaces it.
      const isFirst = last && (found === undefined || last.at < found[0]);
      if (isFirst && last.commas.length > 0) found = [last.at, last.commas, at];
      if (open.length === 0 && found) return found;
    }
  }
  return found;
}
