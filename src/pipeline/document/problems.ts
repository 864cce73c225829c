/** Collects the mistakes of a file, so that all of them can be shown at once. */
import { type Diagnostic, UserError } from '../../error.js';
import { placeOf, type Source, type Span } from './source.js';

/** The same mistake at the same spot, once for each cell of a matrix: so many are shown. */
const MOST_PER_SPOT = 3;

export interface Mistake {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface Problems {
  readonly source: Source;
  readonly count: number;
  /** Without a span for what does not stand in the file, such as `--set`. */
  add(mistake: Mistake, span?: Span): void;
  /** Throws when there is any mistake. */
  check(): void;
}

export function createProblems(source: Source): Problems {
  const found: { readonly diagnostic: Diagnostic; readonly at: number }[] = [];
  const seen = new Set<string>();
  const spots = new Map<string, number>();
  return {
    source,
    get count() {
      return found.length;
    },
    add({ code, message, hint }, span) {
      const spot = `${code} ${span ? span.start : message}`;
      const known = spots.get(spot) ?? 0;
      if (known >= MOST_PER_SPOT || seen.has(`${spot} ${message}`)) return;
      spots.set(spot, known + 1);
      seen.add(`${spot} ${message}`);
      const diagnostic: Diagnostic = {
        code,
        message,
        ...(span && { place: placeOf(source, span) }),
        ...(hint !== undefined && { hint }),
      };
      found.push({ diagnostic, at: span ? span.start : Number.POSITIVE_INFINITY });
    },
    check() {
      if (found.length === 0) return;
      const ordered = [...found].sort((a, b) => (a.at === b.at ? 0 : a.at < b.at ? -1 : 1));
      throw new UserError(ordered.map(({ diagnostic }) => diagnostic));
    },
  };
}
