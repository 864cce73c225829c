/** The property: any tree of links gives what the real paths give, or is refused before anything changes. */
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Project } from '../../rig/project.js';
import { projectWithin } from '../../rig/projects.js';

/** Folders, and links that lead to them, to each other, to outs, or out of the project. */
const FOLDERS = ['d0', 'd1', 'd0/sub', 'out/p'];
const LINKS = ['l0', 'l1', 'd1/l2', 'l3'];
/** Ways to write the same link from one folder to another. */
const TEXTS = {
  relative: (from: string, to: string) => path.relative(from, to) || '.',
  dotted: (from: string, to: string) => `./${path.relative(from, to)}/.`,
  upwards: (from: string, to: string) =>
    `../${path.basename(from)}/${path.relative(from, to) || '.'}`,
  absolute: (_: string, to: string) => to,
  roundabout: (from: string, to: string) => `${from}//${path.relative(from, to)}/`,
};
const target = fc.record({
  to: fc.constantFrom(...FOLDERS, ...LINKS, 'OUTSIDE'),
  text: fc.constantFrom(...(Object.keys(TEXTS) as (keyof typeof TEXTS)[])),
});
const place = fc.record({
  folder: fc.constantFrom(...FOLDERS, ...LINKS),
  name: fc.constantFrom('in', 'x0', 'x1'),
});
const stages = fc.array(
  fc.record({
    dep: place,
    out: place,
    pattern: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  }),
  { minLength: 2, maxLength: 3 },
);

type Stage = typeof stages extends fc.Arbitrary<(infer Each)[]> ? Each : never;

function textOf(list: readonly Stage[]): string {
  const lines = list.map(({ dep, out, pattern }, at) => {
    const read = `${dep.folder}/${pattern ? `${dep.name[0]}*` : dep.name}`;
    return `  s${at}: { cmd: "echo ${at} | cat - \${deps.d} > \${outs.o}", deps: { d: "${read}" }, outs: { o: ${out.folder}/${out.name} } }`;
  });
  return `stages:\n${lines.join('\n')}\n`;
}

interface CacheContext {
  readonly project: Project;
  readonly real: (folder: string) => string | undefined;
}

function layOut(links: readonly { to: string; text: keyof typeof TEXTS }[]): CacheContext {
  const outside = projectWithin({ in: 'outside\n' });
  const project = projectWithin();
  for (const folder of FOLDERS) project.write(`${folder}/in`, `${folder}\n`);
  for (const [at, { to, text }] of links.entries()) {
    const link = project.path(LINKS[at] as string);
    const full = to === 'OUTSIDE' ? outside.root : project.path(to);
    symlinkSync(TEXTS[text](path.dirname(link), full), link);
  }
  const real = (folder: string) => {
    try {
      return realpathSync.native(project.path(folder));
    } catch {
      return undefined; // A link cycle.
    }
  };
  return { project, real };
}

/** The content of each out's place; undefined when the plan is refused. */
function oracle(
  list: readonly Stage[],
  { real }: CacheContext,
  read: (file: string) => string | undefined,
) {
  const outs = list.map(({ out }) => `${real(out.folder)}/${out.name}`);
  if (new Set(outs).size < outs.length) return undefined;
  const made = new Map<string, string>();
  const contentOf = (at: number, above: readonly number[]): string | undefined => {
    if (above.includes(at)) return undefined;
    const { dep, pattern } = list[at] as Stage;
    const folder = real(dep.folder);
    const names = pattern ? (dep.name === 'in' ? ['in'] : ['x0', 'x1']) : [dep.name];
    let value = `${at}\n`;
    let found = 0;
    for (const name of names) {
      const file = `${folder}/${name}`;
      const owner = outs.indexOf(file);
      const content = owner < 0 ? read(file) : contentOf(owner, [...above, at]);
      if (owner >= 0 && content === undefined) return undefined;
      if (content === undefined) continue;
      value += content;
      found++;
    }
    return found === 0 ? undefined : value;
  };
  for (const at of list.keys()) {
    const value = contentOf(at, []);
    if (value === undefined) return undefined;
    made.set(outs[at] as string, value);
  }
  return made;
}

export async function checkLinks(runs: number): Promise<void> {
  const property = fc.asyncProperty(
    fc.tuple(target, target, target, target),
    stages,
    async (links, list) => {
      const ground = layOut(links);
      const { project, real } = ground;
      // A link cycle has no place.
      fc.pre(
        list.every(
          ({ dep, out }) => real(dep.folder) !== undefined && real(out.folder) !== undefined,
        ),
      );
      const read = (file: string) =>
        existsSync(file) ? execFileSync('cat', [file], { encoding: 'utf8' }) : undefined;
      const inputs = new Map<string, string>();
      for (const folder of [...FOLDERS, ...LINKS]) {
        const file = `${real(folder) ?? folder}/in`;
        const text = read(file);
        if (text !== undefined) inputs.set(file, text);
      }
      project.write('pipeline.yaml', textOf(list));
      const wanted = oracle(list, ground, (file) => inputs.get(file));
      const run = await project.run();
      const story = `${project.read('pipeline.yaml')}${JSON.stringify(links)}\n${run.err}`;
      expect([run.code, story]).toEqual([wanted === undefined ? 2 : 0, story]);
      for (const [file, text] of wanted ?? [])
        expect([file, read(file), story]).toEqual([file, text, story]);
      for (const [file, text] of inputs)
        if (!wanted?.has(file)) expect([file, read(file), story]).toEqual([file, text, story]);
      if (wanted === undefined) return;
      const again = await project.run();
      expect([again.with('fresh').length, story]).toEqual([list.length, story]);
      for (const file of inputs.keys()) {
        if (wanted.has(file)) continue;
        inputs.set(file, `changed ${path.basename(path.dirname(file))}\n`);
        execFileSync('sh', ['-c', 'printf "%s" "$1" > "$0"', file, inputs.get(file) as string]);
      }
      expect((await project.run()).code).toBe(0);
      for (const [file, text] of oracle(list, ground, (each) => inputs.get(each)) ?? [])
        expect([file, read(file), story]).toEqual([file, text, story]);
    },
  );
  await fc.assert(property, { numRuns: runs });
}
