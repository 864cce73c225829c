/**
 * Patterns of paths: `*` and `?` within a name, `[ab]`, `{a,b}`, `**` for any folders between.
 * A backslash takes the meaning from the next character. `*`, `?` and `**` pass over names that
 * begin with a dot. Pure: knows nothing of the disk.
 */

export interface Glob {
  readonly pattern: string;
  /** One for each choice of the braces. */
  readonly alternatives: readonly Steps[];
  /** Holds `**`: then folders do not match, only files (and outs, whatever they are). */
  readonly deep: boolean;
}

export type Steps = readonly Step[];

export type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'some'; readonly regex: RegExp; readonly prefix: string }
  | { readonly kind: 'deep' };

/** Characters that make a path a pattern. */
export function isGlob(path: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[{]/.test(path);
}

/** A text that matches itself, as part of a pattern. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]{},]/g, '\\$&');
}

/** What a path without wild cards stands for. */
export function unescapeGlob(path: string): string {
  return path.replace(/\\(.)/gs, '$1');
}

export function parseGlob(pattern: string): Glob {
  const alternatives = expandBraces(pattern).map((each) =>
    splitNames(each).map((name) => parseStep(name)),
  );
  const deep = alternatives.some((steps) => steps.some(({ kind }) => kind === 'deep'));
  return { pattern, alternatives, deep };
}

const MOST_ALTERNATIVES = 1000;

function expandBraces(pattern: string): readonly string[] {
  const span = firstBraces(pattern);
  if (!span) return [pattern];
  const [start, commas, end] = span;
  const bounds = [start, ...commas, end];
  const choices = bounds.slice(1).map((to, i) => pattern.slice(bounds[i]! + 1, to));
  const rest = expandBraces(pattern.slice(end + 1));
  const all = choices.flatMap((choice) =>
    expandBraces(choice).flatMap((middle) =>
      rest.map((tail) => pattern.slice(0, start) + middle + tail),
    ),
  );
  return all.slice(0, MOST_ALTERNATIVES);
}

/** Where the first `{…,…}` opens, its commas are, and it closes. */
function firstBraces(pattern: string): readonly [number, readonly number[], number] | undefined {
  const open: { at: number; commas: number[] }[] = [];
  let found: readonly [number, readonly number[], number] | undefined;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at += 1;
    else if (character === '{') open.push({ at, commas: [] });
    else if (character === ',') open.at(-1)?.commas.push(at);
    else if (character === '}') {
      const last = open.pop();
      if (last && last.commas.length > 0) found = [last.at, last.commas, at];
      if (open.length === 0 && found) return found;
    }
  }
  return found;
}

function splitNames(pattern: string): readonly string[] {
  return pattern.split('/').filter((name) => name !== '');
}

function parseStep(name: string): Step {
  if (name === '**') return { kind: 'deep' };
  const wild = /(?:^|[^\\])(?:\\\\)*[*?[]/.test(name);
  if (!wild) return { kind: 'name', name: unescapeGlob(name) };
  const prefix = /^(?:\\.|[^\\*?[])*/s.exec(name)![0];
  return { kind: 'some', regex: nameRegex(name), prefix: unescapeGlob(prefix) };
}

function nameRegex(name: string): RegExp {
  let source = '';
  for (const [token] of name.matchAll(/\\.|\[[!^]?\]?[^\]]*\]|[\s\S]/gu))
    source += tokenRegex(token);
  const hidden = /^[*?]/.test(name) ? '(?!\\.)' : '';
  return new RegExp(`^${hidden}${source}$`, 'su');
}

function tokenRegex(token: string): string {
  if (token === '*') return '.*';
  if (token === '?') return '.';
  if (token.startsWith('[') && token.length > 2) return classRegex(token);
  const plain = token.startsWith('\\') ? token.slice(1) || '\\' : token;
  return plain.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function classRegex(token: string): string {
  const negated = /^\[[!^]/.test(token);
  const inner = token.slice(negated ? 2 : 1, -1).replace(/[\\\][^]/g, '\\$&');
  const source = `[${negated ? '^' : ''}${inner}]`;
  try {
    new RegExp(source, 'u');
    return source;
  } catch (error) {
    // A range from behind, as in [z-a]: nothing lies in it.
    if (error instanceof SyntaxError) return '(?!)';
    throw error;
  }
}

/** Does the whole path match? */
export function matchGlob({ alternatives }: Glob, path: string): boolean {
  const names = path.split('/');
  return alternatives.some((steps) => matches(steps, 0, names, 0, false));
}

/** Could anything within this folder match? For walking no more of the disk than needed. */
export function mayHold({ alternatives }: Glob, folder: string): boolean {
  const names = folder === '' ? [] : folder.split('/');
  return alternatives.some((steps) => matches(steps, 0, names, 0, true));
}

/** With `partly`, the names may end before the steps do. */
function matches(
  steps: Steps,
  step: number,
  names: readonly string[],
  name: number,
  partly: boolean,
): boolean {
  const current = steps[step];
  if (name === names.length && partly) return current !== undefined;
  if (!current) return name === names.length;
  if (current.kind === 'deep') {
    if (matches(steps, step + 1, names, name, partly)) return true;
    const next = names[name];
    return (
      next !== undefined && !next.startsWith('.') && matches(steps, step, names, name + 1, partly)
    );
  }
  const next = names[name];
  return (
    next !== undefined &&
    stepMatches(current, next) &&
    matches(steps, step + 1, names, name + 1, partly)
  );
}

export function stepMatches(step: Step, name: string): boolean {
  switch (step.kind) {
    case 'name':
      return step.name === name;
    case 'some':
      return step.regex.test(name);
    case 'deep':
      return !name.startsWith('.');
    default:
      return step satisfies never;
  }
}
