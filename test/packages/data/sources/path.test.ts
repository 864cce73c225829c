/**
 * The user's own images: which ones are used from a folder or archive, and how they are grouped.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { groupBy } from '@pipe-experiment/data/sources/groups.js';
import { takePath } from '@pipe-experiment/data/sources/path.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseSource } from '../../../../stages/lib/sources/parse.js';
import { folderContents, temporaryFolder } from '../../../stages/support/folders.js';
import { makeParquet } from '../../../stages/support/parquet-writer.js';
import { makeZip } from '../../../stages/support/zip-writer.js';

let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

const FILES = {
  'faces/Ada_Lovelace_0001.jpg': 'ada 1',
  'faces/Ada_Lovelace_0002.jpg': 'ada 2',
  'faces/Alan_Turing_0001.JPG': 'alan',
  'animals/cat 1.png': 'cat',
  'animals/.hidden.png': 'hidden',
  '__MACOSX/faces/._Ada_Lovelace_0001.jpg': 'resource fork',
  'README.md': 'not an image',
};

function inFolder(): string {
  const path = join(folder.path, 'in');
  for (const [name, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

function inZip(): string {
  const path = join(folder.path, 'in.zip');
  writeFileSync(path, makeZip(Object.entries(FILES).map(([name, data]) => ({ name, data }))));
  return path;
}

async function take(settings: Record<string, unknown>) {
  const out = join(folder.path, 'out');
  mkdirSync(out);
  const source = parseSource({ kind: 'path', ...settings }, 'sources.mine');
  if (source.kind !== 'path') throw new Error('expected a path');
  const signal = new AbortController().signal;
  const index = await takePath(source, { folder: out, signal, progress: () => {} });
  return { index, contents: folderContents(out) };
}

describe.each([
  ['a folder', inFolder],
  ['a zip archive', inZip],
])('%s', (_, bring) => {
  test('gives all its images, with nothing hidden and nothing else', async () => {
    const { index, contents } = await take({ path: bring(), label: 'mine', licence: 'CC0' });
    expect(index.source).toMatchObject({
      kind: 'path',
      label: 'mine',
      standIn: false,
      licence: 'CC0',
    });
    expect(index.images).toEqual([
      { file: 'images/animals/cat 1.png', group: 'animals/cat 1.png' },
      { file: 'images/faces/Ada_Lovelace_0001.jpg', group: 'faces/Ada_Lovelace_0001.jpg' },
      { file: 'images/faces/Ada_Lovelace_0002.jpg', group: 'faces/Ada_Lovelace_0002.jpg' },
      { file: 'images/faces/Alan_Turing_0001.JPG', group: 'faces/Alan_Turing_0001.JPG' },
    ]);
    expect([...contents.keys()]).toEqual(index.images.map(({ file }) => file));
    expect(contents.get('images/faces/Ada_Lovelace_0002.jpg')?.toString()).toBe('ada 2');
  });

  test('gives the images that the pattern includes, in groups, as many as requested', async () => {
    const { index, contents } = await take({
      path: bring(),
      include: 'faces/*',
      group: 'name',
      count: 2,
      seed: 3,
    });
    expect(index.images).toHaveLength(2);
    expect(contents.size).toBe(2);
    for (const { file, group } of index.images) {
      expect(`images/${group}`).toBe(file.replace(/_\d+\.\w+$/, ''));
    }
  });

  test('assigns sides by number, in the order of base names, if the data set has them', async () => {
    const { index } = await take({ path: bring(), testFrom: 3 });
    // The cat's folder is the first, its base name the last.
    expect(index.images.map(({ part }) => part)).toEqual(['test', 'train', 'train', 'train']);
  });

  test('without a matching image is an error', async () => {
    await expect(take({ path: bring(), include: '**/*.gif' })).rejects.toThrow(
      /in(\.zip)?: holds no image that matches \*\*\/\*\.gif/,
    );
  });
});

test('a missing folder is an error with a hint', async () => {
  await expect(take({ path: './nowhere' })).rejects.toThrow(
    /the source \.\/nowhere cannot be opened: ENOENT.*\n {2}Name a folder of images, a zip archive or a parquet file/,
  );
});

test('a link to a folder is not followed, a link to an image is', async () => {
  const path = inFolder();
  symlinkSync('..', join(path, 'faces/round'));
  symlinkSync('Alan_Turing_0001.JPG', join(path, 'faces/link.jpg'));
  const { index, contents } = await take({ path, include: 'faces/**' });
  expect(index.images.map(({ file }) => file)).toContain('images/faces/link.jpg');
  expect(index.images).toHaveLength(4);
  expect(contents.get('images/faces/link.jpg')?.toString()).toBe('alan');
});

