/** Quotes a value at its position in a shell command, so that the shell reads it unchanged. */
import { contextOf, type ShellState } from '../shell-lexer.js';

/** True if a value is an unquoted word or a part of one. */
export function isUnquoted(state: ShellState): boolean {
  return !state.escaped && ['plain', 'group', 'inner'].includes(contextOf(state));
}

type Quoted = { readonly text: string } | { readonly refused: string };

/** The text around a value, as far as known. */
interface Around {
  readonly before: string;
  readonly next: string;
}

export function quote(value: string, state: ShellState, { before, next }: Around): Quoted {
  // `$((` also begins a group, whose output may be a program.
  const context = state.stack.includes('arithmetic') ? 'arithmetic' : contextOf(state);
  if (state.escaped) return { refused: 'after a backslash' };
  if (context === 'heredoc') return { refused: 'in a here-document' };
  const isSafe = isHarmless(value);
  if (state.unsure !== undefined && !isSafe) return { refused: state.unsure };
  // A `$name` before the value would absorb its first letters.
  const joins = /\$[A-Za-z_]\w*$/.test(before) && /^\w/.test(value);
  switch (context) {
    case 'plain':
    case 'group':
    case 'inner':
      if (!isSafe && isComputed(before, next)) return { refused: 'where bash computes a number' };
      return { text: joins ? inQuotes(value) : quotePlain(value, next) };
    case 'parameter':
      return { text: quotePlain(value, next) };
    case 'double':
      return { text: `${joins ? '""' : ''}${value.replace(/["$`\\]/g, '\\$&')}` };
    case 'quoted':
      return /["'$`\\}]/.test(value) ? { refused: 'within "${…}"' } : { text: value };
    case 'single':
      return { text: value.replaceAll("'", "'\\''") };
    case 'comment':
      return { text: value.replace(/[\r\n]+/g, ' ') };
    case 'backtick':
      return isSafe ? { text: value } : { refused: 'within backticks' };
    case 'arithmetic':
      return isSafe ? { text: value } : { refused: 'in arithmetic' };
    default:
      return context satisfies never;
  }
}

const COMPARES = '-(?:eq|ne|lt|le|gt|ge)';
const COMPUTED_BEFORE = new RegExp(String.raw`\[\[[^\n]*\s${COMPARES}\s+$|\w\[[^\]\s]*$`);
const COMPUTED_NEXT = new RegExp(String.raw`^\s+${COMPARES}\s`);

/** In `[[ … -eq … ]]` and as an index, bash evaluates a value as an expression, which may contain commands. */
function isComputed(before: string, next: string): boolean {
  return COMPUTED_BEFORE.test(before) || (before.includes('[[') && COMPUTED_NEXT.test(next));
}

const SAFE = /^[A-Za-z0-9_\-./:@%+,]+$/;
const RESERVED = new Set('if then else elif fi do done case esac while until for in'.split(' '));

/** True for a value that stays the same no matter how often it is parsed as code. */
export function isHarmless(value: string): boolean {
  return value === '' || SAFE.test(value);
}

/** Harmless characters as they are, others in single quotes. */
export function quotePlain(value: string, next = ''): string {
  // `2` before `>` would name a file descriptor.
  const descriptor = /^\d+$/.test(value) && /^[<>]/.test(next);
  if (SAFE.test(value) && !descriptor && !RESERVED.has(value)) return value;
  return inQuotes(value);
}

function inQuotes(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
