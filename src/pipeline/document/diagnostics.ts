/** Collects the diagnostics of a file, to report all of them together. */
import { type Diagnostic, UserError } from '../../error.js';
import { placeOf, type Source, type Span } from './source-text.js';

/** Each cell of a matrix may repeat a diagnostic at the same place. At most this many are shown. */
const MOST_PER_SPOT = 3;

export interface Mistake {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface Diagnostics {
  readonly source: Source;
  readonly count: number;
  /** Without a span for text outside the file, such as `--set`. */
  add(mistake: Mistake, span?: Span): void;
  /** Collects diagnostics of another file into the same list. */
  within(source: Source): Diagnostics;
  /** Throws if there are diagnostics. */
  check(): void;
}

interface Found {
  readonly diagnostic: Diagnostic;
  /** The position of the file in reading order; diagnostics without a place come last. */
  readonly file: number;
  readonly at: number;
}

export function createDiagnostics(source: Source): Diagnostics {
  const found: Found[] = [];
  const seen = new Set<string>();
  const spots = new Map<string, number>();
  const files: string[] = [];
  const add = (of: Source, { code, message, hint }: Mistake, span: Span | undefined) => {
    const spot = `${code} ${span ? `${of.file} ${span.start}` : message}`;
    const known = spots.get(spot) ?? 0;
    if (known >= MOST_PER_SPOT || seen.has(`${spot} ${message}`)) return;
    spots.set(spot, known + 1);
    seen.add(`${spot} ${message}`);
    const diagnostic: Diagnostic = {
      code,
      message,
      ...(span && { place: placeOf(of, span) }),
      ...(hint !== undefined && { hint }),
    };
    const file = span ? files.indexOf(of.file) : Number.POSITIVE_INFINITY;
    found.push({ diagnostic, file, at: span?.start ?? 0 });
  };
  const check = () => {
    if (found.length === 0) return;
    const ordered = [...found].sort((a, b) => compare(a.file, b.file) || compare(a.at, b.at));
    throw new UserError(ordered.map(({ diagnostic }) => diagnostic));
  };
  const within = (of: Source): Diagnostics => {
    if (!files.includes(of.file)) files.push(of.file);
    return {
      source: of,
      get count() {
        return found.length;
      },
      add: (mistake, span) => add(of, mistake, span),
      within,
      check,
    };
  };
  return within(source);
}

/** Infinity equals itself. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
