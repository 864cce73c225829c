/**
 * Our clock differs from that of the file system: nothing stale counts as fresh, and nothing recent
 * is deleted.
 */
import fs, {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  type Stats,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { newOwner } from '../../src/process/lock-owner.js';
import { Silence } from '../../src/process/silence.js';
import { filesBelow, KEY, recordOf, TestProject, temporaryFolder } from './project.js';

const RealDate = Date;

afterEach(() => setClock(0));

/** From now on, our clock is ahead of the file system's by this much. */
function setClock(ahead: number): void {
  if (ahead === 0) {
    globalThis.Date = RealDate;
    return;
  }
  globalThis.Date = class extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      super(...((given.length === 0 ? [RealDate.now() + ahead] : given) as [number]));
    }
    static override now(): number {
      return RealDate.now() + ahead;
    }
  } as DateConstructor;
}

const SECOND = 1000;
const YEAR = 365 * 86_400 * SECOND;

/** From a second to ten years, either way. */
const skews = fc
  .record({ sign: fc.constantFrom(-1, 1), digit: fc.integer({ min: 1, max: 9 }), zeros: fc.nat(8) })
  .map(({ sign, digit, zeros }) => sign * Math.min(digit * 10 ** zeros * SECOND, 10 * YEAR));

/**
 * Times as a kernel gives them whose clock ticks every 4 ms. The times of the real kernel lag by
 * its own tick, up to 7 ms on a loaded machine: together they stay within the 12 ms that pipe
 * allows.
 */
function coarsenTimes(): void {
  const api = fs as unknown as Record<string, (...args: unknown[]) => Stats | undefined>;
  const originals = ['lstatSync', 'statSync', 'fstatSync'].map(
    (name) => [name, api[name] as (typeof api)[string]] as const,
  );
  for (const [name, original] of originals) {
    api[name] = (...args) => {
      const stat = original(...args);
      if (stat !== undefined) {
        stat.mtimeMs = Math.floor(stat.mtimeMs / 4) * 4 + 0.01;
        stat.ctimeMs = Math.floor(stat.ctimeMs / 4) * 4 + 0.01;
      }
      return stat;
    };
  }
  syncBuiltinESMExports();
  onTestFinished(() => {
    for (const [name, original] of originals) api[name] = original;
    syncBuiltinESMExports();
  });
}

const NO_ROOTS = { roots: { keys: [], chains: [] }, lastRuns: 0 };

test('a file that changes within a tick of the clock is read again (property)', async () => {
  coarsenTimes();
  await fc.assert(
    fc.asyncProperty(skews, async (skew) => {
      const project = new TestProject();
      setClock(skew);
      const cache = project.open();
      for (let round = 0; round < 20; round++) {
        // The same size and, by the clock's ticks, the same time.
        const [one, two] = ['one', 'two'].map((text) => {
          project.write({ a: text, 'd/b': text });
          return ['a', 'd'].map((where) => cache.scanSync(where, { again: true })?.digest);
        });
        expect(one?.[0]).not.toBe(two?.[0]);
        expect(one?.[1]).not.toBe(two?.[1]);
      }
      cache.close();
      setClock(0);
    }),
    { numRuns: 12 },
  );
});

test('a no-op answer is kept only once any change of its read set would show (property)', async () => {
  await fc.assert(
    fc.asyncProperty(skews, async (skew) => {
      const project = new TestProject();
      project.write({ old: 'old' });
      setClock(skew);
      const early = project.open();
      project.write({ young: 'young' });
      // Both: a time that happens to be a whole millisecond settles late.
      for (const each of ['old', 'young']) early.scanSync(each);
      expect(early.readSet.isSettled).toBe(false);
      await new Promise((resolve) => setTimeout(resolve, early.readSet.settlesIn + 1));
      const late = early.newReadSet();
      early.scanSync('old', { again: true, readSet: late });
      expect(late.isSettled).toBe(true);
      early.close();
      setClock(0);
    }),
    { numRuns: 10 },
  );
});

