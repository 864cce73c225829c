/**
 * A process that is killed, out of space or gets an error at a file system call loses nothing and
 * records nothing wrong. Here at some calls; test/long/cache tries each call.
 */
import { beforeAll, test } from 'vitest';
import { installFaults } from './faults.js';
import { expectKilled, expectTold, type Open, strikeAll } from './striking.js';

let open: Open;

beforeAll(async () => {
  // Runs before any code of the cache is loaded, because that takes functions of node:fs by
  // reference.
  installFaults();
  ({ openCache: open } = await import('../../src/cache/cache.js'));
});

test('killed', async () => {
  expectKilled(await strikeAll(open, (at) => ({ kind: 'kill', at }), { every: 211, seconds: 0.1 }));
});

test.each(['ENOSPC', 'EIO'])('%s', async (code) => {
  const make = (at: number) => ({ kind: 'fail', at, code }) as const;
  expectTold(await strikeAll(open, make, { every: 401, seconds: 0.1 }), code);
});
