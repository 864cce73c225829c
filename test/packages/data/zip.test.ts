/**
 * Zip archives: chosen entries are unpacked completely, hostile or damaged archives leave nothing
 * behind.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMistake } from '@pipe-experiment/data/mistake.js';
import { createRandom } from '@pipe-experiment/data/random.js';
import type { UnpackLimits } from '@pipe-experiment/data/unpacking.js';
import { checkZip, extractZip } from '@pipe-experiment/data/zip.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderContents, temporaryFolder } from '../../stages/support/folders.js';
import { makeZip, type ZipEntry } from '../../stages/support/zip-writer.js';

let folder = temporaryFolder();
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function archive(entries: readonly ZipEntry[]): string {
  const file = join(folder.path, 'archive.zip');
  writeFileSync(file, makeZip(entries));
  return file;
}

/** Unpacks everything under its own name, and returns the resulting files. */
async function extract(file: string, limits: Partial<UnpackLimits> = {}): Promise<string[]> {
  const out = join(folder.path, 'out');
  const plan = (names: readonly string[]) => new Map(names.map((name) => [name, name]));
  await extractZip(file, out, { plan, limits });
  return [...folderContents(out).keys()];
}

test('unpacks the chosen entries to their new places, stored or deflated', async () => {
  const file = archive([
    { name: 'a/', data: '', stored: true },
    { name: 'a/one.txt', data: 'one '.repeat(100) },
    { name: 'a/two.txt', data: 'two', stored: true },
    { name: 'b/ünïcode.txt', data: '' },
    { name: 'left-out.txt', data: 'no' },
  ]);
  let seen: readonly string[] = [];
  const done: number[] = [];
  await extractZip(file, join(folder.path, 'out'), {
    plan(names) {
      seen = names;
      return new Map(names.slice(0, 3).map((name) => [name, `new/${name}`]));
    },
    onDone: (count, total) => done.push(count / total),
  });
  expect(seen).toEqual(['a/one.txt', 'a/two.txt', 'b/ünïcode.txt', 'left-out.txt']);
  expect(readFileSync(join(folder.path, 'out/new/a/one.txt'), 'utf8')).toBe('one '.repeat(100));
  expect(readFileSync(join(folder.path, 'out/new/a/two.txt'), 'utf8')).toBe('two');
  expect(readFileSync(join(folder.path, 'out/new/b/ünïcode.txt'), 'utf8')).toBe('');
  expect(existsSync(join(folder.path, 'out/new/left-out.txt'))).toBe(false);
  expect(done).toEqual([1 / 3, 2 / 3, 1]);
});

describe('an entry that leaves the folder', () => {
  test.each([
    '../escaped.txt',
    'a/../../escaped.txt',
    '/escaped.txt',
    'C:/escaped.txt',
    '..\\escaped.txt',
  ])('%s makes the whole archive invalid', async (name) => {
    const file = archive([
      { name: 'good.txt', data: 'good' },
      { name, data: 'bad' },
    ]);
    await expect(extract(file)).rejects.toThrow(file);
    expect(existsSync(join(folder.path, 'escaped.txt'))).toBe(false);
    expect(readdirSync(folder.path)).toEqual(['archive.zip']);
  });

  test('is refused if it is a symbolic link', async () => {
    const file = archive([{ name: 'link', data: '/etc/passwd', mode: 0o120777 }]);
    await expect(extract(file)).rejects.toThrow('the entry "link" is a symbolic link');
  });
});

describe('a limit', () => {
  const entries = [
    { name: 'a', data: Buffer.alloc(600) },
    { name: 'b', data: Buffer.alloc(600) },
  ];

  test('on the unpacked size holds before anything is written', async () => {
    const file = archive(entries);
    await expect(extract(file, { maxUnpackedBytes: 1199 })).rejects.toThrow(
      'unpacks to more than the 1199 bytes allowed',
    );
    expect(existsSync(join(folder.path, 'out'))).toBe(false);
    expect(await extract(file, { maxUnpackedBytes: 1200 })).toEqual(['a', 'b']);
  });

  test('on one entry and on the number of entries holds too', async () => {
    const file = archive(entries);
    await expect(extract(file, { maxEntryBytes: 599 })).rejects.toThrow(
      'the entry "a" has 600 bytes, more than the 599 allowed',
    );
    await expect(extract(file, { maxEntries: 1 })).rejects.toThrow('2 entries, more than the 1');
  });

  test('cannot be bypassed by a bomb that lies about its size', async () => {
    const file = archive([{ name: 'bomb', data: Buffer.alloc(50_000_000), claim: { size: 100 } }]);
    await expect(extract(file, { maxUnpackedBytes: 1000 })).rejects.toThrow('the entry "bomb"');
    expect(existsSync(join(folder.path, 'out/bomb'))).toBe(false);
  });
});

