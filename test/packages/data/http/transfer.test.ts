/**
 * Transfers from a server that misbehaves in every possible way: the right bytes, or a clear error.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TransferOptions, transfer } from '@pipe-experiment/data/http/transfer.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../stages/support/folders.js';
import {
  breakAfter,
  serve,
  startServer,
  status,
  type TestServer,
} from '../../../stages/support/server.js';

const DATA = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, index) => (index * index) % 251));

let server: TestServer;
let folder = temporaryFolder();
let waits: number[] = [];
let notices: string[] = [];
beforeEach(async () => {
  server = await startServer();
  folder = temporaryFolder();
  waits = [];
  notices = [];
});
afterEach(async () => {
  await server.close();
  folder.remove();
});

/** Fetches /file; delays are recorded without waiting. */
async function fetchFile(options: Partial<TransferOptions> = {}, path = '/file'): Promise<Buffer> {
  const { part } = await transfer(`${server.url}${path}`, join(folder.path, 'file'), {
    signal: new AbortController().signal,
    progress: () => {},
    notify: (text) => notices.push(text),
    wait: async (ms) => void waits.push(ms),
    backoff: { attempts: 4, firstMs: 1000, longestMs: 60_000 },
    ...options,
  });
  return readFileSync(part.path);
}

/** Buffers of this size take a test library a long time to compare one by one. */
function expectSame(found: Buffer, expected: Buffer): void {
  expect([found.length, found.equals(expected)]).toEqual([expected.length, true]);
}

test('downloads the whole file, with progress, and requests it uncompressed', async () => {
  const progress: (readonly [number, number | undefined])[] = [];
  server.answer((response, request) => {
    expect(request.headers['accept-encoding']).toBe('identity');
    serve(DATA)(response, request);
  });
  expectSame(await fetchFile({ progress: (...step) => progress.push(step) }), DATA);
  expect(progress.at(-1)).toEqual([100_000, 100_000]);
  expect(waits).toEqual([]);
});

describe('a connection that breaks', () => {
  test('resumes where it broke, as often as it makes progress', async () => {
    server.answer(
      breakAfter(10_000, DATA),
      breakAfter(20_000, DATA),
      breakAfter(1, DATA),
      breakAfter(30_000, DATA),
      breakAfter(5_000, DATA),
      serve(DATA),
    );
    expectSame(await fetchFile(), DATA);
    expect(server.asked.map(({ range }) => range)).toEqual([
      undefined,
      'bytes=10000-',
      'bytes=30000-',
      'bytes=30001-',
      'bytes=60001-',
      'bytes=65001-',
    ]);
    expect(server.asked.slice(1).every(({ ifRange }) => ifRange === '"v1"')).toBe(true);
    // Each attempt brought bytes: it always waits as after a first failure.
    expect(waits.every((ms) => ms >= 500 && ms <= 1000)).toBe(true);
  });

  test('is given up without progress, and resumed in the next run', async () => {
    server.answer(breakAfter(40_000, DATA), breakAfter(0, DATA));
    await expect(fetchFile()).rejects.toThrow(
      /given up after 4 attempts: .*\n {2}40000 bytes are kept; the next run goes on from there\.$/,
    );
    server.answer(serve(DATA));
    expectSame(await fetchFile(), DATA);
    expect(server.asked.at(-1)?.range).toBe('bytes=40000-');
  });

  test('before any answer is retried', async () => {
    server.answer((response) => response.destroy(), serve(DATA));
    expectSame(await fetchFile(), DATA);
    expect(notices[0]).toMatch(/\/file: .+; asking again in 1 s$/);
  });

  test('that breaks silently is detected', async () => {
    // On a loaded machine the first bytes may themselves be late: then they are asked for again.
    server.answer((response, request) => {
      if (request.headers.range !== undefined) return serve(DATA)(response, request);
      response.writeHead(200, { 'Content-Length': DATA.length, ETag: '"v1"' });
      response.write(DATA.subarray(0, 500));
    });
    expectSame(await fetchFile({ silenceMs: 300 }), DATA);
    expect(notices[0]).toContain('the server fell silent');
    expect(server.asked.at(-1)?.range).toBe('bytes=500-');
  });

  test('by our own request ends the transfer and keeps the bytes', async () => {
    const controller = new AbortController();
    server.answer((response) => {
      response.writeHead(200, { 'Content-Length': DATA.length, ETag: '"v1"' });
      response.write(DATA.subarray(0, 500));
    });
    const ended = fetchFile({
      signal: controller.signal,
      progress: () => controller.abort(new Error('the run was stopped')),
    });
    await expect(ended).rejects.toThrow('the run was stopped');
    server.answer(serve(DATA));
    expectSame(await fetchFile(), DATA);
    expect(server.asked.at(-1)?.range).toBe('bytes=500-');
  });

  test('to a closed port is given up with a clear message', async () => {
    await server.close();
    await expect(fetchFile()).rejects.toThrow(/given up after 4 attempts: .*ECONNREFUSED/);
    expect(waits).toHaveLength(3);
  });
});

