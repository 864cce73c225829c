/**
 * Parquet tables of images: chosen images are unpacked completely, hostile or damaged files leave
 * nothing behind.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMistake } from '@pipe-experiment/data/mistake.js';
import { extractParquet, type ParquetLimits } from '@pipe-experiment/data/parquet/extract.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderContents, temporaryFolder } from '../../../stages/support/folders.js';
import {
  imageBytes,
  JPEG,
  makeParquet,
  type ParquetOptions,
  type ParquetRow,
} from '../../../stages/support/parquet-writer.js';

let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function table(
  rows: readonly ParquetRow[],
  options: ParquetOptions = {},
  name = 'a.parquet',
): string {
  const file = join(folder.path, name);
  writeFileSync(file, makeParquet(rows, options));
  return file;
}

/** Unpacks everything under its own name, and returns the resulting files. */
async function extract(
  files: string | readonly string[],
  limits: Partial<ParquetLimits> = {},
): Promise<ReadonlyMap<string, Buffer>> {
  const out = join(folder.path, 'out');
  const plan = (names: readonly string[]) => new Map(names.map((name) => [name, name]));
  await extractParquet([files].flat(), out, { plan, limits });
  return existsSync(out) ? folderContents(out) : new Map();
}

const names = async (...given: Parameters<typeof extract>) => [...(await extract(...given)).keys()];

const DAMAGED = 'The file is damaged or incomplete, or it is not a parquet file: get it again.';

describe('a file of the reference implementation', () => {
  /** As in `make.py`. */
  function pixels(image: number): Buffer {
    const values: number[] = [];
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) values.push(31 * x + 17 * image, 29 * y, x * y + 50 * image);
    }
    return Buffer.from(values.map((value) => value % 256));
  }

  test.each(['snappy', 'zstd', 'gzip', 'brotli'])('packed by %s is read', async (codec) => {
    const found = await extract(join('test/fixtures/parquet', `${codec}.parquet`));
    expect([...found.keys()]).toEqual([
      'cat/one.jpg',
      'cat/one.png',
      'dog/1.png',
      'dog/wrong ending.png',
    ]);
    for (const [name, image] of [
      ['cat/one.png', 0],
      ['dog/1.png', 1],
      ['dog/wrong ending.png', 2],
    ] as const) {
      expect(await sharp(found.get(name)).raw().toBuffer(), name).toEqual(pixels(image));
    }
    const { format, width, height } = await sharp(found.get('cat/one.jpg')).metadata();
    expect([format, width, height]).toEqual(['jpeg', 8, 8]);
  });
});

test('unpacks the chosen images to their new places, over all shards and row groups', async () => {
  const rows = Array.from({ length: 7 }, (_, i): ParquetRow => ({ text: `${i}`, label: i % 2 }));
  const shards = [table(rows.slice(0, 5)), table(rows.slice(5), {}, 'b.parquet')];
  let seen: readonly string[] = [];
  const done: string[] = [];
  await extractParquet(shards, join(folder.path, 'out'), {
    plan(all) {
      seen = all;
      return new Map([4, 6, 1].map((i) => [all[i]!, `new/${i}.png`]));
    },
    onDone: (count, total) => done.push(`${count} of ${total}`),
  });
  expect(seen).toEqual([
    '0/0.png',
    '1/1.png',
    '0/2.png',
    '1/3.png',
    '0/4.png',
    '1/5.png',
    '0/6.png',
  ]);
  const found = folderContents(join(folder.path, 'out'));
  expect([...found.keys()]).toEqual(['new/1.png', 'new/4.png', 'new/6.png']);
  for (const [name, data] of found) {
    expect(data).toEqual(imageBytes({ text: name.charAt(4) }));
  }
  expect(done).toEqual(['1 of 3', '2 of 3', '3 of 3']);
});

