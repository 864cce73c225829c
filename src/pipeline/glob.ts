/**
 * Path patterns: `*` and `?` within a name, `[ab]`, `{a,b}`, `**` for any folders between. A
 * backslash escapes the next character. `*`, `?` and `**` skip names that begin with a dot.
 * Matching takes polynomial time: it follows all alternatives of a pattern in parallel, and does
 * not multiply out choices within a name. Pure: does not read the disk.
 */
import { choicesIn, expandBraces, firstBraces } from './braces.js';

export interface Glob {
  /** One for each choice of the braces that contain a `/`. */
  readonly alternatives: readonly Steps[];
  /** Contains `**`: then it matches only files and outs, no other folders. */
  readonly deep: boolean;
}

export type Steps = readonly Step[];

export type Step =
  | { readonly kind: 'name'; readonly name: string }
  /** `fixed`: a few full names, without wild cards. */
  | {
      readonly kind: 'some';
      readonly parts: readonly Part[];
      readonly prefix: string;
      readonly fixed: boolean;
    }
  | { readonly kind: 'deep' };

/** An element of a name. */
type Part =
  | { readonly kind: 'text'; readonly text: string; readonly characters: readonly string[] }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | { readonly kind: 'class'; readonly regex: RegExp }
  | { readonly kind: 'choice'; readonly choices: readonly (readonly Part[])[] };

/** Characters that make a path a pattern. */
export function isGlob(path: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[{]/.test(path);
}

/** Escapes a text, so that it matches itself within a pattern. */
export function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]{},]/g, '\\$&');
}

/** The path for a pattern without wild cards. */
export function unescapeGlob(path: string): string {
  return path.replace(/\\(.)/gs, '$1');
}

/** The folders of a pattern before its first wild card. */
export function fixedFolder(pattern: string): string {
  const names = pattern.split('/');
  const fixed = names.slice(0, names.findIndex(isGlob));
  return unescapeGlob(fixed.join('/'));
}

export function parseGlob(pattern: string): Glob {
  const alternatives: Steps[] = [];
  for (const each of expandBraces(pattern))
    alternatives.push(each.split('/').filter(Boolean).map(parseStep));
  const deep = alternatives.some((steps) => steps.some(({ kind }) => kind === 'deep'));
  return { alternatives, deep };
}

function parseStep(name: string): Step {
  if (name === '**') return { kind: 'deep' };
  const parts = parseParts(name);
  const [first, ...others] = parts;
  if (others.length === 0 && (first === undefined || first.kind === 'text'))
    return { kind: 'name', name: first?.text ?? '' };
  const prefix = first?.kind === 'text' ? first.text : '';
  return { kind: 'some', parts, prefix, fixed: isFixed(parts) };
}

function isFixed(parts: readonly Part[]): boolean {
  return parts.every(
    (part) => part.kind === 'text' || (part.kind === 'choice' && part.choices.every(isFixed)),
  );
}

function parseParts(name: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (let braces = firstBraces(name, 0); braces; braces = firstBraces(name, at)) {
    addPlain(name.slice(at, braces[0]), parts);
    parts.push({ kind: 'choice', choices: choicesIn(name, braces).map(parseParts) });
    at = braces[2] + 1;
  }
  addPlain(name.slice(at), parts);
  return parts;
}

/** Without braces. */
function addPlain(name: string, parts: Part[]): void {
  let text = '';
  const flush = () => {
    if (text !== '') parts.push({ kind: 'text', text, characters: [...text] });
    text = '';
  };
  for (const [token] of name.matchAll(/\\.|\[[!^]?\]?[^\]]*\]|[\s\S]/gu)) {
    const part = wildPart(token);
    if (part === undefined) text += token.startsWith('\\') ? token.slice(1) || '\\' : token;
    else {
      flush();
      parts.push(part);
    }
  }
  flush();
}

function wildPart(token: string): Part | undefined {
  if (token === '*') return { kind: 'star' };
  if (token === '?') return { kind: 'any' };
  if (token.startsWith('[') && token.length > 2) return { kind: 'class', regex: classRegex(token) };
  return undefined;
}

