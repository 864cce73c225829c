/** The difference between two artifacts, as data, and as a sentence. */

export type Difference =
  /** A file exists only on one side. */
  | { readonly kind: 'absent'; readonly side: 'expected' | 'actual' }
  /** Another file type, link target or executable bit. */
  | { readonly kind: 'nature'; readonly expected: string; readonly actual: string }
  | BytesDifference
  | JsonDifference
  | TensorDifference
  /** Only the digest of the expected content is known. */
  | { readonly kind: 'digest'; readonly expected: string; readonly actual: string };

export interface BytesDifference {
  readonly kind: 'bytes';
  /** Offset of the first differing byte; the shorter size if one file is a prefix of the other. */
  readonly offset: number;
  /** Undefined past the end. */
  readonly expected: number | undefined;
  readonly actual: number | undefined;
  readonly sizes: readonly [expected: number, actual: number];
  /** For texts: the line, from 1. */
  readonly line?: number;
}

export interface JsonDifference {
  readonly kind: 'json';
  /** Names and indices joined by dots; empty for the whole value. */
  readonly path: string;
  /** JSON; undefined if absent. */
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  /** Number of values that differ beyond their tolerance, including this one. */
  readonly count: number;
  /** The largest deviation of the numbers among them. */
  readonly largest?: number;
}

export interface TensorDifference {
  readonly kind: 'tensor';
  /** Empty for the one array of a .npy file. */
  readonly tensor: string;
  /** Position of the first element that differs beyond the tolerance. */
  readonly index: readonly number[];
  readonly expected: number;
  readonly actual: number;
  readonly count: number;
  readonly size: number;
  /** The largest deviation in the tensor. */
  readonly largest: number;
}

/** The difference between two artifacts, or the deviation within the tolerance. */
export type Comparison =
  | { readonly verdict: 'same' }
  | { readonly verdict: 'tolerated'; readonly largest: number }
  | {
      readonly verdict: 'differs';
      /** Path within the artifact; empty for the artifact itself. */
      readonly file: string;
      readonly difference: Difference;
      /** Number of further files that differ. */
      readonly more: number;
    };

export function differenceText(difference: Difference): string {
  switch (difference.kind) {
    case 'absent':
      return difference.side === 'actual' ? 'was not written' : 'was not there before';
    case 'nature':
      return `${difference.expected} before, ${difference.actual} now`;
    case 'bytes':
      return bytesText(difference);
    case 'json': {
      const { path, expected, actual, count, largest } = difference;
      const more = count > 1 ? `; ${count} values differ${deviation(largest)}` : '';
      return `${path === '' ? 'the value' : path}: ${expected ?? 'absent'} before, ${actual ?? 'absent'} now${more}`;
    }
    case 'tensor': {
      const { tensor, index, expected, actual, count, size, largest } = difference;
      const name = tensor === '' ? 'element' : `tensor ${tensor} at`;
      return `${name} [${index.join(', ')}]: ${expected} before, ${actual} now; ${count} of ${size} values differ${deviation(largest)}`;
    }
    case 'digest':
      return `${shortDigest(difference.expected)} expected, ${shortDigest(difference.actual)} now (the expected bytes are not in the cache, so the place is not known)`;
    default:
      return difference satisfies never;
  }
}

function bytesText({ offset, expected, actual, sizes, line }: BytesDifference): string {
  const hex = (byte: number | undefined) =>
    byte === undefined ? 'its end' : `0x${byte.toString(16).padStart(2, '0')}`;
  const where = line === undefined ? `byte ${offset}` : `byte ${offset} (line ${line})`;
  const lengths = sizes[0] === sizes[1] ? '' : `; ${sizes[0]} bytes before, ${sizes[1]} now`;
  return `${where}: ${hex(expected)} before, ${hex(actual)} now${lengths}`;
}

function deviation(largest: number | undefined): string {
  return largest === undefined ? '' : `, by at most ${Number(largest.toPrecision(3))}`;
}

/** `f:1a2b3c4d5e6f`. */
function shortDigest(digest: string): string {
  return digest.slice(0, 14);
}
