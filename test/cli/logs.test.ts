/** gc counts and removes logs, except the last of each needed item and those being written. */
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { disposed } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

const TALK = 'head -c 100000 /dev/zero | tr "\\0" x';

function project(): ProjectWithin {
  return disposed(
    new ProjectWithin({
      'pipeline.yaml': `stages:
  talk: { cmd: '${TALK}', always: true }
  fail: { cmd: '${TALK}; exit 1', always: true }
  held: { cmd: 'echo began; cat held.fifo' }
`,
    }),
  );
}

function logsOf(made: ProjectWithin, item: string): string[] {
  return readdirSync(made.path(`cache/logs/${item}`)).sort();
}

/** Backdates logs by an hour. */
function age(made: ProjectWithin, item: string): void {
  const then = Date.now() / 1000 - 3600;
  for (const name of logsOf(made, item))
    utimesSync(made.path(`cache/logs/${item}/${name}`), then, then);
}

interface Stats {
  readonly bytes: number;
  readonly logs: { readonly files: number; readonly bytes: number };
}

async function stats(made: ProjectWithin): Promise<Stats> {
  return JSON.parse((await made.pipe('cache', 'stats', '--json')).out) as Stats;
}

test('gc keeps the last log of an item, and stats counts logs', async () => {
  const made = project();
  for (let time = 0; time < 3; time++) await made.pipe('run', 'talk', 'fail', '-k');
  expect((await stats(made)).logs).toEqual({ files: 6, bytes: 600_000 });
  expect((await made.pipe('cache', 'stats')).out).toContain('6 logs: 586 KiB');
  const last = ['talk', 'fail'].map((item) => logsOf(made, item).at(-1));
  const gc = await made.pipe('cache', 'gc', '--max-size', '0');
  expect(gc.out).toContain('2 logs of talk');
  expect(gc.out).toContain('2 logs of fail');
  expect([logsOf(made, 'talk'), logsOf(made, 'fail')]).toEqual(last.map((name) => [name]));
  expect((await stats(made)).logs.files).toBe(2);
});

test('--dry removes no log, and reports which ones gc would remove', async () => {
  const made = project();
  for (let time = 0; time < 2; time++) await made.pipe('run', 'talk');
  const gc = await made.pipe('cache', 'gc', '--dry', '--max-size', '0');
  expect(gc.out).toContain('1 log of talk');
  expect(logsOf(made, 'talk')).toHaveLength(2);
});

test('gc removes the last log of an item that left the pipeline, unless it failed', async () => {
  const made = project();
  await made.pipe('run', 'talk', 'fail', '-k');
  made.write('pipeline.yaml', 'stages: { other: { cmd: "true", always: true } }\n');
  await made.pipe('cache', 'gc', '--max-size', '0');
  expect(readdirSync(made.path('cache/logs'))).toEqual(['fail']);
});

test('a run above the limit removes the oldest logs, and reports it in its line', async () => {
  const made = project();
  made.env.PIPE_CACHE_MAX_SIZE = '250000';
  await made.pipe('run', 'talk');
  await made.pipe('run', 'talk');
  age(made, 'talk');
  const run = await made.pipe('run', 'talk');
  expect(run.out + run.err).toContain('cache: removed 1 log (98 KiB), 195 KiB left');
  expect(logsOf(made, 'talk')).toHaveLength(2);
});

test('gc keeps the log of a running stage, however old its last line is', async () => {
  const made = project();
  execFileSync('mkfifo', [made.path('held.fifo')]);
  const run = made.start('run', '--json', 'held');
  await run.event((event) => event.type === 'start');
  const following = made.start('log', '-f', 'held');
  await following.text((out) => out === 'began\n');
  age(made, 'held');
  made.write('pipeline.yaml', 'stages: { other: { cmd: "true", always: true } }\n');
  await made.pipe('cache', 'gc', '--max-size', '0', '--max-age', '0s');
  expect(logsOf(made, 'held')).toHaveLength(1);
  writeFileSync(made.path('held.fifo'), '');
  await Promise.all([run.ended, following.ended]);
});

test('gc keeps the last log of each item of the pipeline, and others up to the limit (property)', async () => {
  const made = project();
  const log = fc.record({
    item: fc.constantFrom('talk', 'fail', 'gone', 'gone%2ftoo'),
    at: fc.nat(50),
    blocks: fc.integer({ min: 1, max: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(log, { maxLength: 12 }), fc.nat(120_000), async (logs, limit) => {
      rmSync(made.path('cache'), { recursive: true, force: true });
      for (const { item, at, blocks } of logs) {
        const file = `cache/logs/${item}/2026-01-01T00-00-${String(at).padStart(2, '0')}.log`;
        made.write(file, 'x'.repeat(4096 * blocks));
        utimesSync(made.path(file), 1e9 + at, 1e9 + at);
      }
      const kept = ['talk', 'fail'].flatMap((item) => {
        const times = logs.filter((each) => each.item === item).map((each) => each.at);
        return times.length === 0 ? [] : [`${item} ${Math.max(...times)}`];
      });
      await made.pipe('cache', 'gc', '--max-size', String(limit));
      const left = (await stats(made)).logs;
      for (const each of kept) {
        const [item = '', at = ''] = each.split(' ');
        const name = `2026-01-01T00-00-${at.padStart(2, '0')}.log`;
        expect(readdirSync(path.join(made.path('cache/logs'), item))).toContain(name);
      }
      expect(left.bytes <= limit || left.files === kept.length).toBe(true);
    }),
    { numRuns: 20 },
  );
});
