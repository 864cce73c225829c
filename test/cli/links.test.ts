/** Links: paths that lead to one place are treated as one, before anything changes. */
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readlinkSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspection } from '../../src/decide/inspection.js';
import { openProject } from '../../src/decide/project.js';
import { Watched } from '../../src/watch/watched.js';
import { BIN, type Project } from '../rig/project.js';
import { project as projectOfProcesses, projectWithin } from '../rig/projects.js';
import { checkLinks } from './support/linked-trees.js';

/** `links`: name → link target. Creates a folder for each name that ends in `/`. */
function linked(
  pipeline: string,
  links: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): Project {
  const project = projectWithin({ 'pipeline.yaml': pipeline });
  for (const [name, text] of Object.entries(files)) {
    if (name.endsWith('/')) mkdirSync(project.path(name), { recursive: true });
    else project.write(name, text);
  }
  for (const [name, target] of Object.entries(links)) {
    mkdirSync(path.dirname(project.path(name)), { recursive: true });
    symlinkSync(target, project.path(name));
  }
  return project;
}

async function refused(project: Project, code: string): Promise<string> {
  const { code: exit, err, out } = await project.pipe('run');
  expect([exit, out]).toEqual([2, '']);
  expect(err).toContain(`(${code})`);
  return err;
}

describe('an out through a link', () => {
  const sort =
    'stages: { clean: { cmd: "sort ${deps.d} > ${outs.o}", deps: { d: raw/scans.txt }, outs: { o: work/scans.txt } } }';

  it("to the item's own input is refused, and the input stays", async () => {
    const project = linked(sort, { raw: 'nas', work: 'nas' }, { 'nas/scans.txt': 'three years\n' });
    const err = await refused(project, 'self-dependency');
    expect(err).toContain(
      'raw/scans.txt, which is its own out work/scans.txt: raw and work lead to nas',
    );
    expect(err).toMatch(/^pipeline.yaml:1:\d+: error/);
    expect(project.read('nas/scans.txt')).toBe('three years\n');
  });

  it('to its own input outside of the project is refused too', async () => {
    const outside = projectWithin({ 'scans.txt': 'three years\n' });
    const project = linked(sort, {
      raw: outside.root,
      work: `${outside.root}/../${path.basename(outside.root)}`,
    });
    await refused(project, 'self-dependency');
    expect(outside.read('scans.txt')).toBe('three years\n');
  });

  it.each([
    ['one', 'a/x', 'b/x', 's1 writes a/x and s2 writes b/x, which are one path: b leads to a'],
    ['within the other', 'a/x', 'b/x/y', 'one inside the other: b leads to a'],
    ['one by two links', 'c/x', 'b/x', 'which are one path: c and b lead to a'],
  ])('and another out must not be %s', async (_, first, second, text) => {
    const pipeline = `
stages:
  s1: { cmd: "echo 1 > \${outs.o}", outs: { o: ${first} } }
  s2: { cmd: "echo 2 > \${outs.o}", outs: { o: ${second} } }
`;
    const project = linked(pipeline, { b: 'a', c: 'b/../b' }, { 'a/': '' });
    expect(await refused(project, 'overlapping-outs')).toContain(text);
    expect(existsSync(project.path('a/x'))).toBe(false);
  });

  it.each([
    ['src/pipeline.yaml', { src: '.' }],
    ['x/y', { x: '.git' }],
    ['x/objects', { x: 'cache/v1' }],
    ['x/stage.mjs', { x: 'code' }],
  ])('must not lead to a protected file: %s', async (out, links) => {
    const pipeline = `
stages:
  s: { cmd: "echo 1 > \${outs.o}", outs: { o: ${out} } }
  m: { run: code/stage.mjs, outs: { o: cache/out/m.txt } }
`;
    const files = { 'code/stage.mjs': 'export default () => {};\n', '.git/': '' };
    await refused(linked(pipeline, links, files), 'path-protected');
  });

  it("must not lead into pipe's own cache on another disk", async () => {
    const disk = projectWithin();
    const pipeline = `
stages:
  s: { cmd: "echo 1 > \${outs.o}", outs: { o: x/v1/objects } }
  m: { cmd: "echo 1 > \${outs.o}", outs: { o: cache/out/m.txt } }
`;
    await refused(linked(pipeline, { cache: disk.root, x: disk.root }), 'path-protected');
  });

  it("below a linked folder is written to the link's target", async () => {
    const outside = projectWithin();
    const pipeline =
      'stages: { s: { cmd: "echo 1 > ${outs.o}", outs: { o: cache/out/x } }, t: { cmd: "cat ${deps.d} > ${outs.o}", deps: { d: cache/out/x }, outs: { o: cache/out/y } } }';
    const project = linked(pipeline, { 'cache/out': outside.root });
    expect((await project.run()).with('ran')).toEqual(['s', 't']);
    expect((await project.run()).with('fresh')).toEqual(['s', 't']);
    expect([outside.read('y'), lstatSync(project.path('cache/out')).isSymbolicLink()]).toEqual([
      '1\n',
      true,
    ]);
  });
});

