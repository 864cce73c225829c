/** The parts of a filled command: their text for the key, and the text to execute. */
import type { Action, CommandPart, FilesPart, ResourcePart } from '../plan.js';
import { quotePlain } from './shell-quote.js';

export function shellOf(parts: readonly CommandPart[]): Action {
  const command = textOf(parts);
  if (parts.every((part) => typeof part === 'string')) return { kind: 'shell', command };
  return { kind: 'shell', command, parts: joinTexts(parts) };
}

/** A path as a command names it: a program would read a leading `-` as an option. */
export function pathInCommand(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

/** The text for the key. */
export function textOf(parts: readonly CommandPart[]): string {
  return parts.map(textOfPart).join('');
}

export function textOfPart(part: CommandPart): string {
  if (typeof part === 'string') return part;
  return 'written' in part ? part.written : part.pattern;
}

/** The text to execute, before files are filled in. */
export function filledText(parts: readonly CommandPart[]): string {
  return parts.map((part) => (isResourcePart(part) ? part.filled : textOfPart(part))).join('');
}

function isResourcePart(part: CommandPart): part is ResourcePart {
  return typeof part !== 'string' && 'written' in part;
}

function joinTexts(parts: readonly CommandPart[]): readonly CommandPart[] {
  const joined: CommandPart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string')
      joined[joined.length - 1] = last + part;
    else joined.push(part);
  }
  return joined;
}

/**
 * The command to execute, with the matches of its patterns (`filesOf`). Returns an action without
 * patterns and resources unchanged. The key uses the action with its patterns: the dep's digest
 * covers the matches.
 */
export function expandAction(
  action: Action,
  filesOf: (part: FilesPart) => readonly string[],
): Action {
  if (action.kind === 'module' || action.parts === undefined) return action;
  if (action.kind === 'argv') {
    return {
      kind: 'argv',
      argv: action.parts.flatMap((part) => {
        if (typeof part === 'string') return part;
        return isResourcePart(part) ? part.filled : filesOf(part).map(pathInCommand);
      }),
    };
  }
  const texts = action.parts.map((part) => {
    if (typeof part === 'string') return part;
    return isResourcePart(part)
      ? part.filled
      : filesOf(part)
          .map((file) => quotePlain(pathInCommand(file)))
          .join(' ');
  });
  const { parts: _parts, ...rest } = action;
  return { ...rest, command: texts.join('') };
}
