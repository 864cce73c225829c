/** A download that was damaged on the way is never trusted, and the next attempt is right. */
import { mkdirSync, readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { takeHttp } from '@pipe-experiment/data/sources/http.js';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../../../stages/support/folders.js';
import { makeParquet, PNG } from '../../../../stages/support/parquet-writer.js';
import {
  type Answer,
  serve,
  startServer,
  status,
  type TestServer,
} from '../../../../stages/support/server.js';
import { makeZip } from '../../../../stages/support/zip-writer.js';

let server: TestServer;
let folder = temporaryFolder();
beforeEach(async () => {
  server = await startServer();
});
afterEach(() => server.close());
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const IMAGES = ['one', 'two', 'three', 'four'].map((text) =>
  Buffer.concat([Buffer.from(PNG), Buffer.from(text.repeat(20))]),
);
const OTHERS = IMAGES.map((image) => Buffer.from(image).fill('other', PNG.length));

function zipOf(images: readonly Buffer[]): Buffer {
  return makeZip([
    { name: 'raw/', data: '', stored: true },
    ...images.map((data, at) => ({ name: `raw/é${at}.png`, data, stored: at % 2 === 0 })),
  ]);
}

function parquetOf(images: readonly Buffer[]): Buffer {
  return makeParquet(images.map((image) => ({ text: image.toString().slice(PNG.length) })));
}

/** What an archive is, and what another version of the same size would be. */
const ARCHIVES = {
  zip: { right: zipOf(IMAGES), other: zipOf(OTHERS) },
  parquet: { right: parquetOf(IMAGES), other: parquetOf(OTHERS) },
};

type Kind = keyof typeof ARCHIVES;

/** An answer that ends at a fraction of what it should be, or is damaged there. */
interface Damage {
  readonly kind: (typeof DAMAGES)[number];
  readonly at: number;
  readonly etag: string | undefined;
}

const DAMAGES = [
  'cut',
  'short length',
  'no length',
  'chunked',
  'page',
  'page as archive',
  'zeros',
  'flip',
  'other version',
  'busy',
] as const;

/** The rest of a file as the server has it, from the requested offset, and its headers. */
function restOf(data: Buffer, range: string | undefined) {
  const from = Number(/\d+/.exec(range ?? '')?.[0] ?? 0);
  const headers: Record<string, string> =
    range === undefined
      ? {}
      : { 'Content-Range': `bytes ${from}-${data.length - 1}/${data.length}` };
  return { status: range === undefined ? 200 : 206, headers, body: data.subarray(from) };
}

function damaged(archive: Kind, { kind, at, etag }: Damage): Answer {
  const { right, other } = ARCHIVES[archive];
  return (response, request) => {
    const { range } = request.headers;
    // Not every server and cache respects If-Range. A complete other version is a download like any
    // other.
    const isOther = kind === 'other version' && range !== undefined;
    const { status: code, headers, body } = restOf(isOther ? other : right, range);
    // With the same ETag, nothing distinguishes the versions of a parquet file.
    const version = isOther && archive === 'parquet' ? '"other"' : etag;
    const head = { ...headers, ...(version && { ETag: version }) };
    const end = Math.min(body.length - 1, Math.floor(at * body.length));
    const whole = { ...head, 'Content-Length': body.length };
    switch (kind) {
      case 'cut':
        return void response
          .writeHead(code, whole)
          .write(body.subarray(0, end), () => response.destroy());
      case 'short length':
        return void response
          .writeHead(code, { ...head, 'Content-Length': end })
          .end(body.subarray(0, end));
      case 'no length':
        return endWithConnection(response, code, head, body.subarray(0, end));
      case 'chunked':
        return void response.writeHead(code, head).end(body.subarray(0, end));
      case 'page':
      case 'page as archive':
        return void response
          .writeHead(200, { 'Content-Type': kind === 'page' ? 'text/html' : 'application/zip' })
          .end('<html><p>Too many requests');
      case 'zeros':
        return void response.writeHead(code, whole).end(Buffer.from(body).fill(0, end));
      case 'flip': {
        const flipped = Buffer.from(body);
        flipped[end]! ^= 1 << (Math.floor(at * 1000 * 8) % 8);
        return void response.writeHead(code, whole).end(flipped);
      }
      case 'other version':
        return void response.writeHead(code, whole).end(body);
      case 'busy':
        return status(503)(response, request);
      default:
        return kind satisfies never;
    }
  };
}

/** As in HTTP/1.0: it is unknown whether the end is complete. */
function endWithConnection(
  response: ServerResponse,
  code: number,
  headers: Record<string, string>,
  body: Buffer,
): void {
  response.useChunkedEncodingByDefault = false;
  response.writeHead(code, { ...headers, Connection: 'close' });
  response.end(body);
}

let tries = 0;

/** The resulting images, by name; undefined if the download was refused. */
async function take(archive: Kind): Promise<Record<string, string> | undefined> {
  const out = join(folder.path, `out-${++tries}`);
  mkdirSync(out);
  const source = {
    kind: 'http',
    label: 'drawn',
    archives: [{ url: `${server.url}/${tries}/../a.${archive}` }],
  } as const;
  const context = { folder: out, signal: new AbortController().signal, progress: () => {} };
  try {
    const { images } = await takeHttp(source, context, {
      folder: join(folder.path, 'downloads'),
      environment: {},
      notify: () => {},
      backoff: { attempts: 2, firstMs: 1, longestMs: 1 },
      wait: async () => {},
    });
    return Object.fromEntries(
      images.map(({ file }) => [file, readFileSync(join(out, file), 'latin1')]),
    );
  } catch (error) {
    expect((error as Error).message).toMatch(/^drawn: could not be downloaded\.\n {2}http/);
    return undefined;
  }
}

/** A parquet file has no checksums: a wrong byte within an image is one of another image. */
const draws = fc.constantFrom<Kind>('zip', 'parquet').chain((archive) =>
  fc.record({
    archive: fc.constant(archive),
    damages: fc.array(
      fc.record({
        kind: fc.constantFrom(...DAMAGES.filter((kind) => archive === 'zip' || kind !== 'flip')),
        at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        etag: fc.constantFrom('"v1"', '"v2"', undefined),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  }),
);

test('a damaged download never gives wrong images, and a repaired server gives them all', async () => {
  const whole = new Map<Kind, Awaited<ReturnType<typeof take>>>();
  for (const kind of ['zip', 'parquet'] as const) {
    server.answer(serve(ARCHIVES[kind].right));
    whole.set(kind, await take(kind));
    expect(Object.keys(whole.get(kind) ?? {})).toHaveLength(IMAGES.length);
  }
  await fc.assert(
    fc.asyncProperty(draws, async ({ archive, damages }) => {
      folder.remove();
      folder = temporaryFolder();
      const answers = damages.map((each) => damaged(archive, each));
      server.answer(...answers, serve(ARCHIVES[archive].right));
      for (let round = 0; round < damages.length; round++) {
        const found = await take(archive);
        if (found !== undefined) expect(found).toEqual(whole.get(archive));
      }
      expect(await take(archive)).toEqual(whole.get(archive));
    }),
    { numRuns: 20 },
  );
});
