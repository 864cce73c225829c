/** Links that stages make: an out keeps its links, and a reader depends on their targets. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readlinkSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Ended, Project } from '../rig/project.js';
import { project as projectOfProcesses, projectWithin } from '../rig/projects.js';
import { until } from '../rig/until.js';
import { checkMadeLinks } from './support/made-links.js';

function pipeline(stages: string): string {
  return `params: { x: 1 }\nstages:\n${stages}`;
}

const link = (to: string, more = '') =>
  `  link: { cmd: "ln -s ${to} \${outs.o}", ${more}outs: { o: cache/out/o } }\n`;
const use = (deps: string, cmd = 'cat cache/out/o') =>
  `  use: { cmd: "${cmd} > \${outs.o}", deps: [${deps}], outs: { o: use.txt } }\n`;
const make =
  '  make: { cmd: "mkdir ${outs.o}; echo ${x} > ${outs.o}/f", outs: { o: cache/out/made } }\n';

async function fresh(project: Project, items: readonly string[]): Promise<void> {
  expect((await project.run()).with('fresh')).toEqual(items);
}

/** Checks results in a clone with the cache and without outs, and that a result is reproducible. */
async function expectReproducible(project: Project, items: readonly string[]): Promise<void> {
  expect((await project.pipe('verify')).err).toBe('');
  expect(await project.pipe('run', '--frozen')).toMatchObject({ code: 0 });
  project.remove('cache/out');
  project.remove('use.txt');
  expect(await project.pipe('run', '--frozen')).toMatchObject({ code: 0 });
  const dry = (await project.pipe('run', '--dry')).out;
  expect(dry).toContain(`would run 0, would restore ${items.length}, 0 fresh`);
  expect((await project.run()).with('restored')).toEqual(items);
  await fresh(project, items);
}

describe('the target of a link that a stage made', () => {
  it('is an input of its readers if it follows `..` after another link', async () => {
    const links = 'mkdir ${outs.o}; ln -s ../../../ext/x/y ${outs.o}/b; ln -s b/../f ${outs.o}/a';
    const project = projectWithin({
      'ext/x/f': '1\n',
      'ext/x/y/z': '',
      'pipeline.yaml': pipeline(
        `  link: { cmd: "${links}", outs: { o: cache/out/o } }\n${use('cache/out/o', 'cat cache/out/o/a')}`,
      ),
    });
    expect((await project.run()).with('ran')).toEqual(['link', 'use']);
    await fresh(project, ['link', 'use']);
    project.write('ext/x/f', '2\n');
    expect((await project.run()).with('ran')).toEqual(['use']);
    expect(project.read('use.txt')).toBe('2\n');
    await expectReproducible(project, ['link', 'use']);
  });

  it.each([
    ['out', '../../data/in', 'cache/out/o', 'cat cache/out/o'],
    ['out, to a folder', '../../data', 'cache/out/o', 'cat cache/out/o/in'],
    ['out, and the dep is behind it', '../../data', 'cache/out/o/in', 'cat cache/out/o/in'],
    ['out that a pattern gathers', '../../data/in', 'cache/out/*', 'cat cache/out/o'],
    ['out in a folder', '../../data/in', 'cache/out', 'cat cache/out/o'],
  ])('is an input of its readers: %s', async (_, to, dep, cmd) => {
    const project = projectWithin({
      'data/in': '1\n',
      'pipeline.yaml': pipeline(link(to) + use(`"${dep}"`, cmd)),
    });
    expect((await project.run()).with('ran')).toEqual(['link', 'use']);
    await fresh(project, ['link', 'use']);
    project.write('data/in', '2\n');
    expect((await project.run()).with('ran')).toEqual(['use']);
    expect(project.read('use.txt')).toBe('2\n');
    await fresh(project, ['link', 'use']);
    await expectReproducible(project, ['link', 'use']);
    expect(readlinkSync(project.path('cache/out/o'))).toBe(to);
  });

  it('is an input when the link is in a folder, and `why` names the dep', async () => {
    const folder =
      '  link: { cmd: "mkdir ${outs.o}; ln -s ../../../data ${outs.o}/d", outs: { o: cache/out/o } }\n';
    const project = projectWithin({
      'data/in': '1\n',
      'pipeline.yaml': pipeline(folder + use('cache/out/o', 'cat cache/out/o/d/in')),
    });
    await project.run();
    await fresh(project, ['link', 'use']);
    project.write('data/in', '2\n');
    expect((await project.pipe('why', 'use')).out).toContain('dep cache/out/o changed');
    expect((await project.run()).with('ran')).toEqual(['use']);
    await expectReproducible(project, ['link', 'use']);
  });

  it('outside of the project is an input, and may appear and disappear', async () => {
    const outside = projectWithin({ in: '1\n' });
    const cmd = 'if [ -e cache/out/o ]; then cat cache/out/o; else echo none; fi';
    const project = projectWithin({
      'pipeline.yaml': pipeline(link(outside.path('in')) + use('cache/out/o', cmd)),
    });
    for (const text of ['1\n', '2\n', undefined, '3\n']) {
      if (text === undefined) outside.remove('in');
      else outside.write('in', text);
      expect((await project.run()).with('ran')).toContain('use');
      expect(project.read('use.txt')).toBe(text ?? 'none\n');
      await fresh(project, ['link', 'use']);
    }
  });

  it('counts, as does the text of the link', async () => {
    const project = projectWithin({ 'data/in': '1\n', 'data/same': '1\n' });
    const text = (to: string) => pipeline(link(`../../data/${to}`) + use('cache/out/o'));
    project.write('pipeline.yaml', text('in'));
    await project.run();
    project.write('pipeline.yaml', text('same'));
    expect((await project.run()).with('ran')).toEqual(['link', 'use']);
  });

  it('may be an out on which the reader depends through the item that made the link', async () => {
    const project = projectWithin({
      'pipeline.yaml': pipeline(
        make + link('made/f', 'deps: [cache/out/made], ') + use('cache/out/o'),
      ),
    });
    await project.run();
    await fresh(project, ['make', 'link', 'use']);
    project.write('pipeline.yaml', project.read('pipeline.yaml').replace('x: 1', 'x: 2'));
    expect((await project.run()).with('ran')).toEqual(['make', 'link', 'use']);
    expect(project.read('use.txt')).toBe('2\n');
    await expectReproducible(project, ['make', 'link', 'use']);
  });

  it('must not be an out of an item that the reader does not need', async () => {
    const undeclared = pipeline(make + link('made/f') + use('cache/out/o'));
    const project = projectWithin({ 'pipeline.yaml': undeclared });
    await project.run('make', 'link');
    const { code, out } = await project.pipe('run');
    expect([code, out]).toEqual([
      1,
      expect.stringContaining(
        'cache/out/o leads to cache/out/made, which make writes and use does not need',
      ),
    ]);
    expect(out).toContain('add cache/out/made to the deps of use');
    project.write(
      'pipeline.yaml',
      undeclared.replace('[cache/out/o]', '[cache/out/o, cache/out/made]'),
    );
    expect((await project.run()).with('ran')).toEqual(['use']);
  });

  it.each([
    ['its own out', '../../use.txt', 'leads to use.txt, which use itself writes'],
    ['a folder with the project in it', '../../..', 'leads to a folder that contains this project'],
  ])('must not be %s', async (_, to, text) => {
    const project = projectWithin({
      'use.txt': 'before\n',
      'pipeline.yaml': pipeline(link(to) + use('cache/out/o', 'ls -d cache/out/o')),
    });
    const { code, err, out } = await project.pipe('run');
    expect([code, out + err]).toEqual([1, expect.stringContaining(text)]);
    expect(project.read('use.txt')).toBe('before\n');
  });

  it('changes no key when the link stays within its out', async () => {
    const folder =
      '  link: { cmd: "mkdir ${outs.o}; echo 1 > ${outs.o}/f; ln -s f ${outs.o}/l; ln -s nowhere ${outs.o}/n", outs: { o: cache/out/o } }\n';
    const project = projectWithin({
      'pipeline.yaml': pipeline(folder + use('cache/out/o', 'cat cache/out/o/l')),
    });
    await project.run();
    const [digest] = /d:[0-9a-f]{64}/.exec(project.read('pipeline.lock')) ?? [];
    expect(project.read('pipeline.lock').split(digest as string)).toHaveLength(3);
    await expectReproducible(project, ['link', 'use']);
  });

  it('may contain link cycles', async () => {
    const project = projectWithin({
      'data/f': '1\n',
      'pipeline.yaml': pipeline(link('../../data') + use('cache/out/o', 'cat cache/out/o/f')),
    });
    mkdirSync(project.path('data/sub'));
    await project.pipe('run', 'link');
    symlinkSync('..', project.path('data/sub/up'));
    symlinkSync('self', project.path('data/self'));
    expect((await project.run()).with('ran')).toEqual(['use']);
    await fresh(project, ['link', 'use']);
  });
});

