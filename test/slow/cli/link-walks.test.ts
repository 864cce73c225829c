/** Walks through links: exact where they end, and bounded where links multiply the ways. */
import { mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Project } from '../../rig/project.js';
import { projectWithin } from '../../rig/projects.js';

const reads = (dep: string, more = '') => `
stages:
  reader: { cmd: "cat in.txt > \${outs.o}", deps: { t: in.txt, d: { path: "${dep}"${more} } }, outs: { o: cache/out/o } }
`;

function link(project: Project, name: string, target: string): void {
  mkdirSync(path.dirname(project.path(name)), { recursive: true });
  symlinkSync(target, project.path(name));
}

/** A folder `data` with a link to the first of n folders, each with links to all others. */
function maze(n: number): Project {
  const project = projectWithin({ 'in.txt': 'x' });
  for (let from = 0; from < n; from++) {
    project.write(`far/f${from}/x.txt`, String(from));
    for (let to = 0; to < n; to++)
      if (to !== from) link(project, `far/f${from}/l${to}`, `../f${to}`);
  }
  link(project, 'data/in', '../far/f0');
  return project;
}

describe('folders that all link to each other', () => {
  it.each(['data', 'data/**', 'data/*', 'data/**/x.txt'])(
    'are refused before anything runs if the ways are too many, unless the links are excluded: %s',
    async (dep) => {
      const project = maze(12);
      project.write('pipeline.yaml', reads(dep));
      const { code, err, out } = await project.pipe('run');
      expect([code, out]).toEqual([2, '']);
      expect(err).toMatch(
        /^error: data\/in\/l\S+ is one of very many ways through links to the same/,
      );
      expect(err).toContain('exclude these links');
      project.write('pipeline.yaml', reads(dep, ', exclude: ["l*"]'));
      expect((await project.run()).with('ran')).toEqual(['reader']);
    },
  );

  it('are refused in a pattern for an axis', async () => {
    const project = maze(12);
    const matrix = 'matrix: { n: { glob: "data/**" } }';
    project.write(
      'pipeline.yaml',
      `stages: { s: { ${matrix}, cmd: "echo \${n} > o/\${n}", outs: ["o/\${n}"] } }`,
    );
    const { code, err } = await project.pipe('run');
    expect([code, err]).toEqual([2, expect.stringContaining('very many ways through links')]);
  });

  it.each(['data', 'data/**'])('count by content if they are few: %s', async (dep) => {
    const project = maze(4);
    project.write('pipeline.yaml', reads(dep));
    expect((await project.run()).with('ran')).toEqual(['reader']);
    expect((await project.run()).with('fresh')).toEqual(['reader']);
    project.write('far/f3/x.txt', 'other');
    expect((await project.run()).with('ran')).toEqual(['reader']);
  });
});

it('hundreds of links to one folder, each in a linked folder, are no maze', async () => {
  const project = projectWithin({ 'in.txt': 'x', 'pipeline.yaml': reads('data') });
  for (let at = 0; at < 110; at++) project.write(`shared/${at}`, String(at));
  for (let at = 0; at < 200; at++) {
    link(project, `far/s${at}/ref`, '../../shared');
    link(project, `data/s${at}`, `../far/s${at}`);
  }
  expect((await project.run()).with('ran')).toEqual(['reader']);
});

describe('a link to a folder above', () => {
  it.each(['data', 'data/**', 'data/**/*.txt'])(
    'is not walked, because the folder contains the one that it is in: %s',
    async (dep) => {
      const project = projectWithin({
        'in.txt': 'x',
        'data/x.txt': 'x',
        'pipeline.yaml': reads(dep),
      });
      link(project, 'data/root', '/');
      link(project, 'data/up', path.dirname(project.root));
      expect((await project.run()).with('ran')).toEqual(['reader']);
      project.write('data/x.txt', 'y');
      expect((await project.run()).with('ran')).toEqual(['reader']);
    },
  );

  it.each(['data', 'data/**', 'data/*', 'data/*/*'])(
    'is refused as a dep without a walk, because it contains all outs: %s',
    async (dep) => {
      const project = projectWithin({ 'in.txt': 'x', 'pipeline.yaml': reads(dep) });
      link(project, 'data', '/');
      const { code, err } = await project.pipe('run');
      expect([code, err]).toEqual([2, expect.stringContaining('(self-dependency)')]);
    },
  );
});

it('a pattern with ** may begin in a folder that is a link', async () => {
  const far = projectWithin({ 'a.csv': '1', 'sub/b.csv': '2' });
  const project = projectWithin({
    'pipeline.yaml': `stages: { s: { cmd: "cat \${deps.d} > o", deps: { d: "data/**/*.csv" }, outs: [o] } }`,
  });
  link(project, 'data', far.root);
  expect((await project.run()).with('ran')).toEqual(['s']);
  expect(project.read('o')).toBe('12');
  far.write('sub/b.csv', '3');
  expect((await project.run()).with('ran')).toEqual(['s']);
  expect(project.read('o')).toBe('13');
});

it('a folder that a pattern matches is a dep as a whole, with its links to outs (property)', async () => {
  const pattern = fc.constantFrom(
    'data/*',
    '*/sub',
    'd*/s*',
    'data/{sub,other}',
    'data/**',
    'data',
  );
  const depth = fc.constantFrom('', '/in', '/in/deeper');
  await fc.assert(
    fc.asyncProperty(pattern, depth, async (dep, below) => {
      const project = projectWithin({
        'in.txt': '1',
        'pipeline.yaml': `
stages:
  after: { cmd: "cat data/sub${below}/link > after", deps: ["${dep}"], outs: [after] }
  first: { cmd: cat in.txt > made/out.txt, deps: [in.txt], outs: [made/out.txt] }
`,
      });
      link(project, `data/sub${below}/link`, project.path('made/out.txt'));
      expect((await project.run()).with('ran')).toEqual(['first', 'after']);
      project.write('in.txt', '2');
      expect((await project.run()).with('ran')).toEqual(['first', 'after']);
      expect(project.read('after')).toBe('2');
    }),
    { numRuns: 8 },
  );
});