test('gc deletes what is old and nothing that is new (property)', async () => {
  await fc.assert(
    fc.asyncProperty(skews, async (skew) => {
      const project = new TestProject();
      setClock(skew);
      const cache = project.open();
      project.write({ o: 'out' });
      const { digest } = await cache.outs.store('o');
      await cache.writeRecord(recordOf(KEY, digest));
      cache.noteRun({ keys: [KEY], chains: [] });
      project.write({ o: 'of the user' });
      await cache.outs.remove('o');
      cache.close();
      const young = [...filesBelow(project.at('cache/v1/records')), ...replacedIn(project)];
      expect(young).toHaveLength(2);
      const later = project.open();
      const report = await later.upkeep.gc({ ...NO_ROOTS, maxSize: 0, maxAge: 3600 });
      later.close();
      expect(report.removed.filter(({ kind }) => kind !== 'garbage')).toEqual([]);
      expect(young.every((file) => existsSync(file))).toBe(true);
      setClock(0);
      const then = Date.now() / 1000 - 40 * 86_400;
      for (const file of filesBelow(project.at('cache/v1'))) utimesSync(file, then, then);
      for (const name of readdirSync(project.at('cache/replaced')))
        utimesSync(project.at(`cache/replaced/${name}`), then, then);
      setClock(skew);
      const last = project.open();
      const { removed } = await last.upkeep.gc({ ...NO_ROOTS, maxAge: 3600 });
      last.close();
      expect(removed.map(({ kind }) => kind).sort()).toEqual(['replaced', 'result']);
      setClock(0);
    }),
    { numRuns: 12 },
  );
});

function replacedIn(project: TestProject): string[] {
  return filesBelow(project.at('cache/replaced'));
}

test('gc does not collect a result that another process has just looked up (property)', async () => {
  await fc.assert(
    fc.asyncProperty(skews, async (skew) => {
      const project = new TestProject();
      project.write({ o: 'out' });
      const first = project.open();
      const { digest } = await first.outs.store('o');
      first.close();
      for (const file of filesBelow(project.at('cache/v1/objects'))) utimesSync(file, 1, 1);
      setClock(skew);
      const user = project.open();
      await user.outs.store('o');
      setClock(0);
      const collecting = project.open();
      await collecting.upkeep.gc({ ...NO_ROOTS, maxSize: 0 });
      collecting.close();
      expect(user.hasAll(digest)).toBe(true);
      user.close();
    }),
    { numRuns: 12 },
  );
});

test("logs are named by the cache's clock: the last log of several machines sorts last", () => {
  const project = new TestProject();
  const start = Date.now() - 60 * SECOND;
  const names = [YEAR, 0, -YEAR, 5 * SECOND].map((skew) => {
    setClock(skew);
    const cache = project.open();
    const log = cache.logs.newPath('item');
    mkdirSync(path.dirname(log), { recursive: true });
    writeFileSync(log, '');
    cache.close();
    return Date.parse(
      path
        .basename(log)
        .slice(0, 24)
        .replace(/T(..)-(..)-/, 'T$1:$2:'),
    );
  });
  setClock(0);
  for (const time of names) {
    expect(time).toBeGreaterThan(start);
    expect(time).toBeLessThan(Date.now() + 60 * SECOND);
  }
});

test('leftovers of an execution are recognised, and files that the user adds later are not (property)', async () => {
  await fc.assert(
    fc.asyncProperty(skews, async (skew) => {
      const project = new TestProject();
      setClock(skew);
      const cache = project.open();
      cache.state.noteBegun('left');
      project.write({ left: 'by a stage' });
      cache.state.noteEnded('left');
      expect(cache.state.wrote('left')).toBe('ended');
      rmSync(project.at('left'));
      project.write({ left: 'by the user' });
      await project.clockPasses('left');
      project.write({ left: 'by the user, again' });
      expect(cache.state.wrote('left')).toBeUndefined();
      cache.close();
      setClock(0);
    }),
    { numRuns: 8 },
  );
});

test('a new lock from another boot of a host of this name does not count as older than this boot (property)', () => {
  const file = path.join(temporaryFolder(), 'lock');
  const owner = { ...newOwner('theirs'), boot: 'another' };
  writeFileSync(file, JSON.stringify(owner));
  fc.assert(
    fc.property(skews, (skew) => {
      setClock(skew);
      expect(new Silence().isGone(file, owner)).toBe(false);
      setClock(0);
    }),
    { numRuns: 20 },
  );
  expect(readdirSync(path.dirname(file))).toEqual(['lock']);
});
