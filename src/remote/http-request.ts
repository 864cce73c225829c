/** One request over kept-alive connections, with the limits of time that a run can afford. */
import { createReadStream } from 'node:fs';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { type Body, StoreError, sizeOf } from './store.js';

/** Milliseconds: to connect, for the first byte of an answer, and without progress of an upload. */
const LIMITS = { connect: 3000, answer: 5000, upload: 30_000 };

/** Tries of a request that the server or the connection failed, and the pause before each. */
const PAUSES = [0, 250, 1000];

/** Connections at once. */
const CONNECTIONS = 32;

export interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Body;
}

export class Requests {
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: CONNECTIONS }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: CONNECTIONS }),
  };
  readonly #signal: AbortSignal;

  /** `signal` ends every request. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /**
   * The answer, whatever its status below 500; the caller reads or discards its body.
   *
   * @throws StoreError when no try brought one
   */
  async send(request: Request): Promise<IncomingMessage> {
    let failure = '';
    for (const pause of PAUSES) {
      if (pause > 0) await this.#pause(pause);
      const answer = await this.#try(request).catch((error: unknown) => {
        if (this.#signal.aborted || !isPassing(error)) throw unreachable(request, error);
        failure = (error as Error).message;
      });
      if (answer === undefined) continue;
      const { statusCode = 0 } = answer;
      if (statusCode < 500 && statusCode !== 429) return answer;
      answer.resume();
      failure = `status ${statusCode}`;
    }
    throw new StoreError('unreachable', `${request.url.host}: ${failure}`);
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #pause(milliseconds: number): Promise<void> {
    try {
      await delay(milliseconds, undefined, { signal: this.#signal });
    } catch {
      throw new StoreError('unreachable', 'interrupted');
    }
  }

  #try({ method, url, headers, body }: Request): Promise<IncomingMessage> {
    const protocol = url.protocol as 'http:' | 'https:';
    const { request } = protocol === 'http:' ? http : https;
    return new Promise((resolve, reject) => {
      const sent = request(url, {
        method,
        agent: this.#agents[protocol],
        signal: this.#signal,
        headers: {
          ...headers,
          ...(body === undefined ? {} : { 'content-length': String(sizeOf(body)) }),
        },
      });
      limitTime(sent, body === undefined ? LIMITS.answer : LIMITS.upload);
      sent.once('response', resolve);
      sent.once('error', reject);
      if (body === undefined) sent.end();
      else if (Buffer.isBuffer(body)) sent.end(body);
      else
        createReadStream(body.file)
          .once('error', (error) => sent.destroy(error))
          .pipe(sent);
    });
  }
}

/** The time starts when the request has a connection, not while it waits for one of the others to end. */
function limitTime(sent: http.ClientRequest, idle: number): void {
  const late = (what: string) => () =>
    sent.destroy(Object.assign(new Error(what), { code: 'ETIMEDOUT' }));
  sent.once('socket', (socket) => {
    if (!socket.connecting) return;
    const limit = LIMITS.connect;
    const connecting = setTimeout(late(`no connection within ${limit / 1000} s`), limit);
    const done = () => clearTimeout(connecting);
    socket.once('connect', done).once('close', done);
  });
  sent.setTimeout(idle, late(`no answer within ${idle / 1000} s`));
}

/** A connection that the server closed while it was idle: the next try gets another one. */
function isPassing(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function unreachable({ url }: Request, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  // Without a code it is no failure of the network.
  return code === undefined ? error : new StoreError('unreachable', `${url.host}: ${message}`);
}
