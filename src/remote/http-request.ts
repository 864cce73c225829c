/** One request over kept-alive connections, with the limits of time that a run can afford. */
import { createReadStream } from 'node:fs';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Route, refused } from './route.js';
import { type Body, contentOf, type Meter, StoreError, sizeOf } from './store.js';

/**
 * Milliseconds: to connect, for the next byte of an answer, and without progress of an upload. In two
 * windows in a row, a request that moves anything must move more than a trickle.
 */
export const LIMITS = { connect: 3000, answer: 5000, upload: 30_000, window: 10_000 };
export type Limits = typeof LIMITS;

/** Bytes in a window: a server that sends less keeps a run waiting for hours. */
const TRICKLE = 1024;

/** Tries of a request that the server or the connection failed, and the pause before each. */
const PAUSES = [0, 250, 1000];

/** The longest pause that a server may ask for, in milliseconds. */
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
  readonly #meter: Meter;
  readonly #limits: Limits;
  /** Requests whose answer is not read to its end yet. */
  readonly #open = new Set<ClientRequest>();

  /** `signal` ends every request. */
  constructor(route: Route, signal: AbortSignal, meter: Meter, limits: Limits) {
    this.#route = route;
    this.#signal = signal;
    this.#meter = meter;
    this.#limits = limits;
    // One listener for all: a listener for each request would cost a fifth of the time of a small one.
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /**
   * The answer with any status, unless another try may change it. The caller reads or discards
   * its body.
   *
   * @throws StoreError when no try brought one
   */
  async send(request: Request): Promise<IncomingMessage> {
    let failure = '';
    let asked = 0;
    for (const pause of PAUSES) {
      // Not all of those that a server turned away come back at once.
      if (pause > 0) await this.#pause(Math.max(asked, pause * (1 + Math.random())));
      const answer = await this.#try(request).catch((error: unknown) => {
        if (this.#signal.aborted || !isPassing(error)) throw unreachable(this.#route.name, error);
        failure = (error as Error).message;
      });
      if (answer === undefined) continue;
      const { statusCode = 0 } = answer;
      // Only a proxy has this status.
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

  #try({ method, url, headers, body }: Request): Promise<IncomingMessage> {
    if (this.#signal.aborted) return Promise.reject(interrupted());
    const length = body && { 'content-length': String(sizeOf(body)) };
    // Not signed: Google's servers change it on its way.
    const more = { ...length, 'accept-encoding': 'identity' };
    return new Promise((resolve, reject) => {
      const sent = this.#route.request(url, { method, headers: { ...headers, ...more } });
      this.#open.add(sent);
      sent.once('close', () => this.#open.delete(sent));
      const { answer, upload } = this.#limits;
      limitTime(sent, body === undefined ? answer : upload, this.#limits);
      sent.once('response', resolve);
      sent.once('error', reject);
      if (body === undefined) sent.end();
      else this.#sendBody(sent, contentOf(body));
    });
  }

  #sendBody(sent: ClientRequest, content: Buffer | string): void {
    if (typeof content !== 'string') {
      sent.end(content, () => this.#meter('out', content.length));
      return;
    }
    createReadStream(content)
      .on('data', (chunk) => this.#meter('out', chunk.length))
      .once('error', (error) => sent.destroy(error))
      .pipe(sent);
  }
}

/** The time starts when the request has a connection, not while it waits for one of the others to end. */
function limitTime(sent: ClientRequest, idle: number, limits: Limits): void {
  // Once there is an answer, its reader handles the errors.
  let receiver: { destroy(error: Error): unknown } = sent;
  sent.once('response', (answer) => {
    receiver = answer;
  });
  sent.once('socket', (socket) => {
    // Timers come before sockets: after a long computation, what we wait for may be here already.
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

/** No further try: it would be as slow. */
function trickling(host: string, window: number): StoreError {
  const least = `${TRICKLE} bytes in ${window / 1000} s`;
  return new StoreError('unreachable', `${host}: it sends or takes less than ${least}`);
}

/** 501 (not implemented) and 507 (the server's disk is full) stay. */
function isPassingStatus(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501 && status !== 507);
}

/** Milliseconds that `Retry-After` asks for, within reason. */
function pauseAskedBy({ headers }: IncomingMessage): number {
  const text = headers['retry-after'] ?? '';
  const asked = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(asked) ? 0 : Math.min(asked, LONGEST_PAUSE);
}

function interrupted(): StoreError {
  return new StoreError('unreachable', 'interrupted');
}

/** A connection that the server closed while it was idle: the next try gets another one. */
function isPassing(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** An error of the network as a StoreError, and any other as it is. */
export function unreachable(place: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  const cure = UNKNOWN_ISSUER.test(code)
    ? ' (name a file with the certificate of its issuer in NODE_EXTRA_CA_CERTS)'
    : '';
  // The rest of such a message is for those who develop OpenSSL.
  const reason = code === 'EPROTO' ? /SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] : undefined;
  const what = reason === undefined ? message : `no TLS connection (${reason}): is it http://?`;
  return new StoreError('unreachable', `${place}: ${what}${cure}`);
}
