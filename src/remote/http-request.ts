/** Requests over keep-alive connections, with time limits that suit a run. */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type Route, refused } from './route.js';
import { type Body, type Counter, interrupted, StoreError, sizeOf, streamOf } from './store.js';

/**
 * Time limits in milliseconds: to connect, for the next byte of an answer, and without progress of
 * an upload. A request that moves only a trickle in two successive windows fails.
 */
export const LIMITS = { connect: 3000, answer: 5000, upload: 30_000, window: 10_000 };
export type Limits = typeof LIMITS;

/** Least bytes in a window: a server that sends less would keep a run waiting for hours. */
const TRICKLE = 1024;

/**
 * Pause before each attempt at a request; attempts continue after a server error or a broken
 * connection.
 */
const PAUSES = [0, 250, 1000];

/** The longest pause that a server may request, in milliseconds. */
const LONGEST_PAUSE = 5000;

/** Codes of a certificate whose issuer is unknown. */
const UNKNOWN_ISSUER = /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY_LEAF|GET_ISSUER)/;

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body;
}

export class Requests {
  readonly #route: Route;
  readonly #signal: AbortSignal;
  readonly #count: Counter;
  readonly #limits: Limits;
  /** Requests whose answer has not been read completely. */
  readonly #open = new Set<ClientRequest>();

