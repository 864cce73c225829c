/** Concurrent and killed runs: nothing is computed twice, nothing is left behind. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ItemDone, ItemStarted, RunEvent } from '../../src/event.js';
import { BIN, outcomeOf, type Project } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { until } from '../rig/until.js';

/** `width` independent items, and one that reads all of them. */
function fan(width: number): string {
  return `
params: { names: [${Array.from({ length: width }, (_, at) => `i${at}`).join(', ')}] }
stages:
  each:
    matrix: { name: "\${names}" }
    cmd: echo \${name} >> ran.txt; echo \${name} > \${outs.out}
    outs: { out: "cache/out/\${name}.txt" }
  all:
    cmd: echo all >> ran.txt; cat cache/out/*.txt > \${outs.all}
    deps: { each: cache/out/*.txt }
    outs: { all: all.txt }
`;
}

describe('concurrent runs in one project', () => {
  it('compute each item once, and all succeed', async () => {
    const made = project({ 'pipeline.yaml': fan(19) });
    const runs = Array.from({ length: 6 }, () => made.start('run', '--json'));
    const ended = await Promise.all(runs.map((run) => run.ended));
    expect(ended.map(({ code, err }) => `${code}${err}`)).toEqual(Array(6).fill('0'));
    expect(made.lines('ran.txt').toSorted()).toEqual(
      [...Array.from({ length: 19 }, (_, at) => `i${at}`), 'all'].toSorted(),
    );
    const ran = ended.reduce((sum, { out }) => sum + (outcomeOf(out).summary?.ran ?? 0), 0);
    expect(ran).toBe(20);
  });

  it.each([
    ['an item with an out', 'outs: [out.txt]'],
    ['an item without outs', 'desc: a check'],
  ])('wait for each other, and name the other: %s', async (_kind, outs) => {
    const made = project({
      'pipeline.yaml': `stages:\n  slow: { cmd: "echo x >> ran.txt; cat gate > out.txt", ${outs} }\n`,
    });
    execFileSync('mkfifo', [made.path('gate')]);
    const first = made.start('run', '--json');
    await first.event((event) => event.type === 'start');
    const second = made.start('run', '--json');
    const waiting = await second.event((event) => event.type === 'waiting');
    expect(waiting).toMatchObject({
      item: 'slow',
      reason: expect.stringContaining(`another run holds it: slow, pid ${first.pid}`),
    });
    made.write('gate', 'opened');
    const [one, two] = await Promise.all([first.ended, second.ended]);
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(outcomeOf(two.out).with('fresh')).toEqual(['slow']);
    expect(made.lines('ran.txt')).toEqual(['x']);
  });

  it('take over at once from a killed run, and end its processes', async () => {
    const made = project({
      'pipeline.yaml':
        'stages:\n  slow: { cmd: "echo $$ >> pids.txt; cat gate > out.txt", outs: [out.txt] }\n',
    });
    execFileSync('mkfifo', [made.path('gate')]);
    const first = made.start('run', '--json');
    await first.event((event) => event.type === 'start');
    await until(() => made.lines('pids.txt').length === 1);
    first.kill('SIGKILL');
    await first.ended;
    const second = made.start('run', '--json');
    await until(() => made.lines('pids.txt').length === 2);
    const [orphan] = made.lines('pids.txt').map(Number);
    expect(isAlive(orphan as number)).toBe(false);
    made.write('gate', 'opened');
    expect((await second.ended).code).toBe(0);
    expect(made.read('out.txt')).toBe('opened');
  });
});

it.each([
  ['as it is', ''],
  ['with a cleared environment', "env -i PATH='$PATH'"],
  ['in a session of its own', "setsid -w env -i PATH='$PATH'"],
])('a run that a stage starts does not wait for that stage: %s', async (_kind, wrapper) => {
  const pipe = `${wrapper} '${process.execPath}' '${BIN}'`;
  const made = project({
    'pipeline.yaml': `
stages:
  a: { cmd: "${pipe} run a > a.txt 2>&1; echo hi > \${outs.o}", outs: { o: out/a } }
  b: { cmd: "${pipe} run b > b.txt 2>&1" }
`,
  });
  expect((await made.pipe('run', '-k')).code).toBe(1);
  for (const item of ['a', 'b'])
    expect(made.read(`${item}.txt`)).toContain(
      `${item} waits for ${item}, and ${item} started this run and waits for it (run-within-itself)`,
    );
});

