/** Behaviours from DVC's functional tests that no other test covers; docs/dvc-behaviours.md lists all. */
import { linkSync, renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

/** One stage that copies, plus the given keys. */
function copying(keys: string): string {
  return `stages:\n  copy: { cmd: "cp foo bar; cp foo more", ${keys} }\n`;
}

describe('a changed definition', () => {
  it('runs again when a dep is added that was read before', async () => {
    const made = projectWithin({ foo: 'foo', 'pipeline.yaml': copying('outs: [bar]') });
    await made.run();
    made.write('pipeline.yaml', copying('deps: [foo], outs: [bar]'));
    const { out } = await made.pipe('why', 'copy');
    expect(out).toBe('copy would run:\n  dep foo added\n');
    expect((await made.run()).with('ran')).toEqual(['copy']);
  });

  it('runs again when an out is added that was written before, and keeps it', async () => {
    const made = projectWithin({
      foo: 'foo',
      'pipeline.yaml': copying('deps: [foo], outs: [bar]'),
    });
    await made.run();
    made.write('pipeline.yaml', copying('deps: [foo], outs: [bar, more]'));
    expect((await made.run()).with('ran')).toEqual(['copy']);
    made.remove('more');
    expect((await made.run()).with('restored')).toEqual(['copy']);
    expect(made.read('more')).toBe('foo');
  });

  it('follows a dep to its new name, in a list by the name and in a map by the content', async () => {
    const made = projectWithin({
      foo: 'foo',
      'pipeline.yaml': `
stages:
  listed: { cmd: "cat foo baz > bar || true", deps: [foo], outs: [bar] }
  named: { cmd: "cat foo baz > tar || true", deps: { it: foo }, outs: [tar] }
`,
    });
    await made.run();
    renameSync(made.path('foo'), made.path('baz'));
    made.write(
      'pipeline.yaml',
      made.read('pipeline.yaml').replace('[foo]', '[baz]').replace('it: foo', 'it: baz'),
    );
    const run = await made.run();
    expect([run.with('ran'), run.with('fresh')]).toEqual([['listed'], ['named']]);
  });

  it('does not include an out that becomes a metric, or a metric that becomes an out', async () => {
    const made = projectWithin({
      foo: '{"a":1}',
      'pipeline.yaml': copying('deps: [foo], outs: [bar]'),
    });
    await made.run();
    made.write('pipeline.yaml', copying('deps: [foo], metrics: [bar]'));
    expect((await made.run()).with('fresh')).toEqual(['copy']);
    expect((await made.pipe('metrics')).out).toContain('a          1');
    made.write('pipeline.yaml', copying('deps: [foo], outs: [bar]'));
    expect((await made.run()).with('fresh')).toEqual(['copy']);
  });

  it('runs a new stage only', async () => {
    const made = projectWithin({
      foo: 'foo',
      'pipeline.yaml': copying('deps: [foo], outs: [bar]'),
    });
    await made.run();
    made.write(
      'pipeline.yaml',
      `${made.read('pipeline.yaml')}  next: { cmd: "cp bar baz", deps: [bar], outs: [baz] }\n`,
    );
    const run = await made.run();
    expect([run.with('ran'), run.with('fresh')]).toEqual([['next'], ['copy']]);
  });
});

describe('a command with several lines', () => {
  const LINES = `
stages:
  lines:
    cmd: |
      echo foo > foo
      test -e bar
      echo baz > baz
    outs: [foo, baz]
`;

  it('runs line by line, in /bin/sh whatever $SHELL says', async () => {
    const made = projectWithin({
      bar: '',
      'pipeline.yaml': LINES.replace('echo foo', 'echo "$0"'),
    });
    made.env.SHELL = '/bin/false';
    expect((await made.run()).with('ran')).toEqual(['lines']);
    expect(made.read('foo')).toBe('/bin/sh\n');
    expect(made.read('baz')).toBe('baz\n');
  });

  it('stops at a line that fails', async () => {
    const made = projectWithin({ 'pipeline.yaml': LINES });
    expect((await made.run()).with('failed')).toEqual(['lines']);
    expect(made.read('foo')).toBe('foo\n');
    expect(made.lines('baz')).toEqual([]);
  });
});

describe('a folder', () => {
  const FOLDERS = `
stages:
  make: { cmd: "mkdir -p data/made; cp foo data/made/foo; cp foo data/made/more", deps: [foo], outs: [data/made] }
  one: { cmd: "cp data/made/foo one", deps: [data/made/foo], outs: [one] }
  own: { cmd: "cp data/own own", deps: [data/own], outs: [own] }
  whole: { cmd: "ls -R data > whole; cat data/*/* data/own >> whole", deps: [data], outs: [whole] }
`;

  it('that is a dep is stale after a change of any file in it; a dep below it only after its own change', async () => {
    const made = projectWithin({ foo: 'foo', 'data/own': 'own', 'pipeline.yaml': FOLDERS });
    expect((await made.run()).with('ran')).toEqual(['make', 'one', 'own', 'whole']);
    made.write('data/own', 'changed');
    expect((await made.run()).with('ran')).toEqual(['own', 'whole']);
    made.write('foo', 'changed');
    expect((await made.run()).with('ran')).toEqual(['make', 'one', 'whole']);
    expect(made.read('whole')).toContain('changedchangedchanged');
  });

  it('that is an out with an extra file is restored; with an extra file in a dep it runs', async () => {
    const made = projectWithin({
      'data/foo': 'foo',
      'pipeline.yaml': 'stages:\n  copy: { cmd: "cp -r data dir", deps: [data], outs: [dir] }\n',
    });
    await made.run();
    made.write('dir/more', 'x');
    expect((await made.run()).with('restored')).toEqual(['copy']);
    expect(made.lines('dir/more')).toEqual([]);
    linkSync(made.path('data/foo'), made.path('data/foo.lnk'));
    expect((await made.run()).with('ran')).toEqual(['copy']);
    expect(made.read('dir/foo.lnk')).toBe('foo');
  });

  it('at the path of an out is removed before the stage runs', async () => {
    const made = projectWithin({
      'dir/foo': 'foo',
      'pipeline.yaml': 'stages:\n  make: { cmd: "mkdir dir; echo x > dir/bar", outs: [dir] }\n',
    });
    expect((await made.run()).with('ran')).toEqual(['make']);
    expect([made.lines('dir/foo'), made.lines('dir/bar')]).toEqual([[], ['x']]);
  });
});

describe('the selection', () => {
  it('with --only consists of the named items, in dependency order', async () => {
    const made = projectWithin({
      'pipeline.yaml': `
stages:
  copy: { cmd: "echo copy >> ran.txt; cp foo bar", deps: [foo], outs: [bar] }
  make: { cmd: "echo make >> ran.txt; echo foo > foo", outs: [foo] }
  other: { cmd: "echo other > other", outs: [other] }
`,
    });
    expect((await made.run('--only', 'copy', 'make')).with('ran')).toEqual(['make', 'copy']);
    expect(made.lines('ran.txt')).toEqual(['make', 'copy']);
    expect(made.lines('other')).toEqual([]);
  });

  it('is empty when one of the targets does not exist', async () => {
    const made = projectWithin({
      foo: 'foo',
      'pipeline.yaml': copying('deps: [foo], outs: [bar]'),
    });
    expect(await made.pipe('run', 'copy', 'cpoy')).toMatchObject({
      code: 2,
      err: expect.stringContaining('did you mean "copy"?'),
    });
    expect(made.lines('bar')).toEqual([]);
  });

  it('includes a stage with always: true each time, and its dependents only for new bytes', async () => {
    const made = projectWithin({
      source: 'a',
      'pipeline.yaml': `
stages:
  look: { cmd: "echo x >> ran.txt; cp source seen", outs: [seen], always: true }
  after: { cmd: "cp seen after", deps: [seen], outs: [after] }
`,
    });
    await made.run();
    const same = await made.run();
    expect([same.with('ran'), same.with('fresh')]).toEqual([['look'], ['after']]);
    made.write('source', 'b');
    expect((await made.run()).with('ran')).toEqual(['look', 'after']);
    expect(made.lines('ran.txt')).toHaveLength(3);
  });

  it('includes a stage without outs when its input changed', async () => {
    const made = projectWithin({
      foo: 'foo',
      'pipeline.yaml': 'stages:\n  cat: { cmd: "cat foo >> ran.txt", deps: [foo] }\n',
    });
    expect((await made.run()).with('ran')).toEqual(['cat']);
    expect((await made.run()).with('fresh')).toEqual(['cat']);
    made.write('foo', 'bar');
    expect((await made.run()).with('ran')).toEqual(['cat']);
    expect(made.read('ran.txt')).toBe('foobar');
  });

  it('is predicted by --dry for a pipeline that never ran, including future folders', async () => {
    const made = projectWithin({
      'in/file': '0',
      'pipeline.yaml': `
stages:
  copy: { cmd: "cp -r in out", deps: [in], outs: [out] }
  list: { cmd: "ls out > list", deps: [out], outs: [list] }
`,
    });
    const { code, out } = await made.pipe('run', '--dry', 'list');
    expect([code, out]).toEqual([
      0,
      'copy: would run (never ran)\nlist: would run (never ran)\npipe: would run 2, 0 fresh\n',
    ]);
    expect(made.lines('list')).toEqual([]);
  });

  it('includes what a changed dep reaches in its chain, but no other chain of the file', async () => {
    const made = projectWithin({
      foo: 'foo',
      bar: 'bar',
      'pipeline.yaml': `
stages:
  foo1: { cmd: "cp foo foo1", deps: [foo], outs: [foo1] }
  foo2: { cmd: "cp foo1 foo2", deps: [foo1], outs: [foo2] }
  bar1: { cmd: "cp bar bar1", deps: [bar], outs: [bar1] }
  both: { cmd: "cat foo2 bar1 > both", deps: [foo2, bar1], outs: [both] }
`,
    });
    expect((await made.run()).with('ran')).toHaveLength(4);
    made.write('foo', 'changed');
    const run = await made.run();
    expect([run.with('ran'), run.with('fresh')]).toEqual([['foo1', 'foo2', 'both'], ['bar1']]);
  });
});

describe('a result restored from the cache', () => {
  it('is the newest one if the stage produced several', async () => {
    const made = projectWithin({
      luck: 'first',
      'pipeline.yaml': 'stages:\n  lucky: { cmd: "cp luck out", outs: [out] }\n',
    });
    await made.run();
    made.write('luck', 'second');
    await made.run('--force');
    made.remove('out');
    expect((await made.run()).with('restored')).toEqual(['lucky']);
    expect(made.read('out')).toBe('second');
  });

  it('never comes from --dry, which records nothing', async () => {
    const made = projectWithin({
      foo: 'foo',
      'pipeline.yaml': copying('deps: [foo], outs: [bar]'),
    });
    await made.run('--dry');
    expect((await made.run()).with('ran')).toEqual(['copy']);
  });
});