describe('a server that lies', () => {
  test('about a too long length is believed when it confirms the real length', async () => {
    server.answer((response) => {
      response.writeHead(200, { 'Content-Length': DATA.length + 1000, ETag: '"v1"' });
      response.write(DATA, () => response.destroy());
    }, serve(DATA));
    expectSame(await fetchFile(), DATA);
    expect(server.asked[1]?.range).toBe('bytes=100000-');
  });

  test('about the part that it sends is not believed', async () => {
    server.answer(
      breakAfter(10_000, DATA),
      (response) =>
        response
          .writeHead(206, {
            'Content-Range': 'bytes 0-99999/100000',
            'Content-Length': DATA.length,
          })
          .end(DATA),
      serve(DATA),
    );
    expectSame(await fetchFile(), DATA);
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, 'bytes=10000-', undefined]);
  });

  test('with a web page instead of the file is refused immediately', async () => {
    server.answer((response) =>
      response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end('<p>Log in'),
    );
    await expect(fetchFile()).rejects.toThrow('the server sent a web page in place of the file');
    expect(server.asked).toHaveLength(1);
  });
});

describe('parts are joined only if they are of the same version', () => {
  const OTHER = Buffer.from(DATA.map((byte) => byte ^ 255));

  test('a file that has changed is downloaded again', async () => {
    server.answer(breakAfter(10_000, DATA), serve(OTHER, { etag: '"v2"' }));
    expectSame(await fetchFile(), OTHER);
  });

  test('a server that ignores ranges is read from the beginning', async () => {
    server.answer(breakAfter(10_000, DATA), serve(DATA, { ranges: false }));
    expectSame(await fetchFile(), DATA);
  });

  test('without a version the file is downloaded again', async () => {
    const plain = { etag: '' };
    server.answer(breakAfter(10_000, DATA, plain), serve(DATA, plain));
    expectSame(await fetchFile(), DATA);
    expect(server.asked[1]?.range).toBeUndefined();
  });

  test('a weak ETag is not a version, a date is', async () => {
    const date = 'Wed, 21 Oct 2026 07:28:00 GMT';
    const dated = { etag: 'W/"x"', headers: { 'Last-Modified': date } };
    server.answer(breakAfter(10_000, DATA, dated), serve(DATA, { ...dated, etag: date }));
    expectSame(await fetchFile(), DATA);
    expect(server.asked[1]).toMatchObject({ range: 'bytes=10000-', ifRange: date });
  });

  test('another URL never continues these bytes', async () => {
    server.answer(breakAfter(10_000, DATA), status(404));
    await expect(fetchFile()).rejects.toThrow('HTTP 404');
    server.answer(serve(DATA));
    expectSame(await fetchFile({}, '/other'), DATA);
    expect(server.asked.at(-1)?.range).toBeUndefined();
  });

  test('416 for a file that became shorter starts again', async () => {
    const shorter = DATA.subarray(0, 5_000);
    server.answer(
      breakAfter(10_000, DATA),
      status(416, { 'Content-Range': 'bytes */5000' }),
      serve(shorter),
    );
    expectSame(await fetchFile(), shorter);
  });
});

