/**
 * `temp: true`: an out that is removed once all items that read it are done, and made again if
 * needed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { disposed } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';
import { checkTempKills } from './support/temp-kills.js';

const PIPELINE = `stages:
  unpack:
    cmd: echo unpack >> ran; mkdir -p \${outs.big} && cp \${deps.a} \${outs.big}/a && echo all > \${outs.big}/b && wc -c < \${deps.a} > \${outs.size}
    deps: { a: a.txt }
    outs: { big: { path: big, temp: true }, size: size.txt }
  first:
    cmd: echo first >> ran; cat \${deps.big}/a \${deps.p} > \${outs.o}
    deps: { big: big, p: p.txt }
    outs: { o: first.txt }
  second:
    cmd: echo second >> ran; cat \${deps.part} \${deps.q} > \${outs.o}
    deps: { part: big/b, q: q.txt }
    outs: { o: second.txt }
  apart:
    cmd: echo apart >> ran; cat \${deps.size} > \${outs.o}
    deps: { size: size.txt }
    outs: { o: apart.txt }
`;

function made(pipeline = PIPELINE): Project {
  return disposed(
    new ProjectWithin({
      'pipeline.yaml': pipeline,
      'a.txt': 'content of a\n',
      'p.txt': 'p\n',
      'q.txt': 'q\n',
      ran: '',
    }),
  );
}

/** What ran, in alphabetical order, and how the run ended. */
async function run(own: Project, ...words: string[]): Promise<string> {
  own.write('ran', '');
  const { code, out, err } = await own.pipe('run', ...words);
  expect([code, err]).toEqual([0, '']);
  const ran = own.read('ran').trim().split('\n').sort().join(' ');
  return `${ran}|${out.trim().split('\n').at(-1)?.replace('pipe: ', '')}`;
}

const isThere = (own: Project) => existsSync(own.path('big'));