function classRegex(token: string): RegExp {
  const negated = /^\[[!^]/.test(token);
  const inner = token.slice(negated ? 2 : 1, -1).replace(/[\\\][^]/g, '\\$&');
  try {
    return new RegExp(`^[${negated ? '^' : ''}${inner}]$`, 'su');
  } catch (error) {
    // A reversed range, as in [z-a], matches nothing.
    if (error instanceof SyntaxError) return /(?!)/;
    throw error;
  }
}

/** Matches the whole path. */
export function matchGlob({ alternatives }: Glob, path: string): boolean {
  const names = path.split('/');
  return alternatives.some((steps) => reached(steps, names).has(steps.length));
}

/** True if a path within this folder may match, to limit walks. */
export function mayHold({ alternatives }: Glob, folder: string): boolean {
  const names = folder === '' ? [] : folder.split('/');
  return alternatives.some((steps) => {
    for (const step of reached(steps, names)) if (step < steps.length) return true;
    return false;
  });
}

/** The possible next steps after these names. */
function reached(steps: Steps, names: readonly string[]): ReadonlySet<number> {
  let at = new Set<number>();
  enter(steps, 0, at);
  for (const name of names) {
    if (at.size === 0) return at;
    const next = new Set<number>();
    for (const index of at) {
      const step = steps[index];
      if (step !== undefined && stepMatches(step, name))
        enter(steps, step.kind === 'deep' ? index : index + 1, next);
    }
    at = next;
  }
  return at;
}

/** `**` may match nothing. */
function enter(steps: Steps, index: number, into: Set<number>): void {
  for (let at = index; !into.has(at); at++) {
    into.add(at);
    if (steps[at]?.kind !== 'deep') return;
  }
}

export function stepMatches(step: Step, name: string): boolean {
  switch (step.kind) {
    case 'name':
      return step.name === name;
    case 'some':
      return name.startsWith(step.prefix) && isMade(step.parts, [...name]);
    case 'deep':
      return !name.startsWith('.');
    default:
      return step satisfies never;
  }
}

function isMade(parts: readonly Part[], name: readonly string[]): boolean {
  const ends = endsOf(parts, new Set([0]), name);
  return ends.has(name.length);
}

/** The offsets in the name where these parts may end, from the given starts. */
function endsOf(
  parts: readonly Part[],
  starts: ReadonlySet<number>,
  name: readonly string[],
): ReadonlySet<number> {
  let at = starts;
  for (const part of parts) {
    if (at.size === 0) return at;
    at = endsOfPart(part, at, name);
  }
  return at;
}

function endsOfPart(
  part: Part,
  starts: ReadonlySet<number>,
  name: readonly string[],
): ReadonlySet<number> {
  switch (part.kind) {
    case 'choice':
      return new Set(part.choices.flatMap((parts) => [...endsOf(parts, starts, name)]));
    case 'star': {
      const first = Math.min(...[...starts].filter((start) => !isHidden(start, name)));
      const ends = new Set<number>();
      for (let end = first; end <= name.length; end++) ends.add(end);
      return ends;
    }
    default: {
      const ends = new Set<number>();
      for (const start of starts) {
        const length = lengthOf(part, start, name);
        if (length !== undefined) ends.add(start + length);
      }
      return ends;
    }
  }
}

/** Number of characters matched there; undefined without a match. */
function lengthOf(
  part: Exclude<Part, { readonly kind: 'choice' | 'star' }>,
  start: number,
  name: readonly string[],
): number | undefined {
  if (part.kind === 'text') {
    const { characters } = part;
    const stands = characters.every((character, i) => name[start + i] === character);
    return stands ? characters.length : undefined;
  }
  const character = name[start];
  if (character === undefined) return undefined;
  const matches = part.kind === 'any' ? !isHidden(start, name) : part.regex.test(character);
  return matches ? 1 : undefined;
}

/** No wild card matches a dot at the start of a name. */
function isHidden(start: number, name: readonly string[]): boolean {
  return start === 0 && name[0] === '.';
}
