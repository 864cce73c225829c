/**
 * An HTTP server on loopback that answers as a test says, request by request, and records the
 * requests.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

/** One answer; the last of a list is repeated for every further request. */
export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export interface TestServer {
  readonly url: string;
  /** Every request so far. */
  readonly asked: readonly Asked[];
  /** The answers to the next requests, in order. */
  answer(...answers: readonly Answer[]): void;
  close(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const asked: Asked[] = [];
  let queue: Answer[] = [];
  const server = createServer((request, response) => {
    const { range, authorization, 'if-range': ifRange } = request.headers;
    asked.push({ path: request.url ?? '', range, ifRange, authorization } as Asked);
    const next = queue.length > 1 ? queue.shift() : queue[0];
    if (next) next(response, request);
    else response.writeHead(500).end('the test gave no answer');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    answer: (...answers) => {
      queue = [...answers];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export interface FileAnswer {
  readonly etag?: string | undefined;
  readonly ranges?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A well-behaved server of one file: complete, or the requested part. */
export function serve(
  data: Buffer,
  { etag = '"v1"', ranges = true, headers = {} }: FileAnswer = {},
): Answer {
  return (response, request) => {
    const start = rangeStart(request, etag, ranges);
    const common = { ...headers, ...(etag && { ETag: etag }) };
    if (start === undefined) {
      response.writeHead(200, { ...common, 'Content-Length': data.length }).end(data);
    } else if (start >= data.length) {
      response.writeHead(416, { 'Content-Range': `bytes */${data.length}` }).end();
    } else {
      response
        .writeHead(206, {
          ...common,
          'Content-Range': `bytes ${start}-${data.length - 1}/${data.length}`,
          'Content-Length': data.length - start,
        })
        .end(data.subarray(start));
    }
  };
}

/** Sends the first `count` bytes of the answer, then breaks the connection. */
export function breakAfter(count: number, data: Buffer, options: FileAnswer = {}): Answer {
  const { etag = '"v1"', ranges = true, headers = {} } = options;
  return (response, request) => {
    const start = rangeStart(request, etag, ranges);
    const common = { ...headers, ...(etag && { ETag: etag }) };
    const status = start === undefined ? 200 : 206;
    const from = start ?? 0;
    response.writeHead(status, {
      ...common,
      'Content-Length': data.length - from,
      ...(start !== undefined && {
        'Content-Range': `bytes ${from}-${data.length - 1}/${data.length}`,
      }),
    });
    response.write(data.subarray(from, from + count), () => response.destroy());
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => response.writeHead(code, headers).end(`status ${code}`);
}

function rangeStart(
  request: IncomingMessage,
  etag: string | undefined,
  ranges: boolean,
): number | undefined {
  const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const condition = request.headers['if-range'];
  if (!ranges || range === undefined) return undefined;
  return condition === undefined || condition === etag ? Number(range) : undefined;
}