describe('a temporary out', () => {
  it('is removed when its readers are done, and a fresh reader does not make it again', async () => {
    const own = made();
    expect(await run(own)).toBe('apart first second unpack|4 ran, 0 restored, 0 fresh');
    expect([isThere(own), existsSync(own.path('size.txt'))]).toEqual([false, true]);
    for (let time = 0; time < 2; time++) expect(await run(own)).toBe('|0 ran, 0 restored, 4 fresh');
    expect((await own.pipe('status')).out).not.toMatch(/stale|unknown/);
    expect((await own.pipe('run', '--dry')).out).toBe('pipe: would run 0, 4 fresh\n');
    expect(await own.pipe('run', '--frozen')).toMatchObject({ code: 0 });
    expect(await own.pipe('lock', '--check')).toMatchObject({ code: 0 });
    expect((await own.pipe('cache', 'verify')).out).toMatch(/^(?!.*(missing|damaged))/s);
  });

  it('is made again for a reader that must run, and the other readers stay fresh', async () => {
    const own = made();
    await run(own);
    own.write('q.txt', 'new q\n');
    const { out } = await own.pipe('run', '--dry');
    expect(out).toContain('unpack: would run');
    expect(out).toContain('second needs its temporary out big');
    expect(out).toContain('pipe: would run 2, 2 fresh');
    expect((await own.pipe('why', 'unpack')).out).toContain('second needs its temporary out big');
    expect(await own.pipe('run', '--frozen')).toMatchObject({ code: 3 });
    expect(await run(own)).toBe('second unpack|2 ran, 0 restored, 2 fresh');
    expect([isThere(own), own.read('second.txt')]).toEqual([false, 'all\nnew q\n']);
    expect(await run(own)).toBe('|0 ran, 0 restored, 4 fresh');
  });

  it('is not made again to restore the outs of a reader, or other outs of its item', async () => {
    const own = made();
    await run(own);
    own.remove('first.txt');
    own.remove('size.txt');
    expect(await run(own)).toBe('|0 ran, 2 restored, 2 fresh');
    expect([isThere(own), own.read('first.txt')]).toEqual([false, 'content of a\np\n']);
  });

  it('stays as long as a reader has no result', async () => {
    const own = made();
    expect(await run(own, 'first')).toBe('first unpack|2 ran, 0 restored, 0 fresh');
    expect(isThere(own)).toBe(true);
    expect(await run(own, 'second')).toBe('second|1 ran, 0 restored, 1 fresh');
    expect(isThere(own)).toBe(true);
    expect(await run(own)).toBe('apart|1 ran, 0 restored, 3 fresh');
    expect(isThere(own)).toBe(false);
    own.write('q.txt', 'x\n');
    own.write('pipeline.yaml', PIPELINE.replace('cat ${deps.part}', 'false'));
    expect((await own.pipe('run')).code).toBe(1);
    expect(isThere(own)).toBe(true);
    own.write('pipeline.yaml', PIPELINE);
    expect(await run(own)).toBe('second|1 ran, 0 restored, 3 fresh');
    expect(isThere(own)).toBe(false);
  });

  it('in a chain of temporary outs is made again with all others that are needed', async () => {
    const own = made(`stages:
  a: { cmd: "echo a >> ran; cat a.txt > \${outs.o}", deps: [a.txt], outs: { o: { path: ta, temp: true } } }
  b: { cmd: "echo b >> ran; cat ta > \${outs.o}", deps: [ta], outs: { o: { path: tb, temp: true } } }
  c: { cmd: "echo c >> ran; cat tb q.txt > \${outs.o}", deps: [tb, q.txt], outs: { o: c.txt } }
`);
    expect(await run(own)).toBe('a b c|3 ran, 0 restored, 0 fresh');
    expect(['ta', 'tb'].map((name) => existsSync(own.path(name)))).toEqual([false, false]);
    expect(await run(own)).toBe('|0 ran, 0 restored, 3 fresh');
    own.write('q.txt', 'new\n');
    expect(await run(own)).toBe('a b c|3 ran, 0 restored, 0 fresh');
    expect(['ta', 'tb'].map((name) => existsSync(own.path(name)))).toEqual([false, false]);
    expect(own.read('c.txt')).toBe('content of a\nnew\n');
  });

  it('is not made again if early cutoff makes its reader fresh', async () => {
    const own = made(`stages:
  big: { cmd: "echo big >> ran; cat a.txt > \${outs.o}", deps: [a.txt], outs: { o: { path: big, temp: true } } }
  head: { cmd: "echo head >> ran; head -c 1 p.txt > \${outs.o}", deps: [p.txt], outs: { o: head.txt } }
  join: { cmd: "echo join >> ran; cat big head.txt > \${outs.o}", deps: [big, head.txt], outs: { o: join.txt } }
`);
    expect(await run(own)).toBe('big head join|3 ran, 0 restored, 0 fresh');
    own.write('p.txt', 'p again\n');
    expect((await own.pipe('run', '--dry')).out).toContain('pipe: would run 1, may run 2, 0 fresh');
    expect(await run(own)).toBe('head|1 ran, 0 restored, 2 fresh');
    expect(isThere(own)).toBe(false);
    own.write('p.txt', 'other\n');
    expect(await run(own)).toBe('big head join|3 ran, 0 restored, 0 fresh');
    expect(own.read('join.txt')).toBe('content of a\no');
  });

  it('is not part of any key, and its content is not stored', async () => {
    const own = made();
    await run(own);
    const keys = () => own.read('pipeline.lock').match(/key: \w+/g);
    const before = keys();
    own.write('pipeline.yaml', PIPELINE.replace('{ path: big, temp: true }', 'big'));
    expect(await run(own, '--dry')).toMatch(/^\|would run 1, may run 3/);
    expect(await run(own)).toBe('unpack|1 ran, 0 restored, 3 fresh');
    expect(keys()).toEqual(before);
    own.write('pipeline.yaml', PIPELINE);
    expect(await run(own)).toBe('|0 ran, 0 restored, 4 fresh');
    const other = made();
    await run(other);
    const digest = createHash('sha256').update('content of a\n').digest('hex');
    const objects = (each: Project) =>
      readdirSync(each.path('cache/v1/objects'), { recursive: true, encoding: 'utf8' });
    const holds = (each: Project) =>
      objects(each).some((name) => name.replace('/', '').includes(digest));
    expect([holds(own), holds(other)]).toEqual([true, false]);
  });

  it('that is gone cannot be verified, nor read with --only: both say what to do', async () => {
    const own = made();
    await run(own);
    const verified = await own.pipe('verify', 'first');
    expect(verified.code).toBe(2);
    expect(verified.err).toContain('it reads temporary outs of unpack, which are gone');
    expect(verified.err).toContain('`pipe run --force unpack` makes them again');
    expect(await own.pipe('verify', 'unpack')).toMatchObject({ code: 0 });
    expect(await run(own, '--only', 'first')).toBe('|0 ran, 0 restored, 1 fresh');
    own.write('p.txt', 'new\n');
    const only = await own.pipe('run', '--only', 'first');
    expect([only.code, only.err]).toEqual([2, expect.stringContaining('without --only')]);
    expect(await run(own, '--force', 'unpack')).toBe('unpack|1 ran, 0 restored, 0 fresh');
    expect(await own.pipe('verify', 'second')).toMatchObject({ code: 0 });
  });

  it('is omitted from a remote cache, whose readers use results without it', async () => {
    const own = made();
    own.env.PIPE_REMOTE = `file://${own.path('remote')}`;
    await run(own);
    own.remove('cache');
    for (const name of ['first.txt', 'second.txt', 'apart.txt', 'size.txt']) own.remove(name);
    const dry = await own.pipe('run', '--dry', '--remote', 'r');
    expect(dry.out).toContain('pipe: would run 0, would restore 4, 0 fresh');
    expect(await run(own)).toBe('|0 ran, 4 restored, 0 fresh');
    own.write('q.txt', 'new q\n');
    expect(await run(own)).toBe('second unpack|2 ran, 0 restored, 2 fresh');
  });

  it('that a killed run left is removed by the next run; test/long/ kills at each event', () =>
    checkTempKills([3, 5, 7]));

  it('that disappears is not made again for a reader with a result', async () => {
    const own = made(`stages:
  unpack: { cmd: "echo unpack >> ran; mkdir big; echo b > big/b", outs: { big: { path: big, temp: true } } }
  other: { cmd: "echo other >> ran; rm -rf big; echo o > \${outs.o}", outs: { o: other.txt }, always: true }
  second: { cmd: "echo second >> ran; cat big/b other.txt > \${outs.o}", deps: [big/b, other.txt], outs: { o: second.txt } }
`);
    await run(own, 'other');
    expect(await run(own, 'unpack')).toBe('unpack|1 ran, 0 restored, 0 fresh');
    expect(await run(own)).toBe('other second unpack|3 ran, 0 restored, 0 fresh');
    await run(own, '--force', 'unpack');
    expect(isThere(own)).toBe(true);
    expect(await run(own)).toBe('other|1 ran, 0 restored, 2 fresh');
  });

  it.each(['big', 'big/b'])(
    'that disappears as %s before its reader starts is made again',
    async (dep) => {
      const own = made(`stages:
  unpack: { cmd: "echo unpack >> ran; mkdir big; echo b > big/b", outs: { big: { path: big, temp: true } } }
  other: { cmd: "echo other >> ran; rm -r big; echo o > \${outs.o}", outs: { o: other.txt } }
  second: { cmd: "echo second >> ran; cat big/b other.txt > \${outs.o}", deps: [${dep}, other.txt], outs: { o: second.txt } }
`);
      await run(own, 'unpack');
      expect(isThere(own)).toBe(true);
      expect(await run(own)).toBe('other second unpack|3 ran, 0 restored, 0 fresh');
      expect([isThere(own), own.read('second.txt')]).toEqual([false, 'b\no\n']);
    },
  );

  it('that the user edits is not removed, and its item runs again', async () => {
    const own = made();
    await run(own, 'first');
    own.write('big/a', 'edited\n');
    expect((await own.pipe('status')).out).toMatch(/unpack +stale/);
  });

  it.each([
    ['metrics: [big]', 'metrics or a plot'],
    ['plots: { big: { path: big/x.csv } }', 'metrics or a plot'],
  ])('cannot also be kept: %s', async (key, what) => {
    const own = made(`stages:
  a:
    cmd: "true"
    outs: { big: { path: big, temp: true } }
    ${key}
`);
    const { code, err } = await own.pipe('status');
    expect(code).toBe(2);
    expect(err).toMatch(/^pipeline\.yaml:4:/);
    expect(err).toContain(`the out "big" is temporary and ${what} (bad-temp)`);
  });
});
