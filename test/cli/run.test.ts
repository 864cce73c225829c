import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { disposed, project, projectWithin } from '../rig/projects.js';
import { ranOnce } from '../rig/template.js';
import { ProjectWithin } from '../rig/within.js';

/** Three commands in a row; each execution adds a line to ran.txt. */
const CHAIN = {
  'data/text.txt': 'one two three\n',
  'pipeline.yaml': `
stages:
  upper:
    cmd: echo upper >> ran.txt; tr a-z A-Z < \${deps.text} > \${outs.upper}
    deps: { text: data/text.txt }
    outs: { upper: cache/out/upper.txt }
  count:
    cmd: echo count >> ran.txt; wc -w < \${deps.upper} > \${outs.count}
    deps: { upper: cache/out/upper.txt }
    outs: { count: cache/out/count.txt }
  show:
    cmd: [sh, -c, 'echo show >> ran.txt; cat "$1" > "$2"', sh, '\${deps.count}', '\${outs.shown}']
    deps: { count: cache/out/count.txt }
    outs: { shown: shown.txt }
`,
};

const runOnce = ranOnce(CHAIN, ProjectWithin);

/** The same project after a run. */
async function ran(): Promise<Project> {
  return disposed(await runOnce());
}

describe('pipe run', () => {
  it('runs items that never ran, in dependency order, and ends with a line of counts', async () => {
    const made = project(CHAIN);
    const { code, out, err } = await made.pipe('run');
    expect(err).toBe('');
    expect(out.trimEnd().split('\n').at(-1)).toBe('pipe: 3 ran, 0 restored, 0 fresh');
    expect(code).toBe(0);
    expect(made.lines('ran.txt')).toEqual(['upper', 'count', 'show']);
    expect(made.read('shown.txt').trim()).toBe('3');
  });

  it('runs nothing the second time, and prints only that', async () => {
    const made = project(CHAIN);
    await made.pipe('run');
    expect(await made.pipe('run')).toMatchObject({
      code: 0,
      out: 'pipe: 0 ran, 0 restored, 3 fresh\n',
      err: '',
    });
    expect(made.lines('ran.txt')).toHaveLength(3);
  });

  it('runs the items that a changed input reaches, and stops at equal bytes (early cutoff)', async () => {
    const made = await ran();
    made.write('data/text.txt', 'four five six\n');
    const run = await made.run();
    expect(run.with('ran')).toEqual(['upper', 'count']);
    expect(run.with('fresh')).toEqual(['show']);
  });

  it('restores deleted outs without running anything', async () => {
    const made = await ran();
    made.remove('cache/out');
    made.remove('shown.txt');
    const run = await made.run();
    expect(run.summary).toMatchObject({ ran: 0, restored: 3, fresh: 0 });
    expect(made.lines('ran.txt')).toHaveLength(3);
    expect(made.read('shown.txt').trim()).toBe('3');
  });

  it('restores an edited out, and the edit never reaches the cache', async () => {
    const made = await ran();
    made.write('cache/out/upper.txt', 'edited');
    const run = await made.run();
    expect(run.with('restored')).toEqual(['upper']);
    expect(made.read('cache/out/upper.txt')).toBe('ONE TWO THREE\n');
  });

  it('restores an earlier result when a change is undone', async () => {
    const made = await ran();
    made.write('data/text.txt', 'one two\n');
    await made.pipe('run');
    made.write('data/text.txt', 'one two three\n');
    const run = await made.run();
    expect(run.summary).toMatchObject({ ran: 0, restored: 3, fresh: 0 });
  });

  it('only takes time after the cache is deleted', async () => {
    const made = await ran();
    made.remove('cache');
    expect((await made.run()).summary).toMatchObject({ ran: 3, restored: 0, fresh: 0 });
  });

  it.each(['cache', 'cache/tmp'])('says so if %s is deleted while an item runs', async (folder) => {
    const made = projectWithin({
      'pipeline.yaml': `stages: { s: { cmd: "echo > o; rm -rf ${folder}", outs: [o] } }\n`,
    });
    const { items } = await made.run();
    expect(items.s?.failure?.message).toBe('the cache was deleted while the item ran: run again');
    made.write('pipeline.yaml', 'stages: { s: { cmd: "echo > o", outs: [o] } }\n');
    expect((await made.run()).with('ran')).toEqual(['s']);
  });

  it('runs only the named stage and what it needs', async () => {
    const made = projectWithin(CHAIN);
    const run = await made.run('count');
    expect(run.with('ran')).toEqual(['upper', 'count']);
    expect(run.items).not.toHaveProperty('show');
  });

  it('runs fresh items with --force', async () => {
    const made = await ran();
    expect((await made.run('--force', 'count')).with('ran')).toEqual(['upper', 'count']);
    expect((await made.run('--force', '--only', 'count')).with('ran')).toEqual(['count']);
  });

  it('with --dry reports what would run, and runs nothing', async () => {
    const made = projectWithin(CHAIN);
    const first = await made.run('--dry');
    expect(first.summary).toMatchObject({ ran: 3, wouldRun: 3, mayRun: 0, wouldRestore: 0 });
    expect(first.items.count?.reason).toBe('never ran');
    expect(made.lines('ran.txt')).toEqual([]);
    await made.pipe('run');
    made.remove('shown.txt');
    expect((await made.run('--dry')).with('restored')).toEqual(['show']);
    expect(made.lines('shown.txt')).toEqual([]);
  });

  it('prints one JSON event per line with --json, an item event for each and a summary last', async () => {
    const made = project(CHAIN);
    const { events, out } = await made.run();
    expect(out.trimEnd().split('\n')).toHaveLength(events.length);
    expect(events.filter((event) => event.type === 'item').map((event) => event.item)).toEqual([
      'upper',
      'count',
      'show',
    ]);
    expect(events.at(-1)).toMatchObject({
      type: 'summary',
      ran: 3,
      restored: 0,
      fresh: 0,
      failed: 0,
      blocked: 0,
      cancelled: 0,
    });
  });
});