it('a pattern finds an out by the name that the item uses, although another name leads there', async () => {
  const pipeline = `
stages:
  s0: { cmd: "cat \${deps.d} > \${outs.o}", deps: { d: "l1/x*" }, outs: { o: d0/in } }
  s1: { cmd: "echo 1 > \${outs.o}", outs: { o: l1/x1 } }
`;
  const project = linked(pipeline, { l1: 'd0' }, { 'd0/': '' });
  expect((await project.run()).with('ran')).toEqual(['s1', 's0']);
});

describe('an out that is a link', () => {
  const pipeline = (out: string) =>
    `stages: { s: { cmd: "echo 1 > \${outs.o}", outs: { o: ${out} } } }`;

  it.each(['model', 'cache/out/model'])(
    'that the user made is refused, and kept: %s',
    async (out) => {
      const outside = projectWithin({ model: 'a model\n' });
      const project = linked(pipeline(out), { [out]: outside.path('model') });
      expect(await refused(project, 'out-is-link')).toContain(`rm ${out}`);
      expect([readlinkSync(project.path(out)), outside.read('model')]).toEqual([
        outside.path('model'),
        'a model\n',
      ]);
    },
  );

  it.each(['latest', 'cache/out/latest'])('that a stage makes is a result: %s', async (out) => {
    const link = (target: string) =>
      `stages: { s: { cmd: "ln -s ${target} \${outs.o}", outs: { o: ${out} } } }`;
    const project = projectWithin({ 'pipeline.yaml': link('v1') });
    await project.run();
    project.write('pipeline.yaml', link('v2'));
    expect((await project.run()).with('ran')).toEqual(['s']);
    // Under another name the item has no history.
    project.write('pipeline.yaml', link('v3').replace(' s:', ' renamed:'));
    expect((await project.run()).with('ran')).toEqual(['renamed']);
    project.remove('cache/v1');
    expect((await project.run()).with('ran')).toEqual(['renamed']);
    expect(readlinkSync(project.path(out))).toBe('v3');
  });
});

