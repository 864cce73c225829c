/** Brings one file by http(s): gone on with after an interruption, asked for again after a failure. */
import { statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { firstLine, mistake } from '../mistake.js';
import { BACKOFF, type Backoff, delayAfter, type Wait, waitFor } from './backoff.js';
import { type Note, PartialFile } from './partial.js';
import { type Meaning, readGoogleMd5, readResponse, readValidator } from './response.js';

export interface TransferOptions {
  readonly signal: AbortSignal;
  /** Called with the bytes so far, and all where the server says how many. */
  readonly progress: (done: number, total: number | undefined) => void;
  /** Called with a line for the user before each further attempt. */
  readonly notify: (text: string) => void;
  /** The value of `Authorization`, asked for when the server wants credentials, and not before. */
  readonly authorization?: () => string | undefined;
  /** Said to the user when the server does not let us in. */
  readonly loginCure?: string;
  readonly backoff?: Backoff;
  /** Silence of this length on an open connection counts as a failure. */
  readonly silenceMs?: number;
  readonly wait?: Wait;
}

/** All bytes are in `part`, not yet checked. */
export interface Transferred {
  readonly part: PartialFile;
  /** As told by `X-Goog-Hash`. */
  readonly md5: string | undefined;
}

type Outcome =
  | { readonly kind: 'done'; readonly md5: string | undefined }
  | Exclude<Meaning, { kind: 'body' | 'complete' }>;

/**
 * Fetches `url` into the partial file of `file`.
 *
 * An attempt that brings bytes sets the count of failures back: a line that breaks every minute still
 * gets a large file. Only bytes of one version of the file are ever joined: that is asked for with
 * `If-Range`, and what has no version is fetched anew.
 *
 * @throws a mistake when the server refuses, or nothing comes in so many attempts
 */
export async function transfer(
  url: string,
  file: string,
  options: TransferOptions,
): Promise<Transferred> {
  const { signal, backoff = BACKOFF, wait = waitFor } = options;
  const part = new PartialFile(file);
  let authorization: string | undefined;
  let failures = 0;
  for (;;) {
    const before = part.size;
    const outcome = await attempt(url, part, authorization, options);
    signal.throwIfAborted();
    if (outcome.kind === 'done') return { part, md5: outcome.md5 };
    if (outcome.kind === 'refused') throw mistake(`${url}: ${outcome.reason}`);
    if (outcome.kind === 'login') {
      const tried = authorization !== undefined;
      authorization = tried ? undefined : options.authorization?.();
      if (authorization === undefined) {
        throw mistake(`${url}: ${outcome.reason}, access is denied`, options.loginCure);
      }
      continue;
    }
    if (outcome.kind === 'restart') part.restart();
    failures = part.size > before ? 1 : failures + 1;
    if (failures >= backoff.attempts) {
      throw mistake(
        `${url}: given up after ${failures} attempts: ${outcome.reason}`,
        part.size > 0 ? `${part.size} bytes are kept; the next run goes on from there.` : undefined,
      );
    }
    const asked = outcome.kind === 'later' ? outcome.waitMs : undefined;
    const delay = delayAfter(failures, asked, backoff, Math.random());
    options.notify(`${url}: ${outcome.reason}; asking again in ${Math.ceil(delay / 1000)} s`);
    await wait(delay, signal);
  }
}

async function attempt(
  url: string,
  part: PartialFile,
  authorization: string | undefined,
  options: TransferOptions,
): Promise<Outcome> {
  const { offset, note } = part.resume(url);
  if (offset > 0 && offset === note?.total) return { kind: 'done', md5: note.md5 };
  const silence = new SilenceTimer(options.silenceMs ?? 60_000);
  try {
    const response = await fetch(url, {
      headers: requestHeaders(offset, note, authorization),
      signal: AbortSignal.any([options.signal, silence.signal]),
    });
    const asked = { offset, validator: note?.validator, total: note?.total };
    const meaning = readResponse(response.status, response.headers, asked);
    if (meaning.kind === 'complete') {
      await response.body?.cancel();
      return { kind: 'done', md5: note?.md5 };
    }
    if (meaning.kind !== 'body') {
      await response.body?.cancel();
      return meaning;
    }
    return await receive(url, response, meaning, part, silence, options);
  } catch (error) {
    options.signal.throwIfAborted();
    if (silence.signal.aborted) return later('the server fell silent');
    return readFailure(error, part.path);
  } finally {
    silence.stop();
  }
}

function requestHeaders(
  offset: number,
  note: Note | undefined,
  authorization: string | undefined,
): Record<string, string> {
  return {
    // Bytes as they are: a compressed answer has another length, and no ranges.
    'Accept-Encoding': 'identity',
    ...(authorization !== undefined && { Authorization: authorization }),
    ...(offset > 0 && { Range: `bytes=${offset}-` }),
    ...(offset > 0 && note?.validator !== undefined && { 'If-Range': note.validator }),
  };
}

async function receive(
  url: string,
  response: Response,
  { from, total }: Extract<Meaning, { kind: 'body' }>,
  part: PartialFile,
  silence: SilenceTimer,
  { progress }: TransferOptions,
): Promise<Outcome> {
  checkSpace(part.path, total === undefined ? 0 : total - from);
  const md5 = readGoogleMd5(response.headers);
  const validator = readValidator(response.headers);
  const handle = part.open({ url, validator, total, md5 }, from === 0);
  let size = from;
  try {
    for await (const bytes of response.body ?? []) {
      silence.restart();
      for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done);
      size += bytes.length;
      progress(size, total);
    }
  } finally {
    part.close(handle);
  }
  if (total === undefined || size === total) return { kind: 'done', md5 };
  if (size < total) {
    return later(`the answer ended at ${size} of ${total} bytes`);
  }
  return { kind: 'restart', reason: `${size} bytes came, ${total} were announced` };
}

function checkSpace(path: string, needed: number): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (needed > bavail * bsize) throw noSpace(path);
}

/** Aborts when it is not restarted in time. */
class SilenceTimer {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(ms: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

function later(reason: string): Outcome {
  return { kind: 'later', reason, waitMs: undefined };
}

/** What no further attempt can cure: certificates that are not trusted, and redirects in a circle. */
const HOPELESS = /^(CERT_|ERR_TLS_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)|^redirect count exceeded$/;

/** Failures of the network come from fetch as a TypeError with a cause; the rest is not the network's. */
function readFailure(error: unknown, path: string): Outcome {
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw noSpace(path);
  if (!(error instanceof TypeError && /^(fetch failed|terminated)$/.test(error.message)))
    throw error;
  const cause = error.cause instanceof Error ? error.cause : error;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const reason = firstLine(cause) || code;
  if (HOPELESS.test(code) || HOPELESS.test(reason)) return { kind: 'refused', reason };
  return later(reason);
}

function noSpace(path: string): Error {
  const cure = 'Free some space; what has been downloaded is kept.';
  return mistake(`${dirname(path)}: there is not enough space for the download`, cure);
}
