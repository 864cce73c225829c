/**
 * Whether a command is worth a parser: true for every command that may start code of the project, false
 * for most others. It looks words up, because V8 takes longer to compile an expression that matches all
 * these names than a run takes in which nothing changed.
 */
import { getOrMake } from '../lists.js';
import { EXTENSIONS } from './loaders.js';
import { STARTER_NAMES, TEXT_STARTERS } from './started-program.js';
import { TASK_RUNNER_NAMES } from './task-runners.js';

/** Programs, options and the `.` of the shell, as whole words. */
const NAMES: ReadonlySet<string> = new Set([
  ...TASK_RUNNER_NAMES,
  ...STARTER_NAMES,
  ...TEXT_STARTERS,
  '--module',
  '.',
]);
/** Words may go on: `python3.12`, `-mpkg.main`. By their first character. */
const BEGINNINGS: ReadonlyMap<string, readonly string[]> = byFirstCharacter(
  'python ipython pypy pytest node tsx ts-node bun deno Rscript julia perl ruby lua php source -m',
);
const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish']);
/** Words of the shell after which a command begins. */
const OPENERS: ReadonlySet<string> = new Set(
  'if then else elif do while until time exec command'.split(' '),
);

/** Of the characters of ASCII, what they are for `mayStartCode`. */
const OTHER = 0;
const WORD = 1;
const SPACE = 2;
/** A command begins after it. */
const SEPARATOR = 3;
const REDIRECTION = 4;
/** In the first word of a command, it makes the word a path, a quote or an assignment. */
const MARK = 5;
const KINDS = kindsOf([
  [WORD, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-'],
  [SPACE, ' \t\r\f\v'],
  [SEPARATOR, '\n;&|(){}!`'],
  [REDIRECTION, '<>'],
  [MARK, '/="\'\\'],
]);

/** @param command a text for the shell */
export function mayStartCode(command: string): boolean {
  // True in the first word of a command, and true at the first character of a word.
  let begins = true;
  let isFirst = true;
  let word = '';
  for (let at = 0; at < command.length; at++) {
    const kind = kindAt(command, at);
    if (kind === WORD) {
      const start = at;
      while (kindAt(command, at + 1) === WORD) at += 1;
      word = command.slice(start, at + 1);
      if (isKnown(word) || (begins && isFirst && /^\d/.test(word))) return true;
      isFirst = false;
    } else if (kind === SEPARATOR) {
      begins = true;
      isFirst = true;
    } else if (kind === SPACE) {
      begins = (begins && isFirst) || OPENERS.has(lastPart(word));
      isFirst = true;
    } else {
      if (begins && (kind === MARK || (kind === REDIRECTION && isFirst))) return true;
      if (kind === REDIRECTION) begins = false;
      isFirst = false;
      word = '';
    }
  }
  return false;
}

function kindAt(text: string, at: number): number {
  return KINDS[text.charCodeAt(at)] ?? OTHER;
}

function kindsOf(classes: readonly (readonly [kind: number, characters: string])[]): Uint8Array {
  const kinds = new Uint8Array(128);
  for (const [kind, characters] of classes)
    for (let at = 0; at < characters.length; at++) kinds[characters.charCodeAt(at)] = kind;
  return kinds;
}

function isKnown(word: string): boolean {
  if (NAMES.has(word)) return true;
  if (BEGINNINGS.get(word[0] as string)?.some((each) => word.startsWith(each))) return true;
  if (!word.includes('.') && !word.includes('-')) return SHELLS.has(word);
  const [name, ...rest] = word.split('.') as [string, ...string[]];
  if (SHELLS.has(beforeDash(name))) return true;
  return rest.map(beforeDash).some((end) => end === 'ipynb' || EXTENSIONS.has(end.toLowerCase()));
}

function beforeDash(part: string): string {
  const dash = part.indexOf('-');
  return dash < 0 ? part : part.slice(0, dash);
}

/** `time` of `foo-time`. */
function lastPart(word: string): string {
  return word.slice(Math.max(word.lastIndexOf('-'), word.lastIndexOf('.')) + 1);
}

function byFirstCharacter(names: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const name of names.split(' ')) getOrMake(found, name[0] as string, () => []).push(name);
  return found;
}
