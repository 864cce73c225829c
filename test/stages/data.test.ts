/** The data side of the experiment, stage after stage, from a source to masks and split. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readJson } from '@pipe-experiment/data/json.js';
import type { RawIndex } from '@pipe-experiment/data/sources/source.js';
import { maskArea } from '@pipe-experiment/images/bits.js';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import download from '../../stages/download.js';
import { readDetail, readImages } from '../../stages/lib/images.js';
import { readMaskIndex, readMasks } from '../../stages/lib/masks.js';
import type { Split } from '../../stages/lib/split.js';
import occlude from '../../stages/occlude.js';
import preprocess from '../../stages/preprocess.js';
import split from '../../stages/split.js';
import { runStage } from './support/context.js';
import { folderDigests, temporaryFolder } from './support/folders.js';
import { makeParquet } from './support/parquet-writer.js';

const PARAMS = {
  image: { size: 32, channels: 1, maxUnreadable: 0.1 },
  occlusions: {
    double8: { shape: 'square', side: 8, count: 2 },
    strokes: { shape: 'strokes', area: [0.1, 0.3] },
    square8: { shape: 'square', side: 8 },
  },
  occlude: { seed: 1 },
  split: { train: 18, test: 4, seed: 1 },
};

let folder = temporaryFolder();
beforeAll(() => {
  folder = temporaryFolder();
  vi.spyOn(console, 'log').mockImplementation(() => {});
});
afterAll(() => {
  folder.remove();
  vi.restoreAllMocks();
});

/** The four stages one after the other, in their own folder. */
async function runAll(name: string, source: unknown, params: typeof PARAMS = PARAMS) {
  const at = (out: string) => join(folder.path, name, out);
  mkdirSync(at(''), { recursive: true });
  const progress: Record<string, string> = {};
  const follow = (stage: string) => (done: number, total: number) => {
    progress[stage] = `${done} of ${total}`;
  };
  await runStage(download, {
    params: { sources: { mine: source } },
    matrix: { dataset: 'mine' },
    deps: {},
    outs: { raw: at('raw') },
    progress: follow('download'),
  });
  await runStage(preprocess, {
    params,
    deps: { raw: at('raw') },
    outs: { images: at('images') },
    progress: follow('preprocess'),
  });
  await runStage(occlude, {
    params,
    deps: { images: at('images') },
    outs: { masks: at('masks') },
    progress: follow('occlude'),
  });
  await runStage(split, { params, deps: { images: at('images') }, outs: { split: at('split') } });
  return { at, progress };
}

