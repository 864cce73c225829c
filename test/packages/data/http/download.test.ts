/** Downloads: kept when right, fetched again when not, refused when they stay wrong. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Archive, download } from '@pipe-experiment/data/http/download.js';
import { mistake } from '@pipe-experiment/data/mistake.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../stages/support/folders.js';
import {
  breakAfter,
  serve,
  startServer,
  status,
  type TestServer,
} from '../../../stages/support/server.js';

const DATA = Buffer.from('an archive, as far as this test goes');
const WRONG = Buffer.from('an archive, as far as that goes too!');
const SHA256 = createHash('sha256').update(DATA).digest('hex');

let server: TestServer;
let folder = temporaryFolder();
let notices: string[] = [];
/** An archive that cannot be opened: a user error in plain words. */
let unreadable: Buffer | undefined;
beforeEach(async () => {
  unreadable = undefined;
  server = await startServer();
  folder = temporaryFolder();
  notices = [];
});
afterEach(async () => {
  await server.close();
  folder.remove();
});

function get(archive: Partial<Archive> = {}) {
  return download({ url: `${server.url}/data/archive.zip`, ...archive }, folder.path, {
    signal: new AbortController().signal,
    progress: () => {},
    notify: (text) => notices.push(text),
    async open(file) {
      if (unreadable?.equals(readFileSync(file)))
        throw mistake(`${file}: it has no end\n  Get it.`);
    },
    wait: async () => {},
    backoff: { attempts: 3, firstMs: 1, longestMs: 1 },
  });
}

test('gives the file with its digests, under a name that identifies it', async () => {
  server.answer(serve(DATA));
  const found = await get({ bytes: DATA.length, sha256: SHA256 });
  expect(readFileSync(found.file)).toEqual(DATA);
  expect(found).toMatchObject({ bytes: DATA.length, sha256: SHA256 });
  expect(found.file).toMatch(/[/\\][0-9a-f]{12}-archive\.zip$/);
});

describe('a file that exists', () => {
  test('and is intact is used without asking the server', async () => {
    server.answer(serve(DATA));
    await get({ sha256: SHA256 });
    await get({ sha256: SHA256 });
    expect(server.asked).toHaveLength(1);
  });

  test('and is damaged is fetched again', async () => {
    server.answer(serve(DATA));
    const { file } = await get();
    writeFileSync(file, 'bit rot');
    expect((await get()).sha256).toBe(SHA256);
    expect(readFileSync(file)).toEqual(DATA);
    expect(notices.join()).toMatch(/bytes: expected 36, got 7; it is fetched again/);
  });
});

describe('a wrong file', () => {
  test('is fetched once more, from its beginning', async () => {
    server.answer(serve(WRONG), serve(DATA));
    expect((await get({ sha256: SHA256 })).sha256).toBe(SHA256);
    expect(server.asked.map(({ range }) => range)).toEqual([undefined, undefined]);
    expect(notices.join()).toContain(`sha256: expected ${SHA256}`);
  });

  test('that comes twice is refused, and nothing of it is kept', async () => {
    server.answer(serve(WRONG));
    await expect(get({ sha256: SHA256 })).rejects.toThrow(
      /twice not what it should be: sha256: expected [0-9a-f]{64}, got [0-9a-f]{64}\n {2}The file on the server is not the one/,
    );
    expect(readdirSync(folder.path)).toEqual([]);
  });

  test('with a wrong length, or another MD5 than announced, is refused too', async () => {
    server.answer(serve(DATA.subarray(1)));
    await expect(get({ bytes: DATA.length })).rejects.toThrow(
      `bytes: expected ${DATA.length}, got ${DATA.length - 1}`,
    );
    const md5 = createHash('md5').update(WRONG).digest('base64');
    server.answer(serve(DATA, { headers: { 'X-Goog-Hash': `crc32c=AAAAAA==, md5=${md5}` } }));
    await expect(get()).rejects.toThrow('twice not what it should be: md5: expected');
  });

  test('because of a too short announced length is detected by its checksum', async () => {
    server.answer((response) =>
      response.writeHead(200, { 'Content-Length': 10 }).end(DATA.subarray(0, 10)),
    );
    await expect(get({ sha256: SHA256 })).rejects.toThrow('twice not what it should be');
  });
});

describe('without published checksums', () => {
  test('the first download is trusted, and a different one after it refused', async () => {
    server.answer(serve(DATA));
    const { file } = await get();
    const trusted = JSON.parse(readFileSync(join(folder.path, 'checksums.json'), 'utf8'));
    expect(trusted).toEqual({
      [`${server.url}/data/archive.zip`]: { bytes: DATA.length, sha256: SHA256, opened: true },
    });

    writeFileSync(file, WRONG);
    server.answer(serve(WRONG, { etag: '"v2"' }));
    await expect(get()).rejects.toThrow(
      /twice not what it should be: sha256: .*\n {2}The file on the server is not the one of the first download\. .*checksums\.json\.$/,
    );
  });

  test('a wrong first download is not trusted when its length or MD5 are known', async () => {
    server.answer(serve(WRONG));
    await expect(get({ sha256: SHA256 })).rejects.toThrow();
    server.answer(serve(DATA));
    expect((await get()).sha256).toBe(SHA256);
  });

  test('a first download that cannot be opened is not trusted, and the next one is', async () => {
    unreadable = WRONG;
    server.answer(serve(WRONG));
    await expect(get()).rejects.toThrow(
      /twice not what it should be: the archive: it has no end\n {2}Nothing of it is kept\. .* sha256 in the source\.$/,
    );
    expect(readdirSync(folder.path)).toEqual([]);
    server.answer(serve(DATA));
    expect((await get()).sha256).toBe(SHA256);
  });

  test('a file that an earlier version trusted unopened is opened, and forgotten if it is damaged', async () => {
    server.answer(serve(WRONG));
    const { file } = await get();
    const url = `${server.url}/data/archive.zip`;
    const sha256 = createHash('sha256').update(WRONG).digest('hex');
    writeFileSync(join(folder.path, 'checksums.json'), JSON.stringify({ [url]: { sha256 } }));
    unreadable = WRONG;
    server.answer(serve(DATA));
    expect((await get()).sha256).toBe(SHA256);
    expect(notices).toEqual([`${file}: the archive: it has no end; it is fetched again`]);
  });

  test('a published checksum vouches for a file that is not opened', async () => {
    unreadable = DATA;
    server.answer(serve(DATA));
    expect((await get({ sha256: SHA256 })).sha256).toBe(SHA256);
  });

  test('damaged records of earlier downloads are an error, and no reason to trust again', async () => {
    writeFileSync(join(folder.path, 'checksums.json'), '{"http://');
    await expect(get()).rejects.toThrow(/the checksums of earlier downloads are damaged: .*\n/);
    expect(server.asked).toEqual([]);
  });
});

test('an interrupted download resumes in the next run and is checked as a whole', async () => {
  server.answer(breakAfter(10, DATA), status(503));
  await expect(get({ sha256: SHA256 })).rejects.toThrow('given up after 3 attempts: HTTP 503');
  server.answer(serve(DATA));
  expect((await get({ sha256: SHA256 })).sha256).toBe(SHA256);
  expect(server.asked.at(-1)?.range).toBe('bytes=10-');
});
