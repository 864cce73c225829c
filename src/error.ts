/** User errors, with a code, a place and a hint. Any other exception is a bug. */

/** A place in a text file. Lines and columns count from 1, columns in UTF-16 units. */
export interface Place {
  /** Path relative to the project, as the user would write it. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** How much of the line to underline; at least 1. */
  readonly length: number;
  /** The line itself. */
  readonly text: string;
}

/** One error. */
export interface Diagnostic {
  /** Stable name, listed with an example and a hint in docs/errors.md. */
  readonly code: string;
  readonly message: string;
  readonly place?: Place;
  /** The hint: what to do, such as `did you mean "outs"?`. */
  readonly hint?: string;
}

/** One or several user errors: exit code 2, nothing was changed. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[] | Diagnostic) {
    const list = Array.isArray(diagnostics)
      ? (diagnostics as readonly Diagnostic[])
      : [diagnostics as Diagnostic];
    super(list.map((each) => each.message).join('\n'));
    this.diagnostics = list;
  }

  /** The same error, shown at a place; without one, as it is. */
  at(place: Place | undefined): UserError {
    if (place === undefined) return this;
    return new UserError(this.diagnostics.map((each) => ({ ...each, place })));
  }
}

/** An error without a place. */
export function userError(code: string, message: string, hint?: string): UserError {
  return new UserError(hint === undefined ? { code, message } : { code, message, hint });
}

/** What an item did wrong: its message is the item's name and then this text. */
export interface ItemMistake extends Omit<Diagnostic, 'message'> {
  readonly item: string;
  readonly text: string;
}

/** One diagnostic for all items with the same mistake at the same place: a matrix may have hundreds. */
export function diagnosticsOf(mistakes: readonly ItemMistake[]): Diagnostic[] {
  const alike = new Map<string, ItemMistake[]>();
  for (const each of mistakes) {
    const { item: _, ...shared } = each;
    const key = JSON.stringify(shared);
    const group = alike.get(key) ?? [];
    group.push(each);
    alike.set(key, group);
  }
  return [...alike.values()].map((group) => {
    const [{ item, text, ...shared }] = group as [ItemMistake, ...ItemMistake[]];
    const others = group.length - 1;
    const more =
      others === 0 ? '' : `; the same is true of ${others} more item${others === 1 ? '' : 's'}`;
    return { ...shared, message: `${item}${text}${more}` };
  });
}

/**
 * A diagnostic as lines of text:
 *
 *     pipeline.yaml:7:5: error: unknown key "out" (unknown-key)
 *         out: { a: b }
 *         ~~~
 *       did you mean "outs"?
 */
export function renderDiagnostic(diagnostic: Diagnostic): string {
  const { place, code, message, hint } = diagnostic;
  const where = place ? `${place.file}:${place.line}:${place.column}: ` : '';
  const lines = [`${where}error: ${message} (${code})`];
  if (place && place.text.trim() !== '') {
    const seen = excerpt(place);
    lines.push(`    ${seen.text}`, `    ${underline(seen)}`);
  }
  if (hint !== undefined) lines.push(`  ${hint}`);
  return lines.join('\n');
}

/** Only the part of a longer line around the place is shown. */
const LONGEST_LINE = 200;
const BEFORE = 60;

function excerpt(place: Place): Place {
  const { text, column } = place;
  if (text.length <= LONGEST_LINE) return place;
  const start = Math.max(0, Math.min(column - 1 - BEFORE, text.length - LONGEST_LINE));
  const end = start + LONGEST_LINE;
  const [before, behind] = [start === 0 ? '' : '…', end < text.length ? '…' : ''];
  // Do not split a surrogate pair.
  const shown = text.slice(start, end).replace(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/g, '?');
  const at = column - start;
  return {
    ...place,
    text: before + shown + behind,
    column: at + before.length,
    length: Math.min(place.length, shown.length - at + 1),
  };
}

/** Keeps tabs, so that the marks are aligned at any tab width. */
function underline({ text, column, length }: Place): string {
  const before = text.slice(0, column - 1).replace(/[^\t]/g, ' ');
  const room = Math.max(1, Math.min(length, text.length - column + 1));
  return before + '~'.repeat(room);
}

/** How many names a warning lists. */
const NAMED = 10;

/** The first of many names: a warning is one line. */
export function listed(names: readonly string[]): string {
  const more = names.length - NAMED;
  const first = names.slice(0, NAMED).join(', ');
  return more > 0 ? `${first} and ${more} more` : first;
}