describe('from rendered animals', () => {
  const source = { kind: 'rendered-animals', count: 24, seed: 1 };
  let run: Awaited<ReturnType<typeof runAll>>;
  beforeAll(async () => {
    run = await runAll('animals', source);
  });

  test('images.npy holds every image, in the order of the index, with its digest', async () => {
    const raw = readJson<RawIndex>(join(run.at('raw'), 'index.json'));
    const images = readImages(run.at('images'));
    expect([images.count, images.size, images.channels]).toEqual([24, 32, 1]);
    expect(images.index.source).toEqual(raw.source);
    expect(images.index.images.map(({ file }) => file)).toEqual(raw.images.map(({ file }) => file));
    expect(images.index.images.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256))).toBe(true);

    const file = readFileSync(join(run.at('raw'), raw.images[7]!.file));
    const rgb = await sharp(file).resize(32, 32, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer();
    const seventh = images.data.subarray(7 * 1024, 8 * 1024);
    const luma = (i: number) =>
      0.299 * rgb[i * 3]! + 0.587 * rgb[i * 3 + 1]! + 0.114 * rgb[i * 3 + 2]!;
    const differences = Array.from(seventh, (value, i) => Math.abs(value - luma(i)));
    expect(Math.max(...differences)).toBeLessThan(0.51);
  });

  test('each image has its own masks, which differ between images and settings', () => {
    const index = readMaskIndex(run.at('masks'));
    expect(Object.keys(index.settings)).toEqual(['double8', 'square8', 'strokes']);
    const masks = readMasks(run.at('masks'), 'square8');
    expect(masks.count).toBe(24);
    const drawn = Array.from({ length: 24 }, (_, image) => masks.mask(image));
    expect(drawn.every((mask) => maskArea(mask) === 64)).toBe(true);
    expect(new Set(drawn.map((mask) => mask.join(''))).size).toBeGreaterThan(20);
    expect(index.settings.square8?.meanArea).toBe(64 / 1024);
    expect(index.settings.double8?.meanArea).toBeGreaterThan(64 / 1024);
    expect(() => readMasks(run.at('masks'), 'square9')).toThrow('no masks of the setting square9');
  });

  test('the split is listed by index and by name, and separates groups', () => {
    const found = readJson<Split>(join(run.at('split'), 'split.json'));
    const { images } = readImages(run.at('images')).index;
    expect([found.train.length, found.test.length, found.notes]).toEqual([18, 4, []]);
    const names = readFileSync(join(run.at('split'), 'test.txt'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(names).toEqual(found.test.map((index) => images[index]!.file));
    const groups = (indices: readonly number[]) => new Set(indices.map((i) => images[i]!.group));
    const train = groups(found.train);
    expect([...groups(found.test)].filter((group) => train.has(group))).toEqual([]);
  });

  test('a second run gives the same bytes in every file', async () => {
    const again = await runAll('animals-again', source);
    for (const out of ['raw', 'images', 'masks', 'split']) {
      expect(folderDigests(again.at(out))).toEqual(folderDigests(run.at(out)));
    }
  });

  test('progress ends at 100 %', () => {
    expect(run.progress).toEqual({
      download: '24 of 24',
      preprocess: '24 of 24',
      occlude: '3 of 3',
    });
  });

  test('another seed moves only the masks', async () => {
    const other = await runAll('animals-seed', source, { ...PARAMS, occlude: { seed: 2 } });
    expect(folderDigests(other.at('images'))).toEqual(folderDigests(run.at('images')));
    expect(folderDigests(other.at('masks')).get('square8.npy')).not.toEqual(
      folderDigests(run.at('masks')).get('square8.npy'),
    );
  });

  test('two kernels give two arrays of the same images, and a model uses the one that it names', async () => {
    const images = join(folder.path, 'kernels');
    await runStage(preprocess, {
      params: { image: { ...PARAMS.image, kernel: ['cubic', 'nearest'] } },
      deps: { raw: run.at('raw') },
      outs: { images },
    });
    const cubic = readImages(images);
    const nearest = readImages(images, 'nearest');
    expect([cubic.kernel, nearest.kernel]).toEqual(['cubic', 'nearest']);
    expect(cubic.data).toEqual(readImages(run.at('images')).data);
    expect(nearest.data.length).toBe(cubic.data.length);
    expect(nearest.data).not.toEqual(cubic.data);
    expect(() => readImages(images, 'linear')).toThrow(
      'the model takes images scaled by linear, but image.kernel has only cubic, nearest',
    );
  });

  test('larger pictures of the same images are written for training to cut from', async () => {
    const images = join(folder.path, 'detail');
    const prepared = (changed: object) =>
      runStage(preprocess, {
        params: { image: { ...PARAMS.image, kernel: ['cubic', 'nearest'], ...changed } },
        deps: { raw: run.at('raw') },
        outs: { images },
      });
    await expect(prepared({ detail: 31 })).rejects.toThrow(
      'image.detail: expected 0, or at least image.size, 32',
    );
    await prepared({ detail: 48 });
    const mean = (bytes: Uint8Array) => bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
    for (const kernel of ['cubic', 'nearest'] as const) {
      const small = readImages(images, kernel);
      const { side, data } = readDetail(images, small)!;
      expect([small.size, side, data.length]).toEqual([32, 48, 24 * 48 * 48]);
      // Each is the same picture: as bright as the small one, in its top half too.
      for (let i = 0; i < small.count; i++)
        for (const share of [1, 0.5]) {
          const bright = mean(small.data.subarray(i * 32 * 32, (i + share) * 32 * 32));
          const large = mean(data.subarray(i * 48 * 48, (i + share) * 48 * 48));
          expect(Math.abs(bright - large)).toBeLessThan(4);
        }
    }
    expect(readDetail(run.at('images'), readImages(run.at('images')))).toBeUndefined();
  });

  test('masks are drawn only for the listed settings, and do not change', async () => {
    const masks = join(folder.path, 'listed');
    const listed = (settings: unknown) =>
      runStage(occlude, {
        params: { ...PARAMS, occlude: { seed: 1, settings } },
        deps: { images: run.at('images') },
        outs: { masks },
      });
    await listed(['strokes']);
    expect(Object.keys(readMaskIndex(masks).settings)).toEqual(['strokes']);
    expect(folderDigests(masks).get('strokes.npy')).toEqual(
      folderDigests(run.at('masks')).get('strokes.npy'),
    );
    await expect(listed(['storkes'])).rejects.toThrow('occlude.settings[0]: expected one of');
    await expect(listed([])).rejects.toThrow('occlude.settings: expected a list');
  });

  test('three channels give RGB', async () => {
    const images = join(folder.path, 'rgb');
    await runStage(preprocess, {
      params: { image: { ...PARAMS.image, channels: 3 } },
      deps: { raw: run.at('raw') },
      outs: { images },
    });
    const set = readImages(images);
    expect([set.count, set.size, set.channels, set.data.length]).toEqual([
      24,
      32,
      3,
      24 * 32 * 32 * 3,
    ]);
  });
});

describe('images that cannot be read', () => {
  /** A folder of ten images of which the first `broken` are none. */
  async function tenImages(name: string, broken: number): Promise<string> {
    const path = join(folder.path, name);
    mkdirSync(path);
    for (let index = 0; index < 10; index++) {
      const background = { r: index * 20, g: 0, b: 0 };
      const image = sharp({ create: { width: 40, height: 30, channels: 3, background } });
      const file = index < broken ? Buffer.from(`no image ${index}`) : await image.png().toBuffer();
      writeFileSync(join(path, `${index}.jpg`), file);
    }
    return path;
  }
  const params = { ...PARAMS, split: { train: 6, test: 2, seed: 1 } };

  test('are named, counted and skipped; the other images keep their masks', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const whole = await runAll('whole', await tenImages('ten', 0), params);
    const path = await tenImages('nine', 1);
    const run = await runAll('nine-run', path, params);
    const { index, count } = readImages(run.at('images'));
    expect(count).toBe(9);
    expect(index.unreadable).toEqual([
      { file: 'images/0.jpg', reason: 'Input buffer contains unsupported image format' },
    ]);
    expect(warn.mock.calls.flat().join('\n')).toContain(
      '1 of 10 images cannot be read:\n  images/0.jpg: Input buffer contains unsupported image format\nThey are left out.',
    );
    warn.mockRestore();
    expect(readMasks(run.at('masks'), 'square8').mask(0)).toEqual(
      readMasks(whole.at('masks'), 'square8').mask(1),
    );
  });

  test('fail the stage if they exceed the stated share', async () => {
    const path = await tenImages('eight', 2);
    await expect(runAll('eight-run', path, params)).rejects.toThrow(
      /^2 of 10 images cannot be read:\n {2}images\/0\.jpg: .*\n {2}images\/1\.jpg: .*\n {2}image\.maxUnreadable allows a share of 0\.1\.$/,
    );
  });
});