describe('a server that is busy', () => {
  test.each([500, 502, 503, 429, 408])(
    'with HTTP %i is asked again, with growing delays',
    async (code) => {
      server.answer(status(code), status(code), status(code), serve(DATA));
      expectSame(await fetchFile(), DATA);
      expect(waits).toHaveLength(3);
      for (const [failures, ms] of waits.entries()) {
        expect(ms).toBeGreaterThanOrEqual(500 * 2 ** failures);
        expect(ms).toBeLessThanOrEqual(1000 * 2 ** failures);
      }
    },
  );

  test('and says how long gets that pause', async () => {
    server.answer(status(429, { 'Retry-After': '37' }), serve(DATA));
    expectSame(await fetchFile(), DATA);
    expect(waits).toEqual([37_000]);
  });

  test('forever is given up', async () => {
    server.answer(status(503));
    await expect(fetchFile()).rejects.toThrow(/given up after 4 attempts: HTTP 503$/);
    expect(server.asked).toHaveLength(4);
  });
});

test.each([400, 404, 410, 451])('HTTP %i is final', async (code) => {
  server.answer(status(code));
  await expect(fetchFile()).rejects.toThrow(`${server.url}/file: HTTP ${code}`);
  expect(server.asked).toHaveLength(1);
});

describe('redirects', () => {
  test('are followed, also when resuming', async () => {
    const redirect = status(302, { Location: '/real' });
    server.answer(redirect, breakAfter(10_000, DATA), redirect, serve(DATA));
    expectSame(await fetchFile(), DATA);
    expect(server.asked.map(({ path, range }) => [path, range])).toEqual([
      ['/file', undefined],
      ['/real', undefined],
      ['/file', 'bytes=10000-'],
      ['/real', 'bytes=10000-'],
    ]);
  });

  test('in a circle are refused immediately', async () => {
    server.answer(status(302, { Location: '/file' }));
    await expect(fetchFile()).rejects.toThrow('redirect count exceeded');
    expect(waits).toEqual([]);
  });
});

describe('credentials', () => {
  const authorization = () => 'Basic c2VjcmV0';

  test('are sent on request, not before, and again when resuming', async () => {
    server.answer(status(401), breakAfter(10_000, DATA), serve(DATA));
    expectSame(await fetchFile({ authorization }), DATA);
    expect(server.asked.map((asked) => asked.authorization)).toEqual([
      undefined,
      'Basic c2VjcmV0',
      'Basic c2VjcmV0',
    ]);
  });

  test('never reach another server by redirect', async () => {
    const storage = await startServer();
    try {
      storage.answer(serve(DATA));
      server.answer(status(403), status(302, { Location: `${storage.url}/object` }));
      expectSame(await fetchFile({ authorization }), DATA);
      expect(storage.asked).toEqual([
        { path: '/object', range: undefined, ifRange: undefined, authorization: undefined },
      ]);
    } finally {
      await storage.close();
    }
  });

  test('that are missing or wrong are an error with a hint, and never shown', async () => {
    server.answer(status(403));
    const cure = { loginCure: 'Put kaggle.json there.' };
    await expect(fetchFile({ ...cure, authorization: () => undefined })).rejects.toThrow(
      /HTTP 403, access is denied\n {2}Put kaggle\.json there\.$/,
    );
    expect(server.asked).toHaveLength(1);
    const refused = fetchFile({ ...cure, authorization });
    await expect(refused).rejects.toThrow(/access is denied/);
    await expect(refused).rejects.not.toThrow(/c2VjcmV0/);
    expect(server.asked).toHaveLength(3);
  });
});

test('X-Goog-Hash is passed on, even if only the rename of the file was missing', async () => {
  const md5 = '0123456789abcdef0123456789abcdef';
  const value = `crc32c=AAAAAA==,md5=${Buffer.from(md5, 'hex').toString('base64')}`;
  server.answer(serve(DATA, { headers: { 'X-Goog-Hash': value } }));
  const file = join(folder.path, 'file');
  const options: TransferOptions = {
    signal: new AbortController().signal,
    progress: () => {},
    notify: () => {},
  };
  expect((await transfer(`${server.url}/file`, file, options)).md5).toBe(md5);
  expect((await transfer(`${server.url}/file`, file, options)).md5).toBe(md5);
  expect(server.asked).toHaveLength(1);
  expect(existsSync(file)).toBe(false);
});