describe('the target of a link, while an item reads it,', () => {
  /** Runs until `use` has read once; `use` reads again and ends with the next word. */
  async function reading(stages: string): Promise<{ project: Project; end: () => Promise<Ended> }> {
    const cmd = ': > at; read line < gate; cat cache/out/o';
    const project = projectOfProcesses({
      'data/in': 'A',
      'pipeline.yaml': pipeline(stages + use('cache/out/o', cmd)),
    });
    execFileSync('mkfifo', [project.path('gate')]);
    const gate = openSync(project.path('gate'), 'r+');
    const running = project.start('run');
    await until(() => existsSync(project.path('at')));
    const end = async () => {
      writeSync(gate, 'on\n');
      const ended = await running.ended;
      closeSync(gate);
      return ended;
    };
    return { project, end };
  }

  it('changes and changes back: no result is recorded', async () => {
    const { project, end } = await reading(link('../../data/in'));
    project.write('data/in', 'B');
    project.write('data/in', 'A');
    const { code, out } = await end();
    expect([code, out]).toEqual([1, expect.stringContaining('cache/out/o changed while it ran')]);
  });

  it('is not recreated by another run', async () => {
    const { project, end } = await reading(make + link('made/f', 'deps: [cache/out/made], '));
    const other = project.start('run', 'make', '--set', 'x=2', '--json');
    await other.event((event) => event.type === 'waiting');
    expect(project.read('cache/out/made/f')).toBe('1\n');
    expect((await end()).code).toBe(0);
    expect((await other.ended).code).toBe(0);
    expect([project.read('use.txt'), project.read('cache/out/made/f')]).toEqual(['1\n', '2\n']);
  });
});

it('stages that make any links give the result of a build from scratch, or are refused (property)', async () => {
  await checkMadeLinks(4);
});