describe('names', () => {
  test('consist of label, path and the format of the image', async () => {
    const rows = [
      { text: 'a', path: 'tom.jpg', label: 0 },
      { text: 'b', path: 'photo.2019', label: 1, kind: JPEG },
      { text: 'c', path: 'sub/rex.JPEG', label: 7, kind: JPEG },
      { text: 'd', path: 'unknown.gif', label: 0, kind: [] },
      { text: 'e', label: 0, kind: [] },
    ];
    const file = table(rows, { labelNames: ['cat', 'hot dog'] });
    expect(await names(file)).toEqual([
      '7/sub/rex.jpg',
      'cat/4.jpg',
      'cat/tom.png',
      'cat/unknown.gif',
      'hot dog/photo.2019.jpg',
    ]);
  });

  test('have no folder if the table has no labels, and numbers of equal length', async () => {
    const rows = Array.from({ length: 11 }, (_, i) => ({ text: `${i}` }));
    const found = await names(table(rows, { plain: true, column: 'picture' }));
    expect(found).toEqual(rows.map((_, i) => `${String(i).padStart(2, '0')}.png`));
  });

  test('are texts if the labels are', async () => {
    expect(await names(table([{ text: 'a', label: 'hen' }]))).toEqual(['hen/0.png']);
  });

  test('that repeat get the number of their row', async () => {
    const twice = { path: 'a.png', label: 1 };
    const rows = [
      { text: '1', ...twice },
      { text: '2', ...twice, path: 'a_2.png' },
      { text: '3', ...twice },
      { text: '4', ...twice, label: 2 },
    ];
    const found = await extract(table(rows));
    expect([...found.keys()]).toEqual(['1/a.png', '1/a_2.png', '1/a_2_2.png', '2/a.png']);
    expect(found.get('1/a_2_2.png')).toEqual(imageBytes({ text: '3' }));
  });

  test.each([
    { path: '../escaped.png' },
    { path: 'a/../../escaped.png' },
    { path: '/escaped.png' },
    { path: 'C:/escaped.png' },
    { path: '..\\escaped.png' },
    { path: 'x.png', label: '..' },
    { path: 'x.png', label: '/etc' },
  ])('that leave the folder make the whole file invalid: %j', async (row) => {
    const file = table([
      { text: 'good', label: 'a' },
      { text: 'bad', label: 'b', ...row },
    ]);
    await expect(extract(file)).rejects.toThrow(
      /^.*a\.parquet, row 1: the entry ".*" would be written outside the folder\n {2}Nothing was unpacked\. Do not trust this archive\.$/,
    );
    expect(readdirSync(folder.path)).toEqual(['a.parquet']);
  });
});

describe('a row without an image', () => {
  test('is skipped, and the others keep their numbers', async () => {
    expect(await names(table([{ text: 'a' }, { text: null }, { text: 'c' }]))).toEqual([
      '0.png',
      '2.png',
    ]);
  });

  test('is an error if it refers to a file elsewhere', async () => {
    const file = table([{ text: 'a' }, { text: null, path: 'elsewhere/b.png' }]);
    await expect(extract(file)).rejects.toThrow(
      `${file}, row 1: it names the image "elsewhere/b.png", but does not hold it\n` +
        '  Write the data set anew with its images in it, or name the folder of the images as the source.',
    );
  });
});

describe('a limit', () => {
  const rows = ['a', 'b', 'c'].map((label) => ({ text: label.repeat(592), label }));

  test('on the unpacked size holds before anything is written', async () => {
    const file = table(rows);
    await expect(extract(file, { maxUnpackedBytes: 1799 })).rejects.toThrow(
      `${file}: unpacks to more than the 1799 bytes allowed\n  Set maxUnpackedBytes of the source higher when that is right.`,
    );
    expect(existsSync(join(folder.path, 'out'))).toBe(false);
    expect(await names(file, { maxUnpackedBytes: 1800 })).toHaveLength(3);
  });

  test('on one image and on the number of rows holds too', async () => {
    const file = table(rows);
    await expect(extract(file, { maxEntryBytes: 599 })).rejects.toThrow(
      `${file}, row 0: the entry "a/0.png" has 600 bytes, more than the 599 allowed`,
    );
    await expect(extract(file, { maxEntries: 2 })).rejects.toThrow(
      `${file}: 3 rows, more than the 2 allowed`,
    );
  });

  test('on a row group says how to write smaller ones', async () => {
    const file = table(rows, { codec: 'UNCOMPRESSED' });
    await expect(extract(file, { maxGroupBytes: 1000 })).rejects.toThrow(
      /a\.parquet: row group 1 of 2 has 1\d\d\d bytes, more than the 1000 allowed\n {2}It would be held in memory as a whole\. Write the file anew with smaller row groups, such as pyarrow\.parquet\.write_table\(table, file, row_group_size=100\)\.$/,
    );
    expect(await names(file, { maxGroupBytes: 2000 })).toHaveLength(3);
  });
});

describe('the column of images', () => {
  const png = [imageBytes({ text: 'a' })!];

  test('is the one called image if there are several candidates', async () => {
    const file = table([{ text: 'x' }], { columns: [{ name: 'thumbnail', data: png }] });
    expect([...(await extract(file)).values()]).toEqual([imageBytes({ text: 'x' })]);
  });

  test('must be unambiguous', async () => {
    const columns = [{ name: 'thumbnail', data: png }];
    const file = table([{ text: 'x' }], { column: 'picture', columns });
    await expect(extract(file)).rejects.toThrow(
      `${file}: several of its columns may hold the images: picture, thumbnail\n` +
        '  Images are in a column image: a struct of bytes and path, or binary.',
    );
  });
});

