/** A shared folder on an HTTP server, whose answers a test may break. */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import http, {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { Limits, Request } from '../../src/remote/http-request.js';
import { HttpStore } from '../../src/remote/http-store.js';
import type { Counter } from '../../src/remote/store.js';
import { type Server, sharedFolder } from './servers.js';

export interface Served {
  readonly method: string;
  readonly name: string;
  /** The first requested byte. */
  readonly from: number;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds. */
  readonly at: number;
}

/**
 * Sends something else; status and length are set already. Returns false if the server should send
 * the body.
 */
export type Fault = (asked: Served, body: Buffer, response: ServerResponse) => boolean;

/** The status to answer with instead, with the headers that it sets; undefined to answer. */
export type Refusal = (asked: Served, response: ServerResponse) => number | undefined;

/** A shared folder on an HTTP server, or on an HTTPS server with a certificate. */
export async function served(
  fault: Fault = () => false,
  refusal: Refusal = () => undefined,
  certificate?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<Server & { readonly asked: Served[] }> {
  const { data } = sharedFolder();
  const asked: Served[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const [name, method = ''] = [decodeURIComponent(request.url ?? ''), request.method];
    const file = path.join(data, name);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const one = {
      method,
      name: request.url ?? '',
      from,
      headers: request.headers,
      at: performance.now(),
    };
    asked.push(one);
    const status = refusal(one, response);
    if (status !== undefined) {
      request.resume().once('end', () => response.writeHead(status).end());
      return;
    }
    if (method === 'PUT') {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.once('end', () => {
        mkdirSync(path.dirname(file), { recursive: true });
        writeFileSync(file, Buffer.concat(chunks));
        response.writeHead(201).end();
      });
      return;
    }
    if (statSync(file, { throwIfNoEntry: false }) === undefined) {
      response.writeHead(404).end();
      return;
    }
    const body = readFileSync(file).subarray(from);
    response.statusCode = from > 0 ? 206 : 200;
    response.setHeader('content-length', body.length);
    if (method === 'HEAD') response.end();
    else if (!fault(one, body, response)) response.end(body);
  };
  const port = await listening(
    certificate === undefined ? http.createServer(answer) : https.createServer(certificate, answer),
  );
  return { remote: `http://127.0.0.1:${port}`, env: {}, data, port, asked };
}

export async function listening(server: http.Server | https.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

export function storeAt(
  base: string,
  compares: boolean,
  limits: Partial<Limits> = {},
  env: Readonly<Record<string, string>> = {},
  count: Counter = () => {},
): HttpStore {
  const signal = new AbortController().signal;
  const authorize = (request: Request) => request;
  const place = { base, env, signal, authorize, count, compares, limits };
  const store = new HttpStore(place);
  onTestFinished(() => store.close());
  return store;
}

/** Sends this number of bytes, and then closes the connection. */
export function cut(body: Buffer, bytes: number, response: ServerResponse): boolean {
  response.write(body.subarray(0, bytes), () => response.destroy());
  return true;
}