test('from parquet shards, a label is on one side only', async () => {
  const shards = join(folder.path, 'shards');
  mkdirSync(shards);
  const rows = await Promise.all(
    Array.from({ length: 12 }, async (_, index) => {
      const background = { r: index * 20, g: 0, b: 0 };
      const image = sharp({ create: { width: 40, height: 30, channels: 3, background } });
      return { text: '', kind: [...(await image.jpeg().toBuffer())], label: `${index % 4}` };
    }),
  );
  writeFileSync(join(shards, '0.parquet'), makeParquet(rows.slice(0, 7)));
  writeFileSync(join(shards, '1.parquet'), makeParquet(rows.slice(7)));
  const source = { kind: 'path', path: shards, group: 'folder' };
  const run = await runAll('parquet', source, { ...PARAMS, split: { train: 9, test: 3, seed: 1 } });
  const { index } = readImages(run.at('images'));
  expect(index.unreadable).toEqual([]);
  expect(index.images.map(({ file }) => file).slice(0, 4)).toEqual(
    ['0/00', '0/04', '0/08', '1/01'].map((name) => `images/${name}.jpg`),
  );
  const found = readJson<Split>(join(run.at('split'), 'split.json'));
  const labels = (indices: readonly number[]) =>
    new Set(indices.map((i) => index.images[i]!.group));
  expect([labels(found.train).size, labels(found.test).size]).toEqual([3, 1]);
});

