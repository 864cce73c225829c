/** A store on an HTTP server: GET, HEAD and PUT, as nginx, WebDAV servers, bazel-remote and S3 implement them. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { Draft } from './download-draft.js';
import { LIMITS, type Limits, type Request, Requests, unreachable } from './http-request.js';
import type { Env } from './remote-config.js';
import { routeTo } from './route.js';
import { type Body, type Change, type Counter, type Store, StoreError } from './store.js';

/** How many simultaneous writers of a name are possible: one of them succeeds in each round. */
const UPDATE_TRIES = 20;

/**
 * Milliseconds (up to twice as many) after which a writer that read the old body has finished its
 * write.
 */
const SETTLED = 500;

/** Attempts to read a body completely: each one starts from the beginning. */
const BODY_TRIES = 3;

const HINTS: Readonly<Record<number, string>> = {
  413: 'allow larger bodies on the server (nginx: client_max_body_size 0)',
  507: 'free disk space on the server',
};

const ABOUT_CREDENTIALS: ReadonlySet<number> = new Set([400, 401, 403]);

/** A longer answer to a failed request is not read. */
const SHORT = 64 << 10;

/** S3's cause of a 404 that does not mean that only this name is absent. */
const NO_BUCKET = 'NoSuchBucket';

/** Adds the credentials to a request. */
export type Authorize = (request: Request) => Request | Promise<Request>;

interface HttpPlace {
  /** Ends without a slash. */
  readonly base: string;
  readonly authorize: Authorize;
  /** The environment, which names the proxy. */
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly count: Counter;
  /** True if the server is known to respect `If-Match`. Otherwise it may: a rejected write proves it. */
  readonly compares: boolean;
  readonly limits?: Partial<Limits>;
}

export class HttpStore implements Store {
  readonly #base: string;
  readonly #authorize: Authorize;
  readonly #requests: Requests;
  readonly #count: Counter;
  #compares: boolean;
  /** False if the server has rejected a conditional request. */
  #knowsConditions = true;
  #clock: number | undefined;

  /** @throws UserError for an invalid proxy */
  constructor({ base, authorize, env, signal, count, compares, limits }: HttpPlace) {
    this.#base = base;
    this.#authorize = authorize;
    const all = { ...LIMITS, ...limits };
    const route = routeTo(new URL(base), env, all.answer);
    this.#requests = new Requests(route, signal, count, all);
    this.#count = count;
    this.#compares = compares;
  }

  get clock(): number | undefined {
    return this.#clock;
  }

