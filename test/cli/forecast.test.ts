/** The prediction of `pipe run --dry`, compared with the run that follows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

/** `half` drops the last letter, which gives early cutoff. `late` never ran before. */
const STAGES = `
stages:
  half: { cmd: "cut -c1 \${deps.t} > \${outs.o}", deps: { t: text.txt }, outs: { o: cache/out/half } }
  behind: { cmd: "cat \${deps.h} > \${outs.o}", deps: { h: cache/out/half }, outs: { o: cache/out/behind } }
  last: { cmd: "cat \${deps.b} > \${outs.o}", deps: { b: cache/out/behind }, outs: { o: cache/out/last } }
  other: { cmd: "cat \${deps.t} > \${outs.o}", deps: { t: other.txt }, outs: { o: cache/out/other } }
  late: { cmd: "cat \${deps.h} > \${outs.o}", deps: { h: cache/out/half }, outs: { o: cache/out/late } }
`;
const KNOWN = ['half', 'behind', 'last', 'other'];

const change = fc.record({
  text: fc.constantFrom('ab', 'ac', 'xb'),
  other: fc.constantFrom('1', '2'),
  lost: fc.subarray(KNOWN),
  force: fc.boolean(),
});

it('names items that run or may run, and none that stays fresh (property)', async () => {
  await fc.assert(
    fc.asyncProperty(change, async ({ text, other, lost, force }) => {
      const made = projectWithin({ 'pipeline.yaml': STAGES, 'text.txt': 'ab', 'other.txt': '1' });
      await made.run(...KNOWN);
      made.write('text.txt', text);
      made.write('other.txt', other);
      for (const name of lost) made.remove(`cache/out/${name}`);
      const options = force ? ['--force'] : [];
      const { items, summary } = await made.run('--dry', ...options);
      const { items: done } = await made.run(...options);
      const counts = { wouldRun: 0, mayRun: 0, wouldRestore: 0, fresh: 0 };
      for (const [name, { verdict, maybe }] of Object.entries(items)) {
        if (maybe) counts.mayRun++;
        else {
          counts[
            verdict === 'ran' ? 'wouldRun' : verdict === 'restored' ? 'wouldRestore' : 'fresh'
          ]++;
          expect([name, done[name]?.verdict]).toEqual([name, verdict]);
        }
      }
      expect(summary).toMatchObject(counts);
      made.dispose();
    }),
    { numRuns: 6, examples: [[{ text: 'ac', other: '1', lost: [], force: false }]] },
  );
});

describe('the reader of a folder whose outs are to be restored', () => {
  it.each([
    ['a file', 'echo x > ${outs.o}', 'mix', 'mix/made.txt'],
    ['a folder', 'mkdir ${outs.o} && echo x > ${outs.o}/in.txt', 'mix', 'mix/made'],
    ['a file of a pattern', 'echo x > ${outs.o}', 'mix/*.txt', 'mix/made.txt'],
    ['a file further below', 'echo x > ${outs.o}', 'mix', 'mix/below/made.txt'],
  ])('is predicted to be fresh: %s', async (_, cmd, dep, out) => {
    const made = projectWithin({
      'mix/own.txt': 'own\n',
      'mix/below/own.txt': 'own\n',
      'pipeline.yaml': JSON.stringify({
        stages: {
          make: { cmd, outs: { o: out } },
          read: { cmd: 'echo read > ${outs.o}', deps: { d: dep }, outs: { o: 'read.txt' } },
        },
      }),
    });
    await made.run();
    made.remove(out);
    expect((await made.pipe('status')).out).toMatch(/^make {2}restorable .*\nread {2}fresh$/m);
    expect((await made.pipe('run', '--frozen')).code).toBe(0);
    const run = await made.run();
    expect([run.with('restored'), run.with('fresh')]).toEqual([['make'], ['read']]);
  });
});
