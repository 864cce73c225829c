/** What an answer to a download means: a pure reading of its status and headers. */

/** What was asked for: the bytes from `offset` on, of the version that the first ones are of. */
export interface Asked {
  readonly offset: number;
  readonly validator: string | undefined;
  readonly total: number | undefined;
}

export type Meaning =
  /** The body is the file from `from` on; `total` bytes in all where the server says so. */
  | { readonly kind: 'body'; readonly from: number; readonly total: number | undefined }
  /** There is nothing after the bytes that we have: the file is complete. */
  | { readonly kind: 'complete' }
  /** What we have does not fit what the server has: begin again at 0. */
  | { readonly kind: 'restart'; readonly reason: string }
  /** May go well later, not before `waitMs` where the server says so. */
  | { readonly kind: 'later'; readonly reason: string; readonly waitMs: number | undefined }
  /** Credentials are asked for, or those given are not enough. */
  | { readonly kind: 'login'; readonly reason: string }
  /** Asking again cannot help. */
  | { readonly kind: 'refused'; readonly reason: string };

export function readResponse(status: number, headers: Headers, asked: Asked): Meaning {
  const reason = `HTTP ${status}`;
  switch (status) {
    case 200:
      return readWhole(headers);
    case 206:
      return readPart(headers, asked);
    case 416:
      return readUnsatisfiable(headers, asked.offset);
    case 401:
    case 403:
      return { kind: 'login', reason };
    case 408:
    case 425:
    case 429:
      return { kind: 'later', reason, waitMs: retryAfter(headers) };
    default:
      if (status >= 500) return { kind: 'later', reason, waitMs: retryAfter(headers) };
      return { kind: 'refused', reason };
  }
}

/** The whole file, also where a part was asked for: the server does not resume. */
function readWhole(headers: Headers): Meaning {
  // A page in place of the file: a login, a quota or a consent form.
  if (/^text\/html\b/i.test(headers.get('content-type') ?? '')) {
    return { kind: 'refused', reason: 'the server sent a web page in place of the file' };
  }
  const encoded = headers.get('content-encoding');
  const length = encoded === null ? headers.get('content-length') : null;
  return { kind: 'body', from: 0, total: length === null ? undefined : Number(length) };
}

function readPart(headers: Headers, { offset, validator, total }: Asked): Meaning {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '');
  const from = Number(range?.[1]);
  if (range === null || from !== offset) {
    return {
      kind: 'restart',
      reason: `asked for bytes from ${offset}, got ${headers.get('content-range')}`,
    };
  }
  const size = range[2] === '*' ? undefined : Number(range[2]);
  // A server, or a cache before it, that passes over If-Range gives the rest of whatever it has.
  const version = readValidator(headers);
  if ((version ?? validator) !== validator || (size ?? total) !== (total ?? size)) {
    return { kind: 'restart', reason: 'the file has changed since its first bytes came' };
  }
  return { kind: 'body', from, total: size ?? total };
}

function readUnsatisfiable(headers: Headers, offset: number): Meaning {
  const total = /^bytes \*\/(\d+)$/.exec(headers.get('content-range') ?? '')?.[1];
  if (total !== undefined && Number(total) === offset) return { kind: 'complete' };
  return { kind: 'restart', reason: `HTTP 416: the file does not go on at byte ${offset}` };
}

/** `Retry-After` in milliseconds: it is given in seconds or as a date. */
export function retryAfter(headers: Headers, now = Date.now()): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/**
 * What identifies the version of a file, for `If-Range`: a strong ETag, or else its date. Of a body that
 * was packed on its way nothing does: its ranges are those of other bytes.
 */
export function readValidator(headers: Headers): string | undefined {
  if (headers.has('content-encoding')) return undefined;
  const etag = headers.get('etag');
  if (etag !== null && !etag.startsWith('W/')) return etag;
  return headers.get('last-modified') ?? undefined;
}

/** The MD5 in `X-Goog-Hash`, as hex. */
export function readGoogleMd5(headers: Headers): string | undefined {
  const md5 = /(?:^|[,\s])md5=([A-Za-z0-9+/]{22}==)/.exec(headers.get('x-goog-hash') ?? '')?.[1];
  return md5 === undefined ? undefined : Buffer.from(md5, 'base64').toString('hex');
}
