/** A store behind HTTP: GET, HEAD and PUT, as nginx, a WebDAV server, bazel-remote and S3 understand them. */
import { createWriteStream, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Request, Requests } from './http-request.js';
import { type Body, type Store, StoreError } from './store.js';

/** Gives a request what it needs to be let in. */
export type Authorize = (request: Request) => Request | Promise<Request>;

export interface HttpPlace {
  /** Ends without a slash. */
  readonly base: string;
  readonly authorize: Authorize;
  readonly signal: AbortSignal;
}

export class HttpStore implements Store {
  readonly #base: string;
  readonly #authorize: Authorize;
  readonly #requests: Requests;

  constructor({ base, authorize, signal }: HttpPlace) {
    this.#base = base;
    this.#authorize = authorize;
    this.#requests = new Requests(signal);
  }

  async get(name: string, limit: number): Promise<Buffer | undefined> {
    const answer = await this.#read('GET', name);
    return answer && bodyOf(answer, limit);
  }

  async range(name: string, start: number, end: number): Promise<Buffer | undefined> {
    const answer = await this.#read('GET', name, { range: `bytes=${start}-${end - 1}` });
    if (answer === undefined) return undefined;
    if (answer.statusCode === 206) return bodyOf(answer, end - start);
    const whole = await bodyOf(answer, Number.MAX_SAFE_INTEGER);
    return whole?.subarray(start, end);
  }

  /** Goes on from where a connection broke, as long as each try brings something. */
  async download(name: string, file: string, limit: number): Promise<boolean> {
    for (let start = 0; ; ) {
      const answer = await this.#read('GET', name, start > 0 ? { range: `bytes=${start}-` } : {});
      if (answer === undefined) return false;
      const isRest = answer.statusCode === 206;
      const flags = isRest ? 'a' : 'w';
      try {
        await pipeline(
          answer,
          limited(limit - (isRest ? start : 0)),
          createWriteStream(file, { flags }),
        );
        return true;
      } catch (error) {
        if (error instanceof TooLong) return false;
        const reached = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
        if (reached <= start) throw brokenOff(this.#base, error);
        start = reached;
      }
    }
  }

  async has(name: string): Promise<boolean> {
    const answer = await this.#read('HEAD', name);
    answer?.resume();
    return answer !== undefined;
  }

  async put(name: string, body: Body, onlyIfAbsent: boolean): Promise<boolean> {
    const headers = onlyIfAbsent ? { 'if-none-match': '*' } : {};
    const answer = await this.#send({ method: 'PUT', url: this.#urlOf(name), headers, body });
    answer.resume();
    const { statusCode = 0 } = answer;
    if (statusCode === 412 || statusCode === 409) return false;
    if (statusCode >= 200 && statusCode < 300) return true;
    throw new StoreError('refused', `${new URL(this.#base).host}: status ${statusCode} for PUT`);
  }

  close(): void {
    this.#requests.close();
  }

  /** Undefined for a status that says that nothing is there. */
  async #read(
    method: 'GET' | 'HEAD',
    name: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage | undefined> {
    const answer = await this.#send({ method, url: this.#urlOf(name), headers });
    const { statusCode = 0 } = answer;
    if (statusCode === 200 || statusCode === 206) return answer;
    answer.resume();
    if (statusCode === 404 || statusCode === 410 || statusCode === 416) return undefined;
    throw new StoreError(
      'refused',
      `${new URL(this.#base).host}: status ${statusCode} for ${method}`,
    );
  }

  async #send(request: Request): Promise<IncomingMessage> {
    return this.#requests.send(await this.#authorize(request));
  }

  #urlOf(name: string): URL {
    return new URL(`${this.#base}/${name}`);
  }
}

class TooLong extends Error {}

/** Passes the chunks on, up to a number of bytes. */
function limited(limit: number) {
  return async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let left = limit;
    for await (const chunk of source) {
      left -= chunk.length;
      if (left < 0) throw new TooLong();
      yield chunk;
    }
  };
}

async function bodyOf(answer: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  try {
    await pipeline(answer, limited(limit), async (source) => {
      for await (const chunk of source) chunks.push(chunk);
    });
  } catch (error) {
    if (error instanceof TooLong) return undefined;
    throw brokenOff('the server', error);
  }
  return Buffer.concat(chunks);
}

function brokenOff(place: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === undefined ? error : new StoreError('unreachable', `${place}: ${message}`);
}
