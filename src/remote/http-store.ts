/** A store behind HTTP: GET, HEAD and PUT, as nginx, a WebDAV server, bazel-remote and S3 understand them. */
import { createWriteStream, statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type Request, Requests } from './http-request.js';
import { type Body, type Change, type Store, StoreError } from './store.js';

/** Writers of one name at once: each round one of them is done. */
const UPDATE_TRIES = 20;

/** A longer answer to a refused request is not read. */
const SHORT = 64 << 10;

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
  #clock: number | undefined;

  constructor({ base, authorize, signal }: HttpPlace) {
    this.#base = base;
    this.#authorize = authorize;
    this.#requests = new Requests(signal);
  }

  get clock(): number | undefined {
    return this.#clock;
  }

  async get(name: string, limit: number): Promise<Buffer | undefined> {
    const answer = await this.#read('GET', name);
    return answer && bodyOf(answer, limit);
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
    return this.#put(name, body, onlyIfAbsent ? { 'if-none-match': '*' } : {});
  }

  /** False when the condition of the headers does not hold. */
  async #put(
    name: string,
    body: Body,
    headers: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    const answer = await this.#send({ method: 'PUT', url: this.#urlOf(name), headers, body });
    const { statusCode = 0 } = answer;
    const isConflict = statusCode === 412 || statusCode === 409;
    if (!isConflict && (statusCode < 200 || statusCode >= 300))
      throw await this.#refusal('PUT', answer);
    answer.resume();
    return !isConflict;
  }

  /**
   * By its version, where the server compares one. nginx does not: so it is read again, until it holds
   * what was written.
   */
  async update(name: string, limit: number, change: Change): Promise<void> {
    for (let tries = 0; tries < UPDATE_TRIES; tries++) {
      const answer = await this.#read('GET', name);
      const version = answer?.headers.etag;
      const after = change(answer && (await bodyOf(answer, limit)));
      if (after === undefined) return;
      const isVersioned = version !== undefined && !version.startsWith('W/');
      const condition = answer === undefined ? { 'if-none-match': '*' } : {};
      await this.#put(name, after, isVersioned ? { 'if-match': version } : condition);
    }
    throw new StoreError('unreachable', `${name} changes with every try to write it`);
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
    const isAbsent = statusCode === 404 || statusCode === 410 || statusCode === 416;
    if (!isAbsent) throw await this.#refusal(method, answer);
    answer.resume();
    return undefined;
  }

  /** S3 names the cause in a few lines of XML. */
  async #refusal(method: string, answer: IncomingMessage): Promise<StoreError> {
    const text = (await bodyOf(answer, SHORT))?.toString('utf8') ?? '';
    const cause = /<Code>(\w{1,60})<\/Code>/.exec(text)?.[1];
    const status = `status ${answer.statusCode}${cause === undefined ? '' : ` (${cause})`}`;
    return new StoreError('refused', `${new URL(this.#base).host}: ${status} for ${method}`);
  }

  async #send(request: Request): Promise<IncomingMessage> {
    const answer = await this.#requests.send(await this.#authorize(request));
    const ahead = (Date.parse(answer.headers.date ?? '') - Date.now()) / 1000;
    if (!Number.isNaN(ahead)) this.#clock = Math.round(ahead);
    return answer;
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