describe('parquet', () => {
  const rows = [
    { text: 'ada 1', label: 'ada', path: '1.png' },
    { text: 'alan', label: 'alan', path: '1.png' },
    { text: 'ada 2', label: 'ada' },
  ];

  test.each(['in.parquet', 'in'])('in a file called %s works like an archive', async (name) => {
    const path = join(folder.path, name);
    writeFileSync(path, makeParquet(rows));
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
    const { index, contents } = await take({ path, group: 'folder', sha256 });
    expect(index.images).toEqual([
      { file: 'images/ada/1.png', group: 'ada' },
      { file: 'images/ada/2.png', group: 'ada' },
      { file: 'images/alan/1.png', group: 'alan' },
    ]);
    expect(index.source.origin).toBe(`${name}, sha256 ${sha256}`);
    expect(contents.get('images/alan/1.png')?.subarray(8).toString()).toBe('alan');
  });

  test('in a folder without images is one data set, in the order of its files', async () => {
    const path = join(folder.path, 'in');
    mkdirSync(join(path, 'train'), { recursive: true });
    writeFileSync(join(path, 'train/1.parquet'), makeParquet(rows.slice(2)));
    writeFileSync(join(path, 'train/0.parquet'), makeParquet(rows.slice(0, 2)));
    writeFileSync(join(path, 'train/.2.parquet'), 'hidden');
    const { index } = await take({ path, include: 'ada/*' });
    expect(index.images.map(({ file }) => file)).toEqual(['images/ada/1.png', 'images/ada/2.png']);
    expect(index.source.origin).toBe('the folder in');
  });

  test('in a folder with images is ignored', async () => {
    const path = inFolder();
    writeFileSync(join(path, 'table.parquet'), makeParquet(rows));
    expect((await take({ path })).index.images).toHaveLength(4);
  });

  test('that unpacks to too much is refused', async () => {
    const path = join(folder.path, 'in.parquet');
    writeFileSync(path, makeParquet(rows));
    await expect(take({ path, maxUnpackedBytes: 37 })).rejects.toThrow(
      `${path}: unpacks to more than the 37 bytes allowed`,
    );
  });
});

test('an archive is identified by its digest, if one is given', async () => {
  const path = inZip();
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  await expect(take({ path, sha256: 'a'.repeat(64) })).rejects.toThrow(
    `in.zip: expected sha256 ${'a'.repeat(64)}, got ${sha256}`,
  );
  rmSync(join(folder.path, 'out'), { recursive: true });
  expect((await take({ path, sha256 })).index.source.origin).toBe(`in.zip, sha256 ${sha256}`);
});

test('an archive that unpacks to too much is refused', async () => {
  await expect(take({ path: inZip(), maxUnpackedBytes: 5 })).rejects.toThrow(
    'unpacks to more than the 5 bytes allowed',
  );
});

describe('groups', () => {
  test.each([
    ['file', 'a/b_01.jpg', 'a/b_01.jpg'],
    ['folder', 'a/b_01.jpg', 'a'],
    ['folder', 'b.jpg', '.'],
    ['name', 'a/Ada_Lovelace_0001.jpg', 'a/Ada_Lovelace'],
    ['name', 'cat.12.jpg', 'cat'],
    ['name', 'img (3)', 'img (3)'],
  ] as const)('by %s: %s is of %s', (rule, path, group) => {
    expect(groupBy(rule)(path)).toBe(group);
  });

  test("by the user's pattern", () => {
    const group = groupBy({ pattern: '^[^/]+/(\\w+?)_' });
    expect(group('faces/Ada_Lovelace_0001.jpg')).toBe('Ada');
    expect(() => group('Ada.jpg')).toThrow('does not match the image Ada.jpg');
  });
});

describe('an invalid source', () => {
  test.each([
    [42, 'sources.a: expected a mapping, got 42'],
    [{}, 'sources.a.kind: expected one of rendered-faces, rendered-animals, path'],
    [{ kind: 'rendered-faces', seed: 1 }, 'sources.a.count: expected an integer from 1'],
    [{ kind: 'rendered-faces', count: 1, seed: 1, size: 2 }, 'sources.a.size: unknown parameter'],
    [{ kind: 'path' }, 'sources.a.path: expected a text, got nothing'],
    [{ kind: 'path', path: 'x', group: 'person' }, 'sources.a.group: expected one of file, folder'],
    [{ kind: 'path', path: 'x', group: { pattern: '(' } }, 'sources.a.group.pattern: Invalid'],
    [{ kind: 'path', path: 'x', count: 0 }, 'sources.a.count: expected an integer from 1'],
  ])('%j is named', (value, message) => {
    expect(() => parseSource(value, 'sources.a')).toThrow(message);
  });

  test('a plain text is a path', () => {
    expect(parseSource('./mine.zip', 'sources.a')).toEqual({ kind: 'path', path: './mine.zip' });
  });
});
