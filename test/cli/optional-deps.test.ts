/** An optional dep: absence is a state like any other. */
import { renameSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { Project, Running } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { runUntilStill } from '../rig/still.js';
import { standingIn } from '../rig/within.js';

const PIPELINE = `stages:
  take:
    cmd: if [ -e \${deps.archive} ]; then cat \${deps.archive}; else echo none; fi > \${outs.o}
    deps: { archive: { path: "data/my faces.zip", optional: true } }
    outs: { o: cache/out/taken }
  size:
    cmd: wc -c < \${deps.it} > \${outs.o}
    deps: { it: cache/out/taken }
    outs: { o: size.txt }
`;
const ARCHIVE = 'data/my faces.zip';

const PATTERN = `stages:
  join:
    cmd: "cat /dev/null \${deps.parts} > \${outs.o}"
    deps: { parts: { path: "data/*.txt", optional: true } }
    outs: { o: all.txt }
  list:
    cmd: ls > list.txt
    deps: [pipeline.yaml, { path: extra.txt, optional: true }, { path: pipeline.yaml.orig, optional: false }]
    outs: [list.txt]
`;

describe('an optional dep', () => {
  it('is absent, appears, changes and disappears: each makes the item stale, and each state has a result', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    expect((await made.run()).with('ran')).toEqual(['take', 'size']);
    expect(made.read('cache/out/taken')).toBe('none\n');
    expect((await made.run()).with('fresh')).toEqual(['take', 'size']);

    made.write(ARCHIVE, 'one\n');
    expect((await made.pipe('why', 'take')).out).toBe(
      `take would run:\n  dep ${ARCHIVE} appeared\n`,
    );
    expect((await made.run()).with('ran')).toEqual(['take', 'size']);
    expect(made.read('cache/out/taken')).toBe('one\n');

    made.write(ARCHIVE, 'another\n');
    expect((await made.pipe('why', 'take')).out).toBe(
      `take would run:\n  dep ${ARCHIVE} changed\n`,
    );
    expect((await made.run()).with('ran')).toEqual(['take', 'size']);

    made.write('pipeline.yaml', PIPELINE.replace('echo none', 'echo nothing'));
    await made.run();
    made.remove(ARCHIVE);
    expect((await made.pipe('why', 'take')).out).toBe(
      `take would run:\n  dep ${ARCHIVE} is gone\n`,
    );
    expect((await made.run()).with('ran')).toEqual(['take', 'size']);
    made.write('pipeline.yaml', PIPELINE);
    expect((await made.run()).with('restored')).toEqual(['take', 'size']);
    expect(made.read('cache/out/taken')).toBe('none\n');
  });

  it('ends the no-op answer when its file is created, with and without its folder', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run();
    for (const text of ['one\n', 'another\n']) {
      expect(await runUntilStill(made)).toBe(true);
      made.write(ARCHIVE, text);
      expect(standingIn(made)).toBeUndefined();
      expect((await made.run()).with('ran')).toEqual(['take', 'size']);
      expect(await runUntilStill(made)).toBe(true);
      made.remove(ARCHIVE);
      expect(standingIn(made)).toBeUndefined();
      expect((await made.run()).with('restored')).toEqual(['take', 'size']);
    }
  });

  it('that appears or disappears while the stage runs is a change: the result is not recorded', async () => {
    for (const change of [`echo now > '${ARCHIVE}'`, `rm '${ARCHIVE}'`]) {
      const made = projectWithin({
        'pipeline.yaml': PIPELINE.replace('cmd: if', `cmd: ${change}; if`),
        'data/other': '',
      });
      if (change.startsWith('rm')) made.write(ARCHIVE, 'there\n');
      const run = await made.run('take');
      expect(run.with('failed')).toEqual(['take']);
      expect(run.items.take?.failure?.message).toContain(`${ARCHIVE} changed while it ran`);
    }
  });

  it('is in pipeline.lock with its state: --frozen and verify agree', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    await made.run();
    expect(made.read('pipeline.lock')).toContain('    deps:\n      archive: null\n');
    const verified = await made.pipe('verify');
    expect([verified.code, verified.err]).toEqual([0, '']);
    for (const frozen of ['--frozen', '--frozen=keys'])
      expect((await made.run(frozen)).code).toBe(0);

    made.write(ARCHIVE, 'one\n');
    expect((await made.run('--frozen')).code).toBe(3);
    const { code, items } = await made.run('--frozen=keys');
    expect([code, items.take?.reason]).toEqual([
      3,
      `pipeline.lock has a different definition: dep ${ARCHIVE} appeared`,
    ]);

    await made.run();
    expect((await made.pipe('verify')).code).toBe(0);
    made.remove(ARCHIVE);
    const gone = await made.run('--frozen=keys');
    expect(gone.items.take?.reason).toContain(`dep ${ARCHIVE} is gone`);
  });

  it('counts only by its content: the key is the same as for a required dep that exists', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE, [ARCHIVE]: 'one\n' });
    await made.run();
    made.write('pipeline.yaml', PIPELINE.replace(', optional: true', ''));
    expect((await made.run()).with('fresh')).toEqual(['take', 'size']);
    made.remove(ARCHIVE);
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain(
      `pipeline.yaml:4:30: error: take: the input ${ARCHIVE} does not exist (missing-input)`,
    );
  });

  it('made by another stage is an edge like any other', async () => {
    const made = projectWithin({
      'pipeline.yaml': `${PIPELINE}  make: { cmd: "echo made > \${outs.o}", outs: { o: "${ARCHIVE}" } }\n`,
    });
    expect((await made.run()).with('ran')).toEqual(['make', 'take', 'size']);
    expect(made.read('cache/out/taken')).toBe('made\n');
  });

  it('may be a pattern that matches nothing, and may be in a list', async () => {
    const made = projectWithin({ 'pipeline.yaml': PATTERN, 'pipeline.yaml.orig': '' });
    expect((await made.run()).with('ran')).toEqual(['join', 'list']);
    expect(made.read('all.txt')).toBe('');
    made.write('data/a.txt', 'a\n');
    made.write('extra.txt', '');
    expect((await made.pipe('status')).out).toBe(
      'join  stale       dep data/*.txt appeared\nlist  stale       dep extra.txt appeared\n',
    );
    expect((await made.run()).with('ran')).toEqual(['join', 'list']);
    expect(made.read('all.txt')).toBe('a\n');
    renameSync(made.path('data'), made.path('gone'));
    made.remove('extra.txt');
    expect((await made.run()).with('restored')).toEqual(['join', 'list']);
    made.remove('pipeline.yaml.orig');
    expect((await made.run()).code).toBe(2);
  });

  it('gives a TypeScript stage its path, whether it exists or not', async () => {
    const made = projectWithin({
      'pipeline.yaml':
        'stages:\n  s: { run: s.ts, deps: { a: { path: a.txt, optional: true } }, outs: { o: o.txt } }\n',
      's.ts': `import { existsSync, writeFileSync } from 'node:fs';
import { defineStage } from 'pipe-run/stage';
export default defineStage(async ({ deps, outs }) => {
  writeFileSync(outs.o as string, String(existsSync(deps.a as string)));
});
`,
    });
    await made.run();
    expect(made.read('o.txt')).toBe('false');
    made.write('a.txt', '');
    await made.run();
    expect(made.read('o.txt')).toBe('true');
  });

  it('with a wrong shape is an error with its place', async () => {
    const made = projectWithin({
      'pipeline.yaml': `stages:
  a: { cmd: ls, deps: { a: { optional: true } } }
  b: { cmd: ls, deps: { best: { path: x, optinal: true } } }
  c: { cmd: ls, deps: [{ path: x, optional: maybe }] }
  d: { cmd: ls, deps: { a: 3 } }
  e: { cmd: ls, outs: { a: { path: x, optional: true } } }
`,
    });
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err.match(/^pipeline.yaml.*|^ {2}did.*/gm)).toEqual([
      'pipeline.yaml:2:25: error: "a" has no "path" (missing-key)',
      'pipeline.yaml:3:42: error: unknown key "optinal" (unknown-key)',
      '  did you mean "optional"?',
      'pipeline.yaml:4:45: error: expected true or false, got the text "maybe" (wrong-value)',
      'pipeline.yaml:5:28: error: expected a path, or { path, optional: true }, or { path, exclude: ["*.tmp"] }, got the number 3 (wrong-value)',
      'pipeline.yaml:6:39: error: unknown key "optional" (unknown-key)',
    ]);
  });

  it('makes the item stale whenever its state differs, and fresh when it is the same again (property)', async () => {
    const state = fc.constantFrom(undefined, '', 'one\n', 'two\n');
    const run = fc.asyncProperty(
      fc.array(state, { minLength: 2, maxLength: 5 }),
      async (states) => {
        const made = projectWithin({ 'pipeline.yaml': PIPELINE });
        const seen = new Set<string | undefined>();
        let before: string | undefined | null = null;
        for (const now of states) {
          if (now === undefined) made.remove(ARCHIVE);
          else made.write(ARCHIVE, now);
          const { items } = await made.run();
          const expected = before === now ? 'fresh' : seen.has(now) ? 'restored' : 'ran';
          expect(items.take?.verdict).toBe(expected);
          expect(made.read('cache/out/taken')).toBe(now ?? 'none\n');
          seen.add(now);
          before = now;
        }
      },
    );
    await fc.assert(run, { numRuns: 5 });
  });
});

describe('pipe watch', () => {
  const watching: Running[] = [];

  afterEach(async () => {
    for (const each of watching.splice(0)) {
      each.kill('SIGTERM');
      await each.ended;
    }
  });

  const ran = (made: Project, times: number, running: Running) =>
    running
      .events((events) => events.filter(({ type }) => type === 'summary').length >= times)
      .then(() => made.read('cache/out/taken'));

  it('runs again when an optional dep appears, in a new folder, and when it disappears', async () => {
    const made = projectWithin({ 'pipeline.yaml': PIPELINE });
    const running = made.start('watch', '--json');
    watching.push(running);
    expect(await ran(made, 1, running)).toBe('none\n');
    made.write(ARCHIVE, 'one\n');
    expect(await ran(made, 2, running)).toBe('one\n');
    made.remove(ARCHIVE);
    expect(await ran(made, 3, running)).toBe('none\n');
  });
});
