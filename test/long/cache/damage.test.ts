/**
 * Ten thousand random bit flips in everything that a cache contains: never a wrong out, never a
 * crash.
 */
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DamagedObject } from '../../../src/cache/cache.js';
import { filesBelow, KEY, recordOf, settled, TestProject } from '../../cache/project.js';

const FLIPS = 10_000;
const FILES = { 'out/d/a': 'alpha', 'out/d/sub/b': 'beta', 'out/d/sub/c': 'x'.repeat(400_000) };

/** A small generator of numbers, the same in every run. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('whatever bit is flipped, an object is restored correctly or not at all', async () => {
  const project = new TestProject();
  project.write(FILES);
  const cache = project.open();
  const { digest, size, files } = await cache.outs.store('out/d');
  const record = recordOf(KEY, digest, { size, count: files });
  await cache.writeRecord(record);
  await settled(cache);
  cache.readOuts(KEY);
  cache.close();
  // Chosen by kind, so that the few bytes of a record are hit as often as the many of an object.
  const all = ['objects', 'records', 'projects'].map((kind) =>
    filesBelow(project.at(`cache/v1/${kind}`)),
  );
  const next = random(7);
  const seen = { restored: 0, refused: 0, unrecorded: 0 };
  for (let flip = 0; flip < FLIPS; flip++) {
    const kind = all[next(all.length)] as string[];
    const file = kind[next(kind.length)] as string;
    const whole = readFileSync(file);
    const bit = next(whole.length * 8);
    const changed = Buffer.from(whole);
    changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
    chmodSync(file, 0o644);
    writeFileSync(file, changed);
    rmSync(project.at('out'), { recursive: true, force: true });
    seen[await comeBack(project)]++;
    // Restores the original state: removes files that were set aside or written again.
    rmSync(file, { force: true });
    writeFileSync(file, whole);
  }
  expect(seen.restored).toBeGreaterThan(FLIPS / 10);
  expect(seen.refused).toBeGreaterThan(FLIPS / 10);
  expect(seen.unrecorded).toBeGreaterThan(FLIPS / 10);
});

async function comeBack(project: TestProject): Promise<'restored' | 'refused' | 'unrecorded'> {
  const cache = project.open();
  const record = cache.readRecord(KEY);
  if (record === undefined) return 'unrecorded';
  const { digest } = record.outs[0]!;
  expect(cache.readOuts(KEY)).toEqual(record.outs);
  try {
    await cache.outs.restore({ digest }, 'out/d');
  } catch (error) {
    expect(error).toBeInstanceOf(DamagedObject);
    return 'refused';
  }
  for (const [where, content] of Object.entries(FILES)) {
    expect(readFileSync(project.at(where), 'utf8') === content).toBe(true);
  }
  cache.forget('out');
  expect(cache.scanSync('out/d')?.digest).toBe(digest);
  return 'restored';
}