test('a small data set reduces the train set with a message', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const source = { kind: 'rendered-animals', count: 14, seed: 1 };
  const run = await runAll('capped', source, { ...PARAMS, split: { train: 50, test: 4, seed: 1 } });
  const { notes } = readJson<Split>(join(run.at('split'), 'split.json'));
  expect(notes).toHaveLength(1);
  expect(warn.mock.calls.flat()).toEqual([`WARNING: ${notes[0]}`]);
  warn.mockRestore();
});

describe('a mistake in the parameters', () => {
  const at = {
    deps: { raw: 'nowhere', images: 'nowhere' },
    outs: { images: 'x', masks: 'x', split: 'x' },
  };

  test('is reported before anything is read', async () => {
    const image = (change: object) =>
      runStage(preprocess, { params: { image: { ...PARAMS.image, ...change } }, ...at });
    await expect(image({ size: '100' })).rejects.toThrow('image.size: expected an integer from 8');
    await expect(image({ channels: 2 })).rejects.toThrow('image.channels: expected one of 1, 3');
    await expect(image({ kernel: 'bicubic' })).rejects.toThrow(
      'image.kernel: expected one of cubic',
    );
    await expect(image({ widht: 1 })).rejects.toThrow('image.widht: unknown parameter');
    const params = { ...PARAMS, split: { train: 0, test: 1, seed: 1 } };
    await expect(runStage(split, { params, ...at })).rejects.toThrow('split.train: expected');
    await expect(
      runStage(download, {
        params: { sources: {} },
        matrix: { dataset: 'mine' },
        deps: {},
        outs: { raw: 'x' },
      }),
    ).rejects.toThrow('sources.mine: the data set has no source');
  });
});

/** Some checkouts have real photographs next to them, which are never part of the project. */
const REAL = resolve(process.env.PIPE_REAL_DATA ?? '../shared/data', 'faces.zip');

test.skipIf(!existsSync(REAL))('from real portraits, a person is on one side only', async () => {
  const source = { kind: 'path', path: REAL, group: 'name', count: 300, seed: 5 };
  const run = await runAll('real', source, { ...PARAMS, split: { train: 200, test: 60, seed: 1 } });
  const { index } = readImages(run.at('images'));
  expect([index.images.length, index.unreadable]).toEqual([300, []]);
  const found = readJson<Split>(join(run.at('split'), 'split.json'));
  const people = (indices: readonly number[]) =>
    new Set(indices.map((i) => index.images[i]!.file.replace(/_\d+\.jpg$/, '')));
  const train = people(found.train);
  expect([...people(found.test)].filter((person) => train.has(person))).toEqual([]);
});
