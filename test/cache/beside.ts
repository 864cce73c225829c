/**
 * A process that uses a cache while another one collects: `store` stores and records the same few
 * contents repeatedly, each time after they have become old garbage; `collect` runs gc until its
 * input ends. Prints errors.
 */
import { hash } from 'node:crypto';
import { utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openCache } from '../../src/cache/cache.js';
import { recordOf } from './record-of.js';

const [role, project = '', name = '', rounds = '0'] = process.argv.slice(2);

async function store(): Promise<void> {
  const cache = openCache({ project, warn: (message) => console.log(`warned: ${message}`) });
  for (let round = 0; round < Number(rounds); round++) {
    // Three contents, so that a stored object often still exists, or is just being removed.
    const where = `${name}-${round % 3}`;
    writeFileSync(path.join(project, where), `${name} ${round % 3}`);
    const { digest, size } = await cache.outs.store(where);
    const key = hash('sha256', `${name} ${round}`);
    await cache.writeRecord(recordOf(key, digest, { size }));
    if (!cache.hasAll(digest, size))
      console.log(`round ${round}: recorded, and its object is gone`);
    // An hour later, as far as gc can tell.
    const hex = digest.slice(2);
    for (const file of [
      path.join(cache.layout.records, key.slice(0, 2), `${key}.json`),
      path.join(cache.layout.objects, hex.slice(0, 2), hex.slice(2)),
    ]) {
      try {
        utimesSync(file, 1, 1);
      } catch {
        // Collected already.
      }
    }
  }
  cache.close();
}

async function collect(): Promise<void> {
  let ended = false;
  process.stdin.on('end', () => {
    ended = true;
  });
  process.stdin.resume();
  let removed = 0;
  while (!ended) {
    const cache = openCache({ project, warn: () => undefined });
    const report = await cache.upkeep.gc({
      roots: { keys: [], chains: [] },
      lastRuns: 0,
      maxSize: 0,
    });
    removed += report.removed.length;
    cache.close();
    await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(`removed ${removed}`);
}

await (role === 'store' ? store() : collect());
