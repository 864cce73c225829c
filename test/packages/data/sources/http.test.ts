/**
 * Images from the web, end to end, from a local server that behaves as the real ones are documented
 * to.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type HttpSource, takeHttp } from '@pipe-experiment/data/sources/http.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ANIMALS_10, FFHQ } from '../../../../stages/lib/sources/datasets.js';
import { parseSource } from '../../../../stages/lib/sources/parse.js';
import { folderContents, temporaryFolder } from '../../../stages/support/folders.js';
import { makeParquet } from '../../../stages/support/parquet-writer.js';
import {
  breakAfter,
  serve,
  startServer,
  status,
  type TestServer,
} from '../../../stages/support/server.js';
import { makeZip } from '../../../stages/support/zip-writer.js';

let server: TestServer;
let folder = temporaryFolder();
beforeEach(async () => {
  server = await startServer();
  folder = temporaryFolder();
});
afterEach(async () => {
  await server.close();
  folder.remove();
});

let runs = 0;
let notices: string[] = [];
beforeEach(() => {
  notices = [];
});
async function take(source: HttpSource, environment: Record<string, string> = {}) {
  const out = join(folder.path, `out-${++runs}`);
  mkdirSync(out);
  const index = await takeHttp(
    source,
    { folder: out, signal: new AbortController().signal, progress: () => {} },
    {
      folder: join(folder.path, 'downloads'),
      environment,
      home: folder.path,
      notify: (text) => notices.push(text),
      hub: server.url,
      backoff: { attempts: 2, firstMs: 1, longestMs: 1 },
      wait: async () => {},
    },
  );
  return { index, files: [...folderContents(out).keys()] };
}

describe('FFHQ', () => {
  const first = Buffer.from('the first thumbnail');
  const archive = makeZip([
    { name: 'thumbnails128x128/', data: '', stored: true },
    { name: 'thumbnails128x128/00002.png', data: 'third' },
    { name: 'thumbnails128x128/00000.png', data: first, stored: true },
    { name: 'thumbnails128x128/00001.png', data: 'second' },
    { name: 'thumbnails128x128/LICENSE.txt', data: 'CC' },
  ]);
  const small = (): HttpSource => ({
    ...FFHQ,
    archives: [
      {
        url: `${server.url}/resolve/thumbnails128x128.zip`,
        bytes: archive.length,
        sha256: createHash('sha256').update(archive).digest('hex'),
      },
    ],
    images: 3,
    testFrom: 2,
    probe: {
      name: '00000.png',
      bytes: first.length,
      md5: createHash('md5').update(first).digest('hex'),
    },
  });

  test('comes by a redirect, with sides by number, and the second time without the network', async () => {
    server.answer(status(302, { Location: '/blob' }), breakAfter(100, archive), serve(archive));
    const { index, files } = await take(small());
    expect(index.source).toMatchObject({ kind: 'http', label: 'FFHQ thumbnails', standIn: false });
    expect(index.source.origin).toContain(`${archive.length} bytes, sha256 `);
    expect(index.images).toEqual(
      ['00000', '00001', '00002'].map((name, number) => ({
        file: `images/thumbnails128x128/${name}.png`,
        group: `thumbnails128x128/${name}.png`,
        part: number < 2 ? 'train' : 'test',
      })),
    );
    expect(files).toEqual(index.images.map(({ file }) => file));
    const asked = server.asked.length;
    expect((await take(small())).index).toEqual(index);
    expect(server.asked).toHaveLength(asked);
  });

  test('with another first image, or another number of images, is refused', async () => {
    server.answer(serve(archive));
    const probe = { name: '00000.png', bytes: first.length, md5: '0'.repeat(32) };
    await expect(take({ ...small(), probe })).rejects.toThrow(
      /FFHQ thumbnails: 00000\.png is not the image it should be/,
    );
    await expect(take({ ...small(), images: 70_000 })).rejects.toThrow(
      'FFHQ thumbnails: expected 70000 images in the archive, found 3',
    );
  });

  test('is identified by its published properties', () => {
    expect(FFHQ.archives[0]).toMatchObject({ bytes: 2_114_632_904 });
    expect(FFHQ).toMatchObject({ images: 70_000, testFrom: 60_000 });
    expect(FFHQ.probe).toEqual({
      name: '00000.png',
      bytes: 29_050,
      md5: 'bd3e40b2ba20f76b55dc282907b89cd1',
    });
  });
});

describe('Animals-10', () => {
  const classes = ['cane', 'cavallo', 'ragno'];
  const archive = makeZip([
    { name: 'translate.py', data: 'translate = {}' },
    ...classes.map((name) => ({ name: `raw-img/${name}/e83.jpeg`, data: name })),
  ]);
  const small = (): HttpSource => ({
    ...ANIMALS_10,
    archives: [{ url: `${server.url}/download/animals10`, login: 'kaggle' }],
    images: 3,
  });
  const md5 = createHash('md5').update(archive).digest('base64');
  const hashed = { headers: { 'X-Goog-Hash': `crc32c=AAAAAA==,md5=${md5}` } };

  test('comes without credentials if none are required', async () => {
    server.answer(serve(archive, hashed));
    const { files } = await take(small(), { KAGGLE_USERNAME: 'u', KAGGLE_KEY: 'k' });
    expect(files).toEqual(classes.map((name) => `images/raw-img/${name}/e83.jpeg`));
    expect(server.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test('comes with credentials if they are required', async () => {
    server.answer(status(403), serve(archive, hashed));
    await take(small(), { KAGGLE_USERNAME: 'u', KAGGLE_KEY: 'k' });
    expect(server.asked.map(({ authorization }) => authorization)).toEqual([
      undefined,
      `Basic ${Buffer.from('u:k').toString('base64')}`,
    ]);
  });

  test('without credentials says what to do, and that a local copy works too', async () => {
    server.answer(status(401));
    await expect(take(small())).rejects.toThrow(
      /^Animals-10: could not be downloaded\.\n {2}http:.*: HTTP 401, access is denied\n {2}Kaggle wants an account: .*kaggle\.json.*\n {2}Or download it by hand and name the folder, zip archive or parquet file as the source: \{ kind: path, path: \.\/folder-or-file \}\.$/,
    );
  });

  test('whose body does not fit its hash is refused', async () => {
    const wrong = { headers: { 'X-Goog-Hash': 'md5=1B2M2Y8AsgTpgAmY7PhCfg==' } };
    server.answer(serve(archive, wrong));
    await expect(take(small())).rejects.toThrow('twice not what it should be: md5');
  });
});

test('the next archive is used if the first is not available, and all failures are reported', async () => {
  const archive = makeZip([{ name: 'a.png', data: 'a' }]);
  const source: HttpSource = {
    kind: 'http',
    label: 'mirrored',
    archives: ['gone', 'there'].map((name) => ({ url: `${server.url}/${name}.zip` })),
  };
  server.answer(status(404), serve(archive));
  const { index } = await take(source);
  expect(index.source.origin).toContain('/there.zip');

  server.answer(status(404), status(410));
  const other = ['gone', 'there'].map((name) => ({ url: `${server.url}/${name}.zip?other` }));
  await expect(take({ ...source, archives: other })).rejects.toThrow(
    /\/gone\.zip\?other: HTTP 404\n.*\/there\.zip\?other: HTTP 410\n/,
  );
});

describe("Animals-10's mirror on Hugging Face", () => {
  const api = '/api/datasets/Rapidata/Animals-10/parquet';
  const labelNames = ['Butterfly', 'Cat'];
  const shards = [
    makeParquet(
      [
        { text: 'a', label: 0, path: 'a.jpeg' },
        { text: 'b', label: 1 },
      ],
      { labelNames },
    ),
    makeParquet([{ text: 'c', label: 1 }], { labelNames }),
  ];
  const digests = shards.map((shard) => createHash('sha256').update(shard).digest('hex'));
  const small = (): HttpSource => ({
    ...ANIMALS_10,
    archives: [
      { url: `${server.url}/download/animals10`, login: 'kaggle' },
      { ...ANIMALS_10.archives[1]!, images: 3 },
    ],
  });
  const listing = (count = shards.length, split = 'train') => {
    const urls = shards
      .slice(0, count)
      .map((_, i) => `${server.url}${api}/default/train/${i}.parquet`);
    return serve(Buffer.from(JSON.stringify({ default: { [split]: urls } })), { etag: undefined });
  };

  test.each([401, 403])('is used if Kaggle answers %i and there is no account', async (code) => {
    server.answer(
      status(code),
      listing(),
      status(302, { Location: '/blob/0' }),
      serve(shards[0]!),
      serve(shards[1]!),
    );
    const { index, files } = await take(small());
    expect(server.asked.map(({ path }) => path)).toEqual([
      '/download/animals10',
      api,
      `${api}/default/train/0.parquet`,
      '/blob/0',
      `${api}/default/train/1.parquet`,
    ]);
    expect(index.images.map(({ file }) => file)).toEqual([
      'images/Butterfly/a.png',
      'images/Cat/1.png',
      'images/Cat/2.png',
    ]);
    expect(files).toEqual(index.images.map(({ file }) => file));
    expect(notices).toEqual([
      `Animals-10: ${server.url}/download/animals10: HTTP ${code}, access is denied; ` +
        "Hugging Face's Rapidata/Animals-10 is taken instead",
    ]);
  });

  test('is distinguished from the original in the index, with its digest', async () => {
    server.answer(status(403), listing(), serve(shards[0]!), serve(shards[1]!));
    const bytes = shards[0]!.length + shards[1]!.length;
    const both = createHash('sha256').update(`${digests[0]}\n${digests[1]}\n`).digest('hex');
    expect((await take(small())).index.source).toEqual({
      kind: 'http',
      label: 'Animals-10, cleaned by Rapidata',
      standIn: false,
      licence: 'the photographs belong to their owners',
      origin: `${server.url}/datasets/Rapidata/Animals-10, default/train, 2 parquet files, ${bytes} bytes, sha256 ${both}`,
    });
  });

  test('comes a second time without the network, in the same shards', async () => {
    const mirror = { ...small(), archives: small().archives.slice(1) };
    server.answer(listing(), serve(shards[0]!), serve(shards[1]!));
    const { index } = await take(mirror);
    const asked = server.asked.length;
    expect((await take(mirror)).index).toEqual(index);
    expect(server.asked).toHaveLength(asked);
  });

  test('has its own number of images', async () => {
    const mirror = { ...small(), archives: small().archives.slice(1) };
    server.answer(listing(1), serve(shards[0]!));
    await expect(take(mirror)).rejects.toThrow(
      'Animals-10, cleaned by Rapidata: expected 3 images in the archive, found 2\n' +
        '  The archive is not the one that was meant; set images of the source if it is.',
    );
    expect(ANIMALS_10.images).toBe(26_179);
    expect(ANIMALS_10.archives[1]?.images).toBe(23_554);
  });

  test('whose shard changes after the first download is refused', async () => {
    const mirror = { ...small(), archives: small().archives.slice(1) };
    server.answer(listing(), serve(shards[0]!), serve(shards[1]!));
    await take(mirror);
    rmSync(join(folder.path, 'downloads'), { recursive: true, force: true });
    mkdirSync(join(folder.path, 'downloads'));
    const known = { [`${server.url}${api}/default/train/0.parquet`]: { sha256: digests[1] } };
    writeFileSync(join(folder.path, 'downloads', 'checksums.json'), JSON.stringify(known));
    server.answer(listing(), serve(shards[0]!));
    await expect(take(mirror)).rejects.toThrow(
      `0.parquet: twice not what it should be: sha256: expected ${digests[1]}, got ${digests[0]}`,
    );
  });

  test('with an unknown split lists the existing ones', async () => {
    server.answer(status(403), listing(2, 'test'));
    await expect(take(small())).rejects.toThrow(
      `  ${server.url}${api}: has no split train\n  There is: test.\n`,
    );
  });

  test.each([
    ['no JSON', 'oops'],
    ['another shape', '{"error":"not ready"}'],
    ['addresses of files here', '{"default":{"train":["file:///etc/passwd"]}}'],
  ])('whose list is %s is not kept', async (_, body) => {
    const mirror = { ...small(), archives: small().archives.slice(1) };
    server.answer(serve(Buffer.from(body)));
    await expect(take(mirror)).rejects.toThrow(
      `${server.url}${api}: expected the addresses of parquet files by config and split, got something else\n` +
        '  Hugging Face may be converting the data set still: try again later.',
    );
    server.answer(listing(), serve(shards[0]!), serve(shards[1]!));
    expect((await take(mirror)).index.images).toHaveLength(3);
  });
});

test('an archive may be a parquet file, with any extension in its address', async () => {
  const shard = makeParquet([{ text: 'a' }, { text: 'b' }]);
  server.answer(serve(shard));
  const archives = [{ url: `${server.url}/download?id=7` }];
  const { files } = await take({ kind: 'http', label: 'mine', archives });
  expect(files).toEqual(['images/0.png', 'images/1.png']);
});

describe('in pipeline.yaml', () => {
  test('the known sets need only their name', () => {
    expect(parseSource({ kind: 'ffhq' }, 'sources.a')).toEqual(FFHQ);
    expect(parseSource({ kind: 'animals-10' }, 'sources.a')).toEqual(ANIMALS_10);
    const mirror = { url: 'https://example.org/a.zip', sha256: 'A'.repeat(64) };
    expect(parseSource({ kind: 'ffhq', archives: [mirror], count: 100 }, 'sources.a')).toEqual({
      ...FFHQ,
      archives: [{ url: mirror.url, sha256: 'a'.repeat(64) }],
      count: 100,
    });
  });

  test('a data set on Hugging Face may be one of the archives', () => {
    const archives = [
      { huggingface: 'owner/animals.10', split: 'train', images: 7, include: 'cat/*' },
      { url: 'https://example.org/a.parquet', label: 'the other' },
    ];
    const source = { kind: 'http', label: 'x', archives };
    expect(parseSource(source, 'sources.a')).toEqual(source);
  });

  test("the user's `include` overrides that of a known archive", () => {
    const [kaggle, mirror] = ANIMALS_10.archives;
    const { images, include, ...unknown } = mirror!;
    const { images: total, ...rest } = ANIMALS_10;
    expect([images, include, total]).toEqual([23_554, '**', 26_179]);
    expect(parseSource({ kind: 'animals-10', include: '*/*' }, 'sources.a')).toEqual({
      ...rest,
      archives: [kaggle, unknown],
      include: '*/*',
    });
    expect(parseSource({ kind: 'animals-10', images: 5 }, 'sources.a')).toEqual({
      ...ANIMALS_10,
      archives: [kaggle, { ...unknown, include: '**' }],
      images: 5,
    });
  });

  test.each([
    [{ kind: 'http' }, 'sources.a.archives: expected a list of archives'],
    [{ kind: 'http', archives: [] }, 'sources.a.archives: expected a list of archives'],
    [
      { kind: 'http', label: 'x', archives: [{ url: 'file:///etc/passwd' }] },
      'sources.a.archives[0].url: expected an address that begins with http:// or https://',
    ],
    [
      { kind: 'http', label: 'x', archives: [{ url: 'http://a/b', sha256: 'abc' }] },
      'sources.a.archives[0].sha256: expected 64 hexadecimal digits',
    ],
    [
      { kind: 'http', label: 'x', archives: [{ huggingface: '../x' }] },
      "sources.a.archives[0].huggingface: expected a data set's name on Hugging Face, owner/name, got ../x",
    ],
    [
      { kind: 'http', label: 'x', archives: [{ huggingface: 'a/b', sha256: '0' }] },
      'sources.a.archives[0].sha256: unknown parameter\n  Known here: huggingface, config, split, label, images, include.',
    ],
    [{ kind: 'ffhq', licence: 'mine' }, 'sources.a.licence: unknown parameter'],
  ])('%j is named', (value, message) => {
    expect(() => parseSource(value, 'sources.a')).toThrow(message);
  });
});