describe('several reasons to run', () => {
  const TWO = {
    'in.txt': 'a\n',
    'pipeline.yaml': `params: { rate: 1, size: 2 }
stages:
  both:
    cmd: cat in.txt > \${outs.o}
    deps: [in.txt]
    params: [rate, size]
    outs: { o: o.txt }
`,
  };
  const runsOnce = ranOnce(TWO);
  const REASONS = ['param rate 1 → 3', 'param size 2 → 4', 'dep in.txt changed'];

  /** Two params and a dep differ from the last run. */
  async function changed(): Promise<Project> {
    const made = disposed(await runsOnce());
    made.write('in.txt', 'b\n');
    made.write('pipeline.yaml', TWO['pipeline.yaml'].replace('1, size: 2', '3, size: 4'));
    return made;
  }

  it('are printed as the first one and a count, also with --dry', async () => {
    const made = await changed();
    const text = '(param rate 1 → 3, and 2 more reasons)\n';
    expect((await made.pipe('run', '--frozen')).out).toContain(`both: would run ${text}`);
    expect((await made.pipe('run', '--dry')).out).toMatch(/^both: would run, about .* s \(param/);
    expect((await made.pipe('run', '--dry')).out).toContain(text);
    expect((await made.pipe('run')).out).toContain(`both: running ${text}`);
  });

  it('are all in the events of --json and in the file of --summarize', async () => {
    const made = await changed();
    const why = { reason: REASONS[0], reasons: REASONS };
    expect((await made.run('--dry')).items.both).toMatchObject(why);
    expect((await made.run('--frozen')).items.both).toMatchObject(why);
    const { events, items } = await made.run('--summarize', 'run.json');
    expect(events.find(({ type }) => type === 'start')).toMatchObject(why);
    expect(items.both).toMatchObject({ verdict: 'ran', ...why });
    expect(JSON.parse(made.read('run.json')).items).toMatchObject([why]);
  });

  it('are not listed when there is only one', async () => {
    const made = disposed(await runsOnce());
    made.write('in.txt', 'b\n');
    const { both } = (await made.run()).items;
    expect([both?.reason, both?.reasons]).toEqual(['dep in.txt changed', undefined]);
  });
});

describe('pipe run --summarize', () => {
  it('writes the outcome of every item as JSON', async () => {
    const made = projectWithin(CHAIN);
    await made.pipe('run', '--summarize', 'run.json');
    const { summary, items } = JSON.parse(made.read('run.json'));
    expect(summary).toMatchObject({ ran: 3, failed: 0 });
    const refused = await made.pipe('run', '--force', '--summarize', 'nowhere/run.json');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain('--summarize cannot write nowhere/run.json');
    const other = await made.pipe('run', '--force', '--summarize', 'pipeline.yaml');
    expect(other).toMatchObject({ code: 2 });
    expect(other.err).toContain('pipeline.yaml: the file exists, and --summarize did not write it');
    expect(made.lines('ran.txt')).toHaveLength(3);
    expect(await made.pipe('run', '--summarize', 'run.json')).toMatchObject({ code: 0 });
    expect(items).toMatchObject([
      { item: 'upper', verdict: 'ran', reason: 'never ran' },
      { item: 'count', verdict: 'ran' },
      { item: 'show', verdict: 'ran' },
    ]);
  });
});

describe('pipe run --only', () => {
  it('runs only the named items, on existing inputs, and warns about a stale upstream', async () => {
    const made = await ran();
    made.write('data/text.txt', 'changed upstream\n');
    made.write('cache/out/upper.txt', 'A B C D\n');
    const run = await made.run('--only', 'count');
    expect(run.with('ran')).toEqual(['count']);
    expect(made.read('cache/out/count.txt').trim()).toBe('4');
    expect(run.events).toContainEqual({
      type: 'warning',
      item: 'count',
      message: 'upper is stale (dep data/text.txt changed): its outs are used as they are',
    });
  });

  it('restores a missing input from the cache', async () => {
    const made = await ran();
    made.remove('cache/out');
    const run = await made.run('--only', 'show');
    expect(run.code).toBe(0);
    expect(run.with('fresh')).toEqual(['show']);
    expect(made.read('cache/out/count.txt').trim()).toBe('3');
  });

  it('fails when an input is missing and cannot be restored', async () => {
    const made = project(CHAIN);
    const { code, err } = await made.pipe('run', '--only', 'show');
    expect(code).toBe(2);
    expect(
      err,
    ).toBe(`pipeline.yaml:13:20: error: show: the input cache/out/count.txt does not exist (missing-input)
        deps: { count: cache/out/count.txt }
                       ~~~~~~~~~~~~~~~~~~~
  run it without --only, so that the stage that writes it runs first
`);
  });
});

describe('failures', () => {
  const failing = `
stages:
  good: { cmd: 'echo good > \${outs.a}', outs: { a: a.txt } }
  bad: { cmd: 'echo some words; echo more >&2; exit 3', outs: { b: b.txt } }
  after: { cmd: 'cp b.txt c.txt', deps: [b.txt], outs: [c.txt] }
  beside: { cmd: 'cp a.txt d.txt', deps: [a.txt], outs: [d.txt] }
`;

  it('are reported with item, command, exit code, last lines and log', async () => {
    const made = project({ 'pipeline.yaml': failing });
    const { code, out } = await made.pipe('run', '-k');
    expect(code).toBe(1);
    expect(out).toContain(
      'bad: failed: exit code 3\n  command: echo some words; echo more >&2; exit 3\n',
    );
    expect(out).toContain('  | some words\n  | more\n');
    const log = /full log: (\S+)/.exec(out)?.[1] ?? '';
    expect(made.read(log)).toBe('some words\nmore\n');
    expect(out).toContain('after: blocked: needs bad, which failed\n');
    expect(out.trimEnd().split('\n').at(-1)).toBe(
      'pipe: 2 ran, 0 restored, 0 fresh, 1 failed, 1 blocked',
    );
  });

  it('let nothing new start without --keep-going', async () => {
    const made = projectWithin({ 'pipeline.yaml': failing.replace('good:', 'zgood:') });
    const run = await made.run('--concurrency', '1', 'after');
    expect(run.code).toBe(1);
    expect(run.with('failed')).toEqual(['bad']);
    expect(run.with('blocked')).toEqual(['after']);
    const all = await made.run('-k');
    expect(all.with('ran')).toEqual(['zgood', 'beside']);
  });

  it('are retried as often as `retries` says', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  flaky:
    cmd: echo x >> tries.txt; test $(wc -l < tries.txt) -ge 3 && echo done > \${outs.a}
    outs: { a: a.txt }
    retries: 2
`,
    });
    expect((await made.run()).code).toBe(0);
    expect(made.lines('tries.txt')).toHaveLength(3);
  });

  it('include an out that was not written, with what the command printed', async () => {
    const made = projectWithin({
      'pipeline.yaml': 'stages:\n  a: { cmd: "cat absent || echo nothing to do", outs: [a.txt] }\n',
    });
    const run = await made.run();
    expect(run.code).toBe(1);
    expect(run.items.a?.failure?.message).toBe(
      'did not write a.txt: make the command write there, or correct the path under outs',
    );
    expect(run.items.a?.failure?.tail).toEqual([
      expect.stringContaining('absent'),
      'nothing to do',
    ]);
    expect((await made.run()).with('failed')).toEqual(['a']);
  });

  it('include a script with Windows line ends as the cause', async () => {
    const lines = 'echo a > a.txt\r\n';
    const made = projectWithin({
      'pipeline.yaml': `stages:
  read: { cmd: sh read.sh, outs: [a.txt] }
  started: { cmd: ./started, outs: [b.txt] }
  python: { cmd: python3 python.py, outs: [c.txt] }
`,
      'read.sh': lines,
      started: `#!/usr/bin/env sh\r\n${lines}`,
      'python.py': 'import sys\r\nsys.exit(127)\r\n',
    });
    chmodSync(made.path('started'), 0o755);
    const { items } = await made.run('-k');
    const flaw = (file: string) =>
      `"${file}" has Windows line ends, which are part of the words for a shell: convert it (sed -i 's/\\r$//' ${file})`;
    expect(items.read?.failure?.message).toBe(`did not write a.txt: ${flaw('read.sh')}`);
    expect(items.started?.failure?.message).toBe(`exit code 127: ${flaw('started')}`);
    expect(items.python?.failure?.message).not.toContain('Windows');
  });

  it('name the usual program where there is no `python`', async () => {
    const made = projectWithin({
      'pipeline.yaml': 'stages: { a: { cmd: python train.py, outs: [a.txt] } }\n',
      'train.py': '',
    });
    made.env.PATH = made.path('empty');
    expect((await made.run()).items.a?.failure?.message).toBe(
      'exit code 127: there is no program "python" here: write python3',
    );
  });

  it('include an input that changed while the stage ran: the result is not recorded', async () => {
    const made = projectWithin({
      'in.txt': 'before',
      'pipeline.yaml':
        'stages:\n  a: { cmd: "cat in.txt > out.txt; echo after > in.txt", deps: [in.txt], outs: [out.txt] }\n',
    });
    const run = await made.run();
    expect(run.items.a?.failure?.message).toBe(
      'in.txt changed while it ran: the result is not recorded; run again, or if the stage itself writes in.txt, write to an out instead',
    );
  });

  it('of a missing input are user errors: exit 2, before anything runs', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  first: { cmd: 'echo x > a.txt', outs: [a.txt] }
  second: { cmd: 'cat a.txt nowhere.csv > b.txt', deps: [a.txt, nowhere.csv], outs: [b.txt] }
`,
    });
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain('second: the input nowhere.csv does not exist');
    expect(made.lines('a.txt')).toEqual([]);
  });

  const WAITING = `
stages:
  first: { cmd: 'echo x > a.txt', outs: [a.txt], deps: [in.txt] }
  second:
    cmd: cat \${deps.a} \${deps.more} > b.txt
    deps: { a: a.txt, more: "data/none/*.txt" }
    outs: [b.txt]
`;

  it.each([[], ['--dry'], ['--frozen']])(
    'of a pattern without matches too, although an upstream item must run first (%s)',
    async (...args) => {
      const made = projectWithin({ 'pipeline.yaml': WAITING, 'in.txt': '' });
      const { code, out, err } = await made.pipe('run', ...args);
      expect(
        out.replace(/^there is no pipeline.lock.*\n/, '') + err,
      ).toBe(`pipeline.yaml:6:29: error: second: nothing matches data/none/*.txt (missing-input)
        deps: { a: a.txt, more: "data/none/*.txt" }
                                ~~~~~~~~~~~~~~~~~
  no stage writes it: add the file, or correct the path in pipeline.yaml
`);
      expect(code).toBe(2);
      expect(made.lines('a.txt')).toEqual([]);
    },
  );

  it('of a file that a fresh stage did not write into its folder, and of a plain file with --dry', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  fresh: { cmd: 'mkdir \${outs.o}; echo x > \${outs.o}/x.txt', outs: { o: cache/out/fresh } }
  stale: { cmd: 'cat in.txt > \${outs.o}', deps: [in.txt], outs: { o: cache/out/stale.txt } }
  last:
    cmd: 'true'
    deps: [cache/out/stale.txt, cache/out/fresh/y.txt, plain.txt]
    outs: [cache/out/last.txt]
`,
      'in.txt': '',
    });
    expect((await made.run('fresh')).code).toBe(0);
    for (const args of [['--dry'], []]) {
      const { code, err } = await made.pipe('run', ...args);
      expect(code).toBe(2);
      expect(err).toContain('last: the input cache/out/fresh/y.txt does not exist');
      expect(err).toContain(
        'the stage that should write it ran without writing it: correct that stage, or the path',
      );
      expect(err).toContain('last: the input plain.txt does not exist');
    }
    expect(made.lines('cache/out/stale.txt')).toEqual([]);
  });

  it('exclude files that a stage may still make, in a folder or for a pattern', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  folder: { cmd: 'mkdir \${outs.o}; echo x > \${outs.o}/x.txt', outs: { o: cache/out/folder } }
  file: { cmd: 'echo y > \${outs.o}', outs: { o: cache/out/file.txt } }
  last:
    cmd: cat \${deps.x} \${deps.all} \${deps.inside} > \${outs.o}
    deps: { x: cache/out/folder/x.txt, all: "cache/out/f*.txt", inside: "cache/out/folder/*.txt" }
    outs: { o: cache/out/last.txt }
`,
    });
    const dry = await made.pipe('run', '--dry');
    expect(dry.err + dry.code).toBe('0');
    expect((await made.run()).with('ran')).toEqual(['folder', 'file', 'last']);
    expect(made.read('cache/out/last.txt')).toBe('x\ny\nx\n');
    made.remove('cache/out');
    expect((await made.pipe('run', '--dry')).code).toBe(0);
    expect((await made.run()).with('restored')).toEqual(['folder', 'file', 'last']);
  });

  it('of a file that a stage did not make are reported after it ran, with a hint', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  folder: { cmd: 'mkdir \${outs.o}', outs: { o: cache/out/folder } }
  last: { cmd: 'true', deps: [cache/out/folder/x.txt], outs: [cache/out/last.txt] }
`,
    });
    const run = await made.run();
    expect(run.code).toBe(1);
    expect(run.items.last?.failure?.message).toBe(
      'the input cache/out/folder/x.txt does not exist; the stage that should write it ran without writing it: correct that stage, or the path in pipeline.yaml',
    );
  });
});
