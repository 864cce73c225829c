/**
 * Serves the live page on 127.0.0.1: read-only, to pages of its own origin, and only files that the
 * pipeline names.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RunFeed } from './run-feed.js';

export interface Served {
  readonly html: Buffer;
  readonly policy: string;
  /** The data of the page, as JSON: the same bytes for all clients. */
  data(): Promise<Buffer>;
  /** The end of an item's log; undefined for a name that the pipeline does not have. */
  log(item: string): Promise<unknown>;
  /** A picture by its digest; undefined unless the data refer to it. */
  picture(digest: string): { readonly type: string; readonly bytes: Buffer } | undefined;
}

const KEEP_ALIVE_MS = 15_000;

/** How many pages are updated live. Further pages retry. */
const MOST_LISTENERS = 64;
const RETRY_SECONDS = 5;

/** The process needs its other descriptors for the project's files. */
const MOST_CONNECTIONS = 512;

/**
 * A client must send its request within this time, and must not pause reading for longer than
 * `STALLED_MS`.
 */
const REQUEST_MS = 10_000;
const STALLED_MS = 60_000;

/** A page that is this far behind is disconnected: it connects again, and gets the newest state. */
const MOST_UNREAD_BYTES = 16 * 1024 * 1024;

export class LiveServer {
  readonly #server: Server;
  readonly #listeners = new Set<ServerResponse>();
  readonly #served: Served;
  readonly #feed: () => RunFeed;
  readonly #timer: NodeJS.Timeout;

  constructor(served: Served, feed: () => RunFeed) {
    this.#served = served;
    this.#feed = feed;
    const limits = { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS };
    const options = { ...limits, connectionsCheckingInterval: REQUEST_MS / 2 };
    this.#server = createServer(options, (request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        if (!response.headersSent) plain(response, 500, 'internal error');
        else response.destroy();
        this.fail(error);
      });
    });
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.setTimeout(STALLED_MS);
    this.#timer = setInterval(() => this.#write(': still here\n\n'), KEEP_ALIVE_MS);
  }

  get hasListeners(): boolean {
    return this.#listeners.size > 0;
  }

  /** Rejects if the port is taken. */
  async listen(port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, '127.0.0.1', () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Rejects with the error of a request, which is a bug. */
  failed(): Promise<never> {
    return new Promise((_resolve, reject) => this.#server.once('error', reject));
  }

  /** Makes `failed` reject. */
  fail(error: unknown): void {
    this.#server.emit('error', error);
  }

  send(kind: 'run' | 'changed', value: unknown): void {
    this.#write(eventText(kind, value));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  #write(text: string): void {
    for (const listener of this.#listeners)
      if (listener.writableLength > MOST_UNREAD_BYTES) listener.destroy();
      else listener.write(text);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { port } = this.#server.address() as AddressInfo;
    const refusal = refusalOf(request, port);
    if (refusal !== undefined) return plain(response, ...refusal);
    const [where, query] = (request.url ?? '').split('?', 2);
    const asked = new URLSearchParams(query);
    switch (where) {
      case '/': {
        const headers = { 'Content-Security-Policy': this.#served.policy };
        return send(response, 200, 'text/html; charset=utf-8', this.#served.html, headers);
      }
      case '/data.json':
        return send(response, 200, 'application/json', await this.#served.data());
      case '/events':
        return this.#subscribe(request, response);
      case '/log': {
        const log = await this.#served.log(asked.get('item') ?? '');
        if (log === undefined) return plain(response, 404, 'the pipeline has no such item');
        return send(response, 200, 'application/json', JSON.stringify(log));
      }
      case '/picture': {
        const picture = this.#served.picture(asked.get('digest') ?? '');
        if (picture === undefined) return plain(response, 404, 'the pipeline has no such picture');
        // An SVG that is opened by itself must not run its scripts either.
        const headers = { 'Content-Security-Policy': "default-src 'none'; sandbox" };
        return send(response, 200, picture.type, picture.bytes, headers);
      }
      default:
        return plain(response, 404, 'there is nothing here');
    }
  }

  #subscribe({ method }: IncomingMessage, response: ServerResponse): void {
    if (this.#listeners.size >= MOST_LISTENERS) {
      const headers = { 'Retry-After': String(RETRY_SECONDS), Connection: 'close' };
      plain(response, 503, 'too many pages follow this project', headers);
      return;
    }
    response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream' });
    if (method === 'HEAD') {
      response.end();
      return;
    }
    for (const message of this.#feed().messages()) response.write(eventText('run', message));
    // A page that connects again may have missed a change.
    response.write(eventText('changed', {}));
    this.#listeners.add(response);
    response.on('close', () => this.#listeners.delete(response));
  }
}

function eventText(kind: string, value: unknown): string {
  return `event: ${kind}\ndata: ${JSON.stringify(value)}\n\n`;
}

/**
 * Another site's name may resolve to 127.0.0.1 (DNS rebinding), so the host must be ours. A page of
 * another site may neither read nor embed anything.
 */
function refusalOf(
  { method, headers }: IncomingMessage,
  port: number,
): [number, string] | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? '')) return [403, 'this host is not served here'];
  const { origin } = headers;
  if (origin !== undefined && origin !== `http://${headers.host}`)
    return [403, 'pages of other origins are not served'];
  const site = headers['sec-fetch-site'];
  const isOpened =
    headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !isOpened)
    return [403, 'pages of other sites are not served'];
  if (method !== 'GET' && method !== 'HEAD') return [405, 'this page can only be read'];
  return undefined;
}

const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

function send(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Buffer,
  more: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...HEADERS, ...more, 'Content-Type': type });
  response.end(body);
}

function plain(
  response: ServerResponse,
  status: number,
  text: string,
  more: Readonly<Record<string, string>> = {},
): void {
  send(response, status, 'text/plain; charset=utf-8', `${text}\n`, more);
}