describe('an interrupted run', () => {
  it('stops its stages and exits 130, and the next run completes', async () => {
    const made = project({
      'pipeline.yaml': `
stages:
  quick: { cmd: 'echo x >> ran.txt; echo a > a.txt', outs: [a.txt] }
  slow: { cmd: 'echo $$ > pid.txt; if [ -e a.txt ] && [ ! -e go ]; then sleep 300; fi; echo b > b.txt', deps: [a.txt], outs: [b.txt] }
`,
    });
    const run = made.start('run', '--json');
    await run.event((event) => event.type === 'start' && event.item === 'slow');
    await until(() => made.lines('pid.txt').length === 1);
    run.kill('SIGINT');
    const ended = await run.ended;
    expect(ended.code).toBe(130);
    expect(outcomeOf(ended.out).summary).toMatchObject({ ran: 1, cancelled: 1 });
    expect(isAlive(Number(made.lines('pid.txt')[0]))).toBe(false);
    made.write('go', '');
    const next = await made.run();
    expect(next.with('fresh')).toEqual(['quick']);
    expect(next.with('ran')).toEqual(['slow']);
  });

  it('kills stages that ignore SIGTERM when it is interrupted again', async () => {
    const made = project({
      'pipeline.yaml': `
stages:
  deaf: { cmd: "trap '' TERM INT; echo $$ > pid.txt; while :; do sleep 1; done", outs: [b.txt] }
`,
    });
    const run = made.start('run', '--json');
    await until(() => made.lines('pid.txt').length === 1);
    run.kill('SIGINT');
    run.kill('SIGTERM');
    expect((await run.ended).code).toBe(130);
    expect(isAlive(Number(made.lines('pid.txt')[0]))).toBe(false);
  });
});

describe('GPU items', () => {
  it('use the only GPU exclusively, within a run and between two runs', async () => {
    const made = project({
      'pipeline.yaml': `
stages:
  train:
    matrix: { n: [1, 2, 3, 4, 5, 6] }
    cmd: echo begin \${n} >> log.txt; sleep 0.05; echo end \${n} >> log.txt; echo x > \${outs.model}
    outs: { model: "cache/out/\${n}" }
    resources: { gpu: 1 }
  beside: { cmd: 'cat gate > beside.txt', outs: [beside.txt] }
`,
    });
    made.env.PIPE_GPUS = '1';
    execFileSync('mkfifo', [made.path('gate')]);
    const odd = made.start('run', '--json', 'beside', 'train@1', 'train@3', 'train@5');
    const even = made.start('run', '--json', 'train@2', 'train@4', 'train@6');
    // Items without a GPU do not wait for its owner: all of them end in the meantime.
    expect((await even.ended).code).toBe(0);
    await odd.events((events) => trained(events).length === 6);
    made.write('gate', 'x');
    const ended = await odd.ended;
    expect(ended.code).toBe(0);
    for (const { out } of [ended, await even.ended]) {
      const steps = trained(outcomeOf(out).events);
      for (let at = 0; at < steps.length; at += 2)
        expect([steps[at]?.type, steps[at + 1]]).toMatchObject([
          'start',
          { type: 'item', item: steps[at]?.item, verdict: 'ran' },
        ]);
    }
    const lines = made.lines('log.txt');
    expect(lines).toHaveLength(12);
    for (let at = 0; at < lines.length; at += 2)
      expect(lines[at + 1]).toBe(lines[at]?.replace('begin', 'end'));
  });

  it('use the only GPU exclusively between two projects, in order of arrival', async () => {
    const pipeline = `
stages:
  train: { cmd: 'echo "$CUDA_VISIBLE_DEVICES" > seen.txt; cat gate > out.txt', outs: [out.txt], resources: { gpu: 1 } }
`;
    const [a, b] = [project({ 'pipeline.yaml': pipeline }), project({ 'pipeline.yaml': pipeline })];
    b.env.PIPE_RUNTIME_DIR = a.env.PIPE_RUNTIME_DIR as string;
    for (const each of [a, b]) {
      each.env.PIPE_GPUS = '1';
      execFileSync('mkfifo', [each.path('gate')]);
    }
    const first = a.start('run', '--json');
    await until(() => a.lines('seen.txt').length === 1);
    expect(a.lines('seen.txt')).toEqual(['0']);
    const second = b.start('run', '--json');
    const waiting = await second.event((event) => event.type === 'waiting');
    expect(waiting).toMatchObject({ reason: expect.stringContaining(`train of ${a.root}`) });
    expect(b.lines('seen.txt')).toEqual([]);
    expect(await reportOf(b)).not.toContain(a.root);
    first.kill('SIGKILL');
    await first.ended;
    await until(() => b.lines('seen.txt').length === 1);
    b.write('gate', 'x');
    expect((await second.ended).code).toBe(0);
    expect(await reportOf(b)).not.toContain(a.root);
  });
});

/** The page of the newest run, which may be shared: without paths of other projects. */
async function reportOf(made: Project): Promise<string> {
  expect((await made.pipe('report')).code).toBe(0);
  const text = made.read('cache/report.html');
  expect(text).toContain('"type":"waiting"');
  return text;
}

/** Start and end of a run's trainings. */
function trained(events: readonly RunEvent[]): (ItemStarted | ItemDone)[] {
  return events.filter(
    (event): event is ItemStarted | ItemDone =>
      (event.type === 'start' || event.type === 'item') && event.item.startsWith('train'),
  );
}

/** A zombie is dead, although its parent has not read its exit code yet. */
function isAlive(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
