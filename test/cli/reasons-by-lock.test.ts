/** Reasons in a clone that has pipeline.lock and no results: `run`, `run --dry` and `status` agree. */
import { cpSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordPath } from '../../src/cache/records/records.js';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

const FILES = {
  'text.txt': 'ab\n',
  'pipeline.yaml': `
params: { mark: "!", tail: 1 }
profiles: { loud: { mark: "!!" } }
stages:
  half: { cmd: "cut -c1 \${deps.t} > \${outs.o}; echo \${mark} >> \${outs.o}", deps: { t: text.txt }, params: [mark], outs: { o: cache/out/half } }
  end: { cmd: "tail -n \${tail} \${deps.h} > \${outs.o}", deps: { h: cache/out/half }, params: [tail], outs: { o: cache/out/end } }
  apart: { cmd: "cat \${deps.t} > \${outs.o}", deps: { t: text.txt }, outs: { o: cache/out/apart } }
`,
};

let origin: Project;

beforeAll(async () => {
  origin = new ProjectWithin(FILES);
  for (const profile of [['--profile', 'loud'], []])
    expect((await origin.pipe('run', ...profile)).code).toBe(0);
});

afterAll(() => origin.dispose());

/** What git has, and the named parts of the cache folder. */
function clone(...parts: readonly string[]): Project {
  const made = projectWithin({});
  for (const name of [...Object.keys(FILES), 'pipeline.lock', ...parts])
    cpSync(origin.path(name), made.path(name), { recursive: true });
  return made;
}

interface Told {
  readonly item: string;
  readonly state: string;
  readonly key: string;
  readonly reasons: readonly { readonly text: string }[];
}

async function status(made: Project, ...options: readonly string[]): Promise<readonly Told[]> {
  const { out, err } = await made.pipe('status', '--json', ...options);
  expect(err).toBe('');
  return JSON.parse(out);
}

/** By item, its verdict and its first reason. */
async function verdicts(made: Project, ...options: readonly string[]) {
  const { items } = await made.run(...options);
  return Object.fromEntries(
    Object.entries(items).map(([name, { verdict, maybe, reason }]) => [
      name,
      `${verdict}${maybe ? ', maybe' : ''}: ${reason}`,
    ]),
  );
}

describe('in a clone without the results of pipeline.lock', () => {
  const lost = 'its result is not in the cache';
  const all = { half: `ran: ${lost}`, end: `ran: ${lost}`, apart: `ran: ${lost}` };

  it('a run and its dry run say that they are not in the cache', async () => {
    const made = clone();
    expect(await verdicts(made, '--dry')).toEqual(all);
    expect(await verdicts(made)).toEqual(all);
  });

  it('they name what differs from pipeline.lock', async () => {
    const made = clone();
    made.write('text.txt', 'xb\n');
    made.write('pipeline.yaml', FILES['pipeline.yaml'].replace('tail: 1', 'tail: 2'));
    const expected = { half: 'ran: dep text.txt changed', apart: 'ran: dep text.txt changed' };
    expect(await verdicts(made, '--dry')).toEqual({ ...all, ...expected });
    expect(await verdicts(made)).toEqual({ ...expected, end: 'ran: param tail 1 → 2' });
  });

  it('an item whose locked result is in the cache may run, and is restored if the lock was right', async () => {
    const made = clone('cache/v1/records', 'cache/v1/objects');
    const [half] = await status(made);
    rmSync(recordPath(made.path('cache/v1/records'), half!.key));
    expect(await verdicts(made, '--dry')).toEqual({
      half: `ran: ${lost}`,
      end: 'ran, maybe: not known before half has run',
      apart: 'restored: out cache/out/apart is missing',
    });
    expect(await verdicts(made)).toMatchObject({
      half: `ran: ${lost}`,
      end: 'restored: out cache/out/end is missing',
    });
  });

  it('an item that is not in pipeline.lock never ran', async () => {
    const made = clone();
    made.write('pipeline.yaml', FILES['pipeline.yaml'].replace('  apart:', '  other:'));
    expect(await verdicts(made, '--dry')).toMatchObject({
      half: all.half,
      other: 'ran: never ran',
    });
    expect(await verdicts(made, '--dry', '--set', 'tail=2')).toMatchObject({
      half: 'ran: never ran',
    });
  });
});

const change = fc.record({
  results: fc.boolean(),
  lock: fc.boolean(),
  profile: fc.constantFrom([], ['--profile', 'loud'], ['--set', 'tail=3']),
  text: fc.constantFrom('ab\n', 'xb\n'),
  edits: fc.subarray(['mark: "!"', 'tail: 1', 'cat']),
});

it('status, a dry run and a run give one reason for an item, whatever changed (property)', async () => {
  await fc.assert(
    fc.asyncProperty(change, async ({ results, lock, profile, text, edits }) => {
      const made = clone(...(results ? ['cache/v1'] : []));
      if (!lock) made.remove('pipeline.lock');
      made.write('text.txt', text);
      let pipeline: string = FILES['pipeline.yaml'];
      for (const edit of edits) pipeline = pipeline.replace(edit, EDITED[edit]!);
      made.write('pipeline.yaml', pipeline);
      const told = await status(made, ...profile);
      const { items: dry } = await made.run('--dry', ...profile);
      const { items: done } = await made.run(...profile);
      for (const { item, state, reasons } of told) {
        if (state === 'unknown') continue;
        const texts = reasons.map((each) => each.text);
        for (const found of [dry[item]!, done[item]!])
          expect([item, found.reasons ?? (found.reason ? [found.reason] : [])]).toEqual([
            item,
            texts,
          ]);
      }
      made.dispose();
    }),
    { numRuns: 10 },
  );
});

const EDITED: Readonly<Record<string, string>> = {
  'mark: "!"': 'mark: "?"',
  'tail: 1': 'tail: 2',
  cat: 'cat ',
};