test('a file with an unsupported compression lists the supported ones', async () => {
  const file = table([{ text: 'a' }], { codec: 'LZ4_RAW' });
  await expect(extract(file)).rejects.toThrow(
    `${file}: row group 1 of 1 is packed by LZ4_RAW, which is not read\n` +
      '  Write the file anew, packed by one of UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD.',
  );
});

describe('a damaged file', () => {
  const rows = [
    { text: 'some text '.repeat(20), path: 'a.png', label: 0 },
    { text: 'other', path: 'b.png', label: 1 },
    { text: '', label: 1 },
  ];

  test('that is not parquet is named, with a hint', async () => {
    const file = join(folder.path, 'a.parquet');
    writeFileSync(file, 'PK, a zip that means to be parquet');
    await expect(extract(file)).rejects.toThrow(
      `${file}: it does not begin with PAR1, as parquet does\n  ${DAMAGED}`,
    );
    writeFileSync(file, '');
    await expect(extract(file)).rejects.toThrow(`${file}: it does not begin with PAR1`);
  });

  test('truncated anywhere is refused, never partly used', async () => {
    const whole = makeParquet(rows);
    const file = join(folder.path, 'a.parquet');
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      await expect(extract(file), `${length} bytes`).rejects.toThrow(DAMAGED);
    }
    expect(readdirSync(folder.path)).toEqual(['a.parquet']);
    writeFileSync(file, whole);
    expect(await names(file)).toEqual(['0/a.png', '1/2.png', '1/b.png']);
  });

  test('is named, with the row group that cannot be read', async () => {
    const file = table(rows, { codec: 'UNCOMPRESSED' });
    const data = readFileSync(file);
    data.fill(0xff, data.indexOf('other') - 40, data.indexOf('other'));
    writeFileSync(file, data);
    await expect(extract(file)).rejects.toThrow(
      new RegExp(`a\\.parquet: row group [12] of 2: .*\\n {2}${DAMAGED}$`),
    );
    expect(existsSync(join(folder.path, 'out'))).toBe(false);
  });

  test.each([
    [
      'more values than the page has',
      [0xfe, 0xff, 0xff, 0xff, 0x0f, 1],
      'run of 2147483647 values',
    ],
    ['fewer than none', [0xff, 0xff, 0xff, 0xff, 0x0f, 1], 'run of -8 values'],
  ])('whose page declares a run of %s is refused immediately', async (_, run, message) => {
    const images = Array.from({ length: 100 }, (_, i) => ({ text: `${i}` }));
    const file = table(images, { plain: true, codec: 'UNCOMPRESSED', rowGroupSize: 100 });
    const data = readFileSync(file);
    // The definition levels, in one run of 100, lie before the first image and its length.
    const levels = data.indexOf(imageBytes({ text: '0' })!) - 4 - 3;
    expect([...data.subarray(levels, levels + 3)]).toEqual([0xc8, 1, 1]);
    data.set(run, levels);
    writeFileSync(file, data);
    await expect(extract(file)).rejects.toThrow(
      `${file}: row group 1 of 1: a ${message} in a page of 100\n  ${DAMAGED}`,
    );
  });

  test.each([
    ['its footer', 80],
    ['its pages', 40],
  ])('with any bit of %s flipped is refused or read, and never a bug', async (part, rounds) => {
    const random = createRandom(1, 'flips');
    const file = join(folder.path, 'a.parquet');
    const out = join(folder.path, 'out');
    let refused = 0;
    for (const codec of ['SNAPPY', 'UNCOMPRESSED'] as const) {
      const whole = makeParquet(rows, { codec });
      const pages = whole.length - whole.readUInt32LE(whole.length - 8) - 8;
      for (let round = 0; round < rounds; round++) {
        const flipped = Buffer.from(whole);
        const at =
          part === 'its pages' ? random.int(pages) : pages + random.int(whole.length - pages);
        flipped[at]! ^= 1 << random.int(8);
        writeFileSync(file, flipped);
        const error = await extract(file).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error !== undefined) refused++;
        expect(error === undefined || isMistake(error), String(error)).toBe(true);
        expect(error !== undefined && existsSync(out)).toBe(false);
        rmSync(out, { recursive: true, force: true });
        expect(readdirSync(folder.path)).toEqual(['a.parquet']);
      }
    }
    // The rest hit statistics, indexes, names and the images themselves: nothing depends on them.
    expect(refused).toBeGreaterThan(rounds / 4);
  });
});