describe('a damaged archive', () => {
  test('is named, with a hint', async () => {
    const file = archive([{ name: 'a', data: 'text', claim: { crc: 1 } }]);
    await expect(extract(file)).rejects.toThrow(
      `${file}: the entry "a": its checksum (CRC-32) is wrong\n  The archive is damaged, incomplete or no zip: get it again.`,
    );
  });

  test('truncated anywhere is refused, never partly used', async () => {
    const whole = makeZip([
      { name: 'a', data: 'some text '.repeat(20) },
      { name: 'b', data: 'other', stored: true },
    ]);
    const file = join(folder.path, 'cut.zip');
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(file, whole.subarray(0, length));
      await expect(extract(file), `${length} bytes`).rejects.toThrow('get it again');
    }
    writeFileSync(file, whole);
    expect(await extract(file)).toEqual(['a', 'b']);
  });

  test('with any bit flipped gives only the original contents, and never a bug', async () => {
    const texts = ['some text '.repeat(20), 'other', ''];
    const whole = makeZip(
      texts.map((data, index) => ({ name: `folder/${index}.txt`, data, stored: index === 1 })),
    );
    const file = join(folder.path, 'flipped.zip');
    const random = createRandom(1, 'flips');
    let refused = 0;
    for (let round = 0; round < 400; round++) {
      const flipped = Buffer.from(whole);
      flipped[random.int(flipped.length)]! ^= 1 << random.int(8);
      writeFileSync(file, flipped);
      const out = join(folder.path, 'out');
      const error = await extract(file).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) refused++;
      expect(error === undefined || isMistake(error), String(error)).toBe(true);
      const written = existsSync(out) ? [...folderContents(out).values()] : [];
      expect(written.every((data) => texts.includes(data.toString()))).toBe(true);
      rmSync(out, { recursive: true, force: true });
    }
    // The rest hit dates, attributes and second copies of names, which nothing depends on.
    expect(refused).toBeGreaterThan(100);
    expect(readdirSync(folder.path)).toEqual(['flipped.zip']);
  });

  test('is refused if entries are encrypted or overlap', async () => {
    await expect(extract(archive([{ name: 'a', data: 'x', encrypted: true }]))).rejects.toThrow(
      'the entry "a" is encrypted',
    );
    const twice = archive([
      { name: 'a', data: '1' },
      { name: 'a', data: '2' },
    ]);
    await expect(extract(twice)).rejects.toThrow('two entries are to become a');
  });

  test('that is missing is reported as missing', async () => {
    await expect(extract(join(folder.path, 'nowhere.zip'))).rejects.toThrow('ENOENT');
  });
});

describe('an archive that is opened as a whole', () => {
  const WHOLE = makeZip([
    { name: 'a/', data: '', stored: true },
    { name: 'a/é.txt', data: 'deflated '.repeat(9) },
    { name: 'b.txt', data: 'stored', stored: true },
  ]);

  async function accepts(data: Buffer): Promise<boolean> {
    const file = join(folder.path, 'archive.zip');
    writeFileSync(file, data);
    try {
      await checkZip(file);
      return true;
    } catch (error) {
      if (isMistake(error)) return false;
      throw error;
    }
  }

  async function contents(): Promise<unknown> {
    await extract(join(folder.path, 'archive.zip'));
    const found = [...folderContents(join(folder.path, 'out'))];
    rmSync(join(folder.path, 'out'), { recursive: true });
    return found;
  }

  test('is refused if its end is missing, wherever it was truncated', async () => {
    expect(await accepts(WHOLE)).toBe(true);
    for (let size = 0; size < WHOLE.length; size++) {
      expect([size, await accepts(WHOLE.subarray(0, size))]).toEqual([size, false]);
    }
  });

  test('is refused, or unpacks to the same, whichever bit is wrong', async () => {
    expect(await accepts(WHOLE)).toBe(true);
    const right = await contents();
    for (let bit = 0; bit < WHOLE.length * 8; bit += 17) {
      const damaged = Buffer.from(WHOLE);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      if (await accepts(damaged)) expect([bit, await contents()]).toEqual([bit, right]);
    }
  });
});
