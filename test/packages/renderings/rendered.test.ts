/**
 * The rendered sources: always the same image for a seed and index, and groups that share nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RawIndex } from '@pipe-experiment/data/sources/source.js';
import { dealKinds, renderAnimals } from '@pipe-experiment/renderings/animals.js';
import { ANIMALS } from '@pipe-experiment/renderings/animals-list.js';
import { renderFaces, withMathRandom } from '@pipe-experiment/renderings/faces.js';
import { GROUPS, loadScenes } from '@pipe-experiment/renderings/scenes.js';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderContents, folderDigests, temporaryFolder } from '../../stages/support/folders.js';

const folders = { few: temporaryFolder(), many: temporaryFolder() };
afterAll(() => {
  for (const folder of Object.values(folders)) folder.remove();
});

function context(folder: string) {
  return { folder, signal: new AbortController().signal, progress: () => {} };
}

describe.each([
  [
    'rendered-faces',
    'face',
    (count: number, seed: number, folder: string) =>
      renderFaces({ kind: 'rendered-faces', count, seed }, context(folder)),
  ],
  [
    'rendered-animals',
    'animal',
    (count: number, seed: number, folder: string) =>
      renderAnimals({ kind: 'rendered-animals', count, seed }, context(folder)),
  ],
] as const)('%s', (kind, name, render) => {
  const few = () => join(folders.few.path, kind);
  const many = () => join(folders.many.path, kind);
  let index: RawIndex;

  beforeAll(async () => {
    index = await render(13, 1, few());
    await render(16, 1, many());
  });

  test('lists every image with its group, and says that it is a stand-in', () => {
    expect(index.source).toMatchObject({ kind, standIn: true });
    expect(index.source.label).toContain('stand-in');
    expect(index.images).toHaveLength(13);
    expect(index.images[0]).toEqual({
      file: `images/scene-00/${name}-00000.jpg`,
      group: 'scene-00',
    });
    expect(index.images.every(({ file }) => existsSync(join(few(), file)))).toBe(true);
    const files = index.images.map(({ file }) => file);
    expect(files).toEqual(files.toSorted());
    expect(new Set(index.images.map(({ group }) => group)).size).toBe(GROUPS);
  });

  test('image i has the same bytes whatever the count', () => {
    const all = folderDigests(many());
    const some = folderDigests(few());
    expect(some.size).toBe(13);
    for (const [file, digest] of some) expect(all.get(file)).toBe(digest);
  });

  test('every image differs from every other, and from that of another seed', async () => {
    expect(new Set(folderDigests(many()).values()).size).toBe(16);
    const other = join(folders.few.path, `${kind}-other`);
    await render(1, 2, other);
    const file = `images/scene-00/${name}-00000.jpg`;
    expect(folderDigests(other).get(file)).toMatch(/^[0-9a-f]{64}$/);
    expect(folderDigests(other).get(file)).not.toBe(folderDigests(few()).get(file));
  });

  test('images are neither flat nor washed out', async () => {
    for (const data of folderContents(few()).values()) {
      const { channels } = await sharp(data).stats();
      expect(channels[0]!.stdev).toBeGreaterThan(5);
      expect(channels[0]!.mean).toBeGreaterThan(15);
      expect(channels[0]!.mean).toBeLessThan(245);
    }
  });
});

test('groups share no kind of animal, and all pictures are distributed evenly', () => {
  const groups = dealKinds(1);
  const pictures = Object.values(ANIMALS).flat();
  expect(groups.flat().toSorted()).toEqual(pictures.toSorted());
  expect(new Set(pictures).size).toBe(pictures.length);
  for (const kind of Object.values(ANIMALS)) {
    const holders = groups.filter((group) => kind.some((picture) => group.includes(picture)));
    expect(holders).toHaveLength(1);
  }
  const sizes = groups.map((group) => group.length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(6);
});

test('groups share no region of a photograph: the regions tile each photograph once', async () => {
  const scenes = await loadScenes(1, 0);
  expect(scenes).toHaveLength(GROUPS);
  const regions = scenes.flat();
  expect(regions.length).toBeGreaterThanOrEqual(3 * GROUPS);
  const distinct = new Set(regions.map(({ data }) => Buffer.from(data).toString('base64')));
  expect(distinct.size).toBe(regions.length);
  for (const { width, height } of regions) {
    expect(Math.min(width, height)).toBeGreaterThanOrEqual(320);
  }
  // No more pixels than the nine photographs have: regions cannot overlap without being cut twice.
  const pixels = regions.reduce((sum, { width, height }) => sum + width * height, 0);
  expect(pixels).toBeLessThanOrEqual(6_700_000);
});

test('Math.random is restored after a drawing, even if that fails', () => {
  const original = Math.random;
  expect(withMathRandom(() => 0.25, Math.random.bind(null))).not.toBe(0.25);
  expect(
    withMathRandom(
      () => 0.25,
      () => Math.random(),
    ),
  ).toBe(0.25);
  expect(Math.random).toBe(original);
  expect(() =>
    withMathRandom(
      () => 0.25,
      () => {
        throw new Error('drawing failed');
      },
    ),
  ).toThrow('drawing failed');
  expect(Math.random).toBe(original);
});