describe('a dep through a link', () => {
  const make =
    'make: { cmd: "mkdir ${outs.o}; echo ${x} > ${outs.o}/f", outs: { o: cache/out/v2 } }';
  const pipeline = (dep: string, cmd: string) => `
params: { x: 1 }
stages:
  ${make}
  use: { cmd: "${cmd} > \${outs.o}", deps: ["${dep}"], outs: { o: use.txt } }
`;

  it.each([
    ['to an out', 'data/current', 'cat data/current/f', { 'data/current': '../cache/out/v2' }],
    ['into an out', 'data/current', 'cat data/current', { 'data/current': '../cache/out/v2/f' }],
    [
      'to a folder of outs',
      'data/current',
      'cat data/current/v2/f',
      { 'data/current': '../cache/out' },
    ],
    ['to a link', 'a/v2/f', 'cat a/v2/f', { a: 'b', b: 'cache/out' }],
    ['that a pattern matches', 'data/*/f', 'cat data/*/f', { 'data/current': '../cache/out/v2' }],
    [
      'that a pattern matches directly',
      'data/*',
      'cat data/current/f',
      { 'data/current': '../cache/out/v2' },
    ],
    [
      'before a pattern',
      'data/current/*',
      'cat data/current/*',
      { 'data/current': '../cache/out/v2' },
    ],
    [
      'that is inside a folder',
      'data',
      'cat data/x/current/f',
      { 'data/x/current': '../../cache/out/v2' },
    ],
    [
      'behind another link',
      'data',
      'cat data/far/current/f',
      { 'far/current': '../cache/out/v2', 'data/far': '../far' },
    ],
  ])('%s is an edge', async (_, dep, cmd, links) => {
    const project = linked(pipeline(dep, cmd), links);
    expect((await project.run()).with('ran')).toEqual(['make', 'use']);
    expect(project.read('use.txt')).toBe('1\n');
    expect((await project.run()).with('fresh')).toEqual(['make', 'use']);
    const lines = async (...args: string[]) => (await project.pipe(...args)).out;
    expect(await lines('graph', '--dot')).toContain('n0 -> n1');
    project.write('pipeline.yaml', pipeline(dep, cmd).replace('x: 1', 'x: 2'));
    expect(await lines('why', 'use')).toContain('make has run');
    expect((await project.run()).with('ran')).toEqual(['make', 'use']);
    expect(project.read('use.txt')).toBe('2\n');
    expect((await project.pipe('verify')).code).toBe(0);
    expect((await project.pipe('run', '--frozen')).code).toBe(0);
  });

  it('with another target makes other edges', async () => {
    const two = `
stages:
  one: { cmd: "echo 1 > \${outs.o}", outs: { o: cache/out/one } }
  two: { cmd: "echo 2 > \${outs.o}", outs: { o: cache/out/two } }
  use: { cmd: "cat data > \${outs.o}", deps: [data], outs: { o: use.txt } }
`;
    const project = linked(two, { data: 'cache/out/one' });
    await project.run();
    await project.run();
    project.remove('data');
    symlinkSync('cache/out/two', project.path('data'));
    expect((await project.run()).with('ran')).toEqual(['use']);
    expect(project.read('use.txt')).toBe('2\n');
  });

  it.each(['data/current/f', 'data/current', 'data', 'data/*/f'])(
    'is found although earlier runs saw a folder there: %s',
    async (dep) => {
      const project = linked(
        pipeline(dep, 'cat data/current/f'),
        {},
        { 'data/current/f': 'mine\n' },
      );
      await project.run();
      for (const _ of [1, 2]) expect((await project.run()).with('fresh')).toEqual(['make', 'use']);
      project.remove('data/current');
      symlinkSync('../cache/out/v2', project.path('data/current'));
      expect((await project.run()).with('ran')).toEqual(['use']);
      expect((await project.pipe('graph', '--dot')).out).toContain('n0 -> n1');
      project.write('pipeline.yaml', project.read('pipeline.yaml').replace('x: 1', 'x: 2'));
      expect((await project.run()).with('ran')).toEqual(['make', 'use']);
      expect(project.read('use.txt')).toBe('2\n');
    },
  );

  it('to its own folder is one place with an out whose link is written in full', async () => {
    const project = linked(
      `
stages:
  one: { cmd: "cat d1/in > \${outs.o}", deps: [d1/self/in], outs: { o: d0/in } }
  two: { cmd: "cat d0/in > \${outs.o}", deps: [d0/in], outs: { o: full/in } }
`,
      { 'd1/self': '.' },
      { 'd1/in': 'mine\n' },
    );
    symlinkSync(project.path('d1'), project.path('full'));
    const { code, err } = await project.run();
    expect([code, err]).toEqual([2, expect.stringContaining('(cycle)')]);
    expect(project.read('d1/in')).toBe('mine\n');
  });

  it('is not watched if runs write there', async () => {
    const project = linked(pipeline('data/current', 'cat data/current/f'), {
      'data/current': '../cache/out/v2',
    });
    const host = {
      cwd: project.root,
      env: project.env,
      dist: path.join(path.dirname(BIN), '../dist'),
      version: '0.1.0',
    };
    const opened = await openProject(host, { profiles: [], set: [] }, () => {});
    const watched = new Watched(await inspection(opened, []));
    expect(watched.counts('data/current/f')).toBe(false);
    expect(watched.isOfPlan('pipeline.yaml')).toBe(true);
  });

  it('in a link cycle causes neither an error nor an endless walk', async () => {
    const text =
      'stages: { a: { cmd: "cat ${deps.d} > ${outs.o}", deps: { d: "data/**/x" }, outs: { o: out } } }';
    const project = linked(
      text,
      { 'data/a/up': '..', 'data/b': 'a', 'data/c': 'c' },
      { 'data/a/x': '1\n' },
    );
    expect((await project.run()).with('ran')).toEqual(['a']);
    expect(project.read('out')).toBe('1\n');
  });

  it('in a pattern leads to folders as in a folder dep, and is watched by content', async () => {
    const outside = projectWithin({ 'part2/x.csv': '2\n' });
    const text =
      'stages: { a: { cmd: "cat ${deps.d} > ${outs.o}", deps: { d: "data/*/x.csv" }, outs: { o: out } } }';
    const project = linked(
      text,
      { 'data/part2': outside.path('part2') },
      { 'data/part1/x.csv': '1\n' },
    );
    await project.run();
    expect(project.read('out')).toBe('1\n2\n');
    await project.run();
    outside.write('part2/x.csv', '3\n');
    expect((await project.run()).with('ran')).toEqual(['a']);
    expect(project.read('out')).toBe('1\n3\n');
  });
});

const canMount = spawnSync('unshare', ['-m', 'true']).status === 0;

it.skipIf(!canMount)('a folder mounted at another one is the same place', async () => {
  const project = projectOfProcesses({
    'a/in.txt': 'three years\n',
    'pipeline.yaml':
      'stages: { s: { cmd: "sort ${deps.d} > ${outs.o}", deps: { d: a/in.txt }, outs: { o: b/in.txt } } }',
  });
  mkdirSync(project.path('b'));
  const script = 'mount --bind a b && exec "$0" "$1" run';
  const ended = spawnSync('unshare', ['-m', 'sh', '-c', script, process.execPath, BIN], {
    cwd: project.root,
    env: { ...process.env, ...project.env },
    encoding: 'utf8',
  });
  expect([ended.status, ended.stderr]).toEqual([2, expect.stringContaining('(self-dependency)')]);
  expect(project.read('a/in.txt')).toBe('three years\n');
});

it('any tree of links gives the same result as the real paths, or is refused before anything changes (property)', async () => {
  await checkLinks(12);
});