  /** `signal` ends every request. */
  constructor(route: Route, signal: AbortSignal, count: Counter, limits: Limits) {
    this.#route = route;
    this.#signal = signal;
    this.#count = count;
    this.#limits = limits;
    // One listener for all requests: a listener each would take a fifth of the time of a small
    // request.
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * The answer with any status that another attempt would not change. The caller reads or discards
   * its body.
   *
   * @throws StoreError when no attempt got one
   */
  async send(request: Request): Promise<IncomingMessage> {
    let failure = '';
    let asked = 0;
    for (const pause of PAUSES) {
      // A random pause, so that not all clients that a server rejected come back at the same time.
      if (pause > 0) await this.#pause(Math.max(asked, pause * (1 + Math.random())));
      const answer = await this.#try(request).catch((error: unknown) => {
        if (this.#signal.aborted || !isPassing(error)) throw unreachable(this.#route.name, error);
        failure = wordsOf(error as NodeJS.ErrnoException);
      });
      if (answer === undefined) continue;
      const { statusCode = 0 } = answer;
      // Only a proxy returns this status.
      if (statusCode === 407) throw refused(this.#route.name, statusCode);
      if (!isPassingStatus(statusCode)) return answer;
      asked = pauseAskedBy(answer);
      answer.resume();
      failure = `status ${statusCode}`;
    }
    throw new StoreError('unreachable', `${this.#route.name}: ${failure}`);
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#route.close();
  }

  readonly #onAbort = () => {
    for (const sent of this.#open) sent.destroy(interrupted());
  };

  async #pause(milliseconds: number): Promise<void> {
    try {
      await delay(milliseconds, undefined, { signal: this.#signal });
    } catch {
      throw interrupted();
    }
  }

  async #try({ method, url, headers, body }: Request): Promise<IncomingMessage> {
    const content = body && (await streamOf(body));
    if (this.#signal.aborted) {
      content?.destroy();
      throw interrupted();
    }
    const length = body && { 'content-length': String(sizeOf(body)) };
    // Not signed, because Google's servers change it on the way.
    const more = { ...length, 'accept-encoding': 'identity' };
    return new Promise((resolve, reject) => {
      const sent = this.#route.request(url, { method, headers: { ...headers, ...more } });
      this.#open.add(sent);
      sent.once('close', () => this.#open.delete(sent));
      const { answer, upload } = this.#limits;
      limitTime(sent, content === undefined ? answer : upload, this.#limits);
      sent.once('response', resolve);
      sent.once('error', reject);
      if (content === undefined) sent.end();
      else this.#sendBody(sent, content);
    });
  }

  #sendBody(sent: ClientRequest, content: Readable): void {
    content
      .on('data', (chunk) => this.#count('out', chunk.length))
      .once('error', (error) => sent.destroy(error))
      .pipe(sent)
      .once('close', () => content.destroy());
  }
}

/** The time starts when the request has a connection, not while it waits for another request to end. */
function limitTime(sent: ClientRequest, idle: number, limits: Limits): void {
  // Once there is an answer, its reader handles errors.
  let receiver: { destroy(error: Error): unknown } = sent;
  sent.once('response', (answer) => {
    receiver = answer;
  });
  sent.once('socket', (socket) => {
    // Node runs timers before sockets, so after a long computation the answer may have arrived
    // already.
    const unless = (isThere: () => boolean, what: string) =>
      setImmediate(() => {
        if (!isThere()) receiver.destroy(Object.assign(new Error(what), { code: 'ETIMEDOUT' }));
      });
    const moved = () => socket.bytesRead + socket.bytesWritten - socket.writableLength;
    sent.setTimeout(idle).on('timeout', () => {
      const before = moved();
      unless(() => moved() > before, `no answer within ${idle / 1000} s`);
    });
    let last = { at: moved(), isSlow: false };
    const watching = setInterval(() => {
      const at = moved();
      const isSlow = at > last.at && at - last.at < TRICKLE;
      if (isSlow && last.isSlow) receiver.destroy(trickling(sent.host, limits.window));
      last = { at, isSlow };
    }, limits.window);
    sent.once('close', () => clearInterval(watching));
    if (!socket.connecting) return;
    const limit = limits.connect;
    const connecting = setTimeout(
      () => unless(() => !socket.connecting, `no connection within ${limit / 1000} s`),
      limit,
    );
    const done = () => clearTimeout(connecting);
    socket.once('connect', done).once('close', done);
  });
}

/** Not retried: another attempt would be as slow. */
function trickling(host: string, window: number): StoreError {
  const least = `${TRICKLE} bytes in ${window / 1000} s`;
  return new StoreError('unreachable', `${host}: it sends or accepts less than ${least}`);
}

/** 501 (not implemented) and 507 (the server's disk is full) are permanent. */
function isPassingStatus(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501 && status !== 507);
}

/** The pause that `Retry-After` requests, in milliseconds, with a limit. */
function pauseAskedBy({ headers }: IncomingMessage): number {
  const text = headers['retry-after'] ?? '';
  const asked = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(asked) ? 0 : Math.min(asked, LONGEST_PAUSE);
}

/** The server closed a connection while it was idle: the next attempt gets another one. */
function isPassing(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Converts a network error to a StoreError; returns other errors unchanged. */
export function unreachable(place: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const hint = UNKNOWN_ISSUER.test(code)
    ? ' (name a file with the certificate of its issuer in NODE_EXTRA_CA_CERTS)'
    : '';
  // The rest of such a message is for OpenSSL's developers.
  const reason = code === 'EPROTO' ? /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] : undefined;
  const what =
    reason === undefined
      ? wordsOf(error as NodeJS.ErrnoException)
      : `no TLS connection (${reason}): does the server expect http://?`;
  return new StoreError('unreachable', `${place}: ${what}${hint}`);
}

const NETWORK_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing accepts connections there',
  ECONNRESET: 'the connection was cut off',
  EPIPE: 'the connection was cut off',
  ENOTFOUND: 'no host has this name',
  EAI_AGAIN: 'the name of the host cannot be looked up',
  ENETUNREACH: 'there is no route to it',
  EHOSTUNREACH: 'there is no route to it',
};

/** The message of some errors names only the code, or is empty. */
function wordsOf({ code = '', message }: NodeJS.ErrnoException): string {
  const words = NETWORK_WORDS[code];
  return words === undefined ? message : `${words} (${code})`;
}