  async get(name: string, limit: number): Promise<Buffer | undefined> {
    return (await this.#whole(name, limit))?.bytes;
  }

  /** Resumes where a connection broke, as long as each attempt makes progress. */
  async download(name: string, file: string, limit: number): Promise<string | undefined> {
    const draft = await Draft.open(file);
    try {
      for (;;) {
        const reached = draft.size;
        const answer = await this.#read(
          'GET',
          name,
          reached > 0 ? { range: `bytes=${reached}-` } : {},
        );
        if (answer === undefined) return undefined;
        if (reached > 0 && answer.statusCode !== 206) await draft.restart();
        try {
          for await (const chunk of answer as AsyncIterable<Buffer>) {
            if (draft.size + chunk.length > limit) return undefined;
            await draft.add(chunk);
            this.#count('in', chunk.length);
          }
          return await draft.finish();
        } catch (error) {
          const isHopeless = draft.size <= reached || error instanceof StoreError;
          if (isHopeless) throw unreachable(this.#base, error);
        }
      }
    } finally {
      await draft.close();
    }
  }

  async sizeOf(name: string): Promise<number | undefined> {
    const answer = await this.#read('HEAD', name);
    answer?.resume();
    return answer && Number(answer.headers['content-length']);
  }

  async put(name: string, body: Body, onlyIfAbsent: boolean): Promise<boolean> {
    return this.#put(name, body, onlyIfAbsent ? { 'if-none-match': '*' } : {});
  }

  /**
   * False if the condition does not hold. A server that rejects conditions gets none, which has the
   * same effect as a server that ignores them.
   */
  async #put(
    name: string,
    body: Body,
    condition: Readonly<Record<string, string>>,
  ): Promise<boolean> {
    const headers = this.#knowsConditions ? condition : {};
    const answer = await this.#send({ method: 'PUT', url: this.#urlOf(name), headers, body });
    const { statusCode = 0 } = answer;
    if (statusCode === 501 && Object.keys(headers).length > 0) {
      answer.resume();
      [this.#knowsConditions, this.#compares] = [false, false];
      return this.#put(name, body, {});
    }
    const isConflict = statusCode === 412 || statusCode === 409;
    if (!isConflict && (statusCode < 200 || statusCode >= 300))
      throw this.#refusal('PUT', answer, await toldBy(answer));
    answer.resume();
    this.#compares ||= isConflict;
    return !isConflict;
  }

  /**
   * Uses versions if the server compares them. nginx does not: another writer that read the old
   * body may replace what we wrote. So this reads the body again when such a writer must have
   * finished.
   */
  async update(name: string, limit: number, change: Change): Promise<void> {
    let isWritten = false;
    for (let tries = 0; tries < UPDATE_TRIES; tries++) {
      if (isWritten && !this.#compares) await delay(SETTLED * (1 + Math.random()));
      const before = await this.#whole(name, limit);
      const after = change(before?.bytes);
      if (after === undefined) return;
      const version = before?.version;
      const isVersioned = version !== undefined && !version.startsWith('W/');
      const condition = before === undefined ? { 'if-none-match': '*' } : {};
      isWritten = await this.#put(name, after, isVersioned ? { 'if-match': version } : condition);
    }
    throw new StoreError('unreachable', `${name} changed during each attempt to write it`);
  }

  close(): void {
    this.#requests.close();
  }

  /**
   * A body in memory (undefined above the limit) with its version. Starts again if the connection
   * breaks.
   */
  async #whole(name: string, limit: number): Promise<Whole | undefined> {
    for (let tries = 1; ; tries++) {
      const answer = await this.#read('GET', name);
      try {
        if (answer === undefined) return undefined;
        const bytes = await bodyOf(answer, limit, (count) => this.#count('in', count));
        return { bytes, version: answer.headers.etag };
      } catch (error) {
        const isHopeless = tries === BODY_TRIES || error instanceof StoreError;
        if (isHopeless) throw unreachable(this.#base, error);
      }
    }
  }

  /** Undefined for a status that means that nothing has this name. */
  async #read(
    method: 'GET' | 'HEAD',
    name: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<IncomingMessage | undefined> {
    const answer = await this.#send({ method, url: this.#urlOf(name), headers });
    const { statusCode = 0 } = answer;
    if (statusCode === 200 || statusCode === 206) return answer;
    const isAbsent = statusCode === 404 || statusCode === 410 || statusCode === 416;
    const isPlain = isAbsent && !/\bxml\b/.test(answer.headers['content-type'] ?? '');
    const told = isPlain ? undefined : await toldBy(answer);
    if (!isAbsent || told?.cause === NO_BUCKET) throw this.#refusal(method, answer, told);
    answer.resume();
    return undefined;
  }

  #refusal(method: string, answer: IncomingMessage, { text, cause }: Told = NOTHING): StoreError {
    const status = `status ${answer.statusCode}${cause === undefined ? '' : ` (${cause})`}`;
    const message = `${new URL(this.#base).host}: ${status} for ${method}`;
    const kind = method === 'PUT' ? 'unwritable' : 'unreadable';
    return new StoreError(kind, message, this.#hintOf(answer, cause, text));
  }

  /** Undefined if the credentials may be the cause. */
  #hintOf(
    { statusCode = 0, headers }: IncomingMessage,
    cause: string | undefined,
    text: string,
  ): string | undefined {
    const region =
      headers['x-amz-bucket-region'] ?? /<Region>([\w-]{1,40})<\/Region>/.exec(text)?.[1];
    const isRedirect = statusCode >= 300 && statusCode < 400 && statusCode !== 304;
    if (cause === 'RequestTimeTooSkewed')
      return `set the clock of this machine, which is ${-(this.#clock ?? 0)} s ahead of the server's`;
    if (region !== undefined && (isRedirect || cause === 'AuthorizationHeaderMalformed'))
      return `set \`region: ${region}\` under \`remote:\`, or AWS_REGION=${region}`;
    if (statusCode in HINTS) return HINTS[statusCode];
    if (ABOUT_CREDENTIALS.has(statusCode)) return undefined;
    if (!isRedirect) return 'check the address of the remote cache';
    const to = headers.location ?? /<Endpoint>([^<\s]{1,200})<\/Endpoint>/.exec(text)?.[1];
    return `the server redirects to another address${to === undefined ? '' : ` (${to})`}: use that for the remote cache`;
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

/** What a server says about a failed request. */
interface Told {
  readonly text: string;
  readonly cause: string | undefined;
}

const NOTHING: Told = { text: '', cause: undefined };

/** S3 gives the cause in a few lines of XML. */
async function toldBy(answer: IncomingMessage): Promise<Told> {
  const body = await bodyOf(answer, SHORT).catch(() => undefined); // The status alone is enough.
  const text = body?.toString('utf8') ?? '';
  return { text, cause: /<Code>(\w{1,60})<\/Code>/.exec(text)?.[1] };
}

interface Whole {
  readonly bytes: Buffer | undefined;
  readonly version: string | undefined;
}

/** Undefined above the limit. Reads into one buffer if the server gives the length. */
function bodyOf(
  answer: IncomingMessage,
  limit: number,
  onBytes?: (count: number) => void,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const told = Number(answer.headers['content-length']);
    const whole = told <= limit ? Buffer.allocUnsafeSlow(told) : undefined;
    const chunks: Buffer[] = [];
    let size = 0;
    answer.on('data', (chunk: Buffer) => {
      if (whole === undefined) chunks.push(chunk);
      else chunk.copy(whole, size);
      size += chunk.length;
      onBytes?.(chunk.length);
      if (size <= limit) return;
      resolve(undefined);
      answer.destroy();
    });
    // An answer to HEAD gives the length of a body that it does not have.
    answer.once('end', () => resolve(whole?.subarray(0, size) ?? Buffer.concat(chunks)));
    answer.once('error', reject);
  });
}
