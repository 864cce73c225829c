/**
 * The property: stages that make any links give the result of a build from scratch, or are refused
 * where an item reads an out that it does not need.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, lstatSync, readdirSync, realpathSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';
import { wayOf } from '../../../src/cache/scan/link-targets.js';
import { isWithin } from '../../../src/sys/is-within.js';
import type { Project } from '../../rig/project.js';
import { projectWithin } from '../../rig/projects.js';

/** Three stages; each makes a folder with a file `f` and a link `l`, or is itself a link. */
const OUTS = ['cache/out/o0', 'cache/out/o1', 'deep/er/o2'];
const SOURCES = ['data/a', 'data/sub', 'elsewhere'];

const maker = fc.record({
  /** Target of the link; `f` and `self`: in its own folder. */
  to: fc.constantFrom(
    ...OUTS,
    ...OUTS.map((out) => `${out}/f`),
    ...SOURCES,
    'OUTSIDE',
    'f',
    'self',
    'nowhere',
  ),
  isAbsolute: fc.boolean(),
  isFolder: fc.boolean(),
  /** The earlier stages that are deps. */
  deps: fc.subarray([0, 1]),
});
const edits = fc.array(fc.constantFrom('data/a', 'data/sub/f', 'OUTSIDE/f', 'param', 'outs'), {
  minLength: 1,
  maxLength: 3,
});
const scene = fc.record({
  makers: fc.tuple(maker, maker, maker),
  /** Deps of the reader. */
  reads: fc.subarray([0, 1, 2], { minLength: 1 }),
  edits,
});

type Maker = typeof maker extends fc.Arbitrary<infer Each> ? Each : never;
type Scene = typeof scene extends fc.Arbitrary<infer Each> ? Each : never;

/** The command of a stage. */
function commandOf(makers: readonly Maker[], at: number, x: string, places: Places): string {
  const { isFolder, ...each } = makers[at] as Maker;
  const out = OUTS[at] as string;
  const target = targetOf(each, isFolder ? out : path.dirname(out), places);
  if (!isFolder) return `ln -s ${target} ${out}`;
  return `mkdir ${out}; echo ${at} ${x} > ${out}/f; ln -s ${target} ${out}/l`;
}

function textOf(makers: readonly Maker[], reads: readonly number[], param: number, places: Places) {
  const lines = makers.map((each, at) => {
    const deps = each.deps.filter((dep) => dep < at).map((dep) => OUTS[dep]);
    const command = commandOf(makers, at, '${x}', places);
    return `  s${at}: { cmd: "${command}", deps: [${deps.join(', ')}], outs: { o: ${OUTS[at]} } }`;
  });
  const read = reads.map((at) => OUTS[at] as string);
  lines.push(
    `  use: { cmd: "sh read.sh ${read.join(' ')} > \${outs.o}", deps: [${read.join(', ')}], outs: { o: use.txt } }`,
  );
  return `params: { x: ${param} }\nstages:\n${lines.join('\n')}\n`;
}

interface Places {
  readonly root: string;
  readonly outside: string;
}

function targetOf(
  { to, isAbsolute }: Pick<Maker, 'to' | 'isAbsolute'>,
  folder: string,
  { root, outside }: Places,
): string {
  if (['f', 'self', 'nowhere'].includes(to)) return to === 'self' ? '.' : to;
  const full = to === 'OUTSIDE' ? outside : path.join(root, to);
  return isAbsolute ? full : path.relative(path.join(root, folder), full) || '.';
}

/** Prints everything reachable from its arguments, three names deep, and the links as links. */
const READ = `show() {
  if [ -h "$1" ]; then echo "$1 -> $(readlink "$1")"; fi
  if [ -f "$1" ]; then echo "$1: $(cat "$1")"; fi
}
for out; do
  for each in "$out" "$out"/f "$out"/l "$out"/l/f "$out"/l/l "$out"/l/l/f; do show "$each"; done
done
`;

/** Runs all stages once, in a folder without a history. */
function fromScratch(project: Project, scene: Scene, param: number, places: Places): Built {
  const scratch = projectWithin();
  const root = realpathSync.native(scratch.root);
  for (const each of ['data', 'elsewhere', 'read.sh'])
    cpSync(project.path(each), scratch.path(each), { recursive: true, verbatimSymlinks: true });
  const there = { ...places, root };
  const sh = (command: string) =>
    execFileSync('sh', ['-e', '-c', command], { cwd: root, encoding: 'utf8' });
  for (const at of OUTS.keys()) {
    const command = commandOf(scene.makers, at, String(param), there);
    sh(`mkdir -p ${path.dirname(OUTS[at] as string)}; ${command}`);
  }
  const text = sh(`sh read.sh ${scene.reads.map((at) => OUTS[at]).join(' ')}`);
  return { text: text.replaceAll(root, places.root), isRefused: readsStray(root, scene) };
}

interface Built {
  readonly text: string;
  readonly isRefused: boolean;
}

/** True if an item reads an out through links without needing it. */
function readsStray(root: string, { makers, reads }: Scene): boolean {
  const needs = (deps: readonly number[], below: number): Set<number> => {
    const own = deps.filter((dep) => dep < below);
    return new Set(own.flatMap((dep) => [dep, ...needs((makers[dep] as Maker).deps, dep)]));
  };
  const real = OUTS.map((out) => path.join(root, out));
  const readers = [...makers.map(({ deps }, at) => [deps.filter((dep) => dep < at), at] as const)];
  return [...readers, [reads, OUTS.length] as const].some(([deps, at]) => {
    const needed = needs(deps, at);
    const places = deps.flatMap((dep) => [...reached(real[dep] as string, '', new Set())]);
    return places.some((place) =>
      real.some((out, which) => {
        const isThere = isWithin(place, out) || isWithin(out, place);
        return isThere && !needed.has(which);
      }),
    );
  });
}

/** All places read with the whole content of a path, through links that leave the tree. */
function* reached(at: string, tree: string, seen: Set<string>): Iterable<string> {
  const stat = lstatSync(at);
  if (stat.isDirectory()) {
    for (const name of readdirSync(at)) yield* reached(path.join(at, name), tree || at, seen);
  }
  if (!stat.isSymbolicLink()) return;
  let target: string | undefined;
  try {
    target = realpathSync.native(at);
  } catch {} // A broken link or a cycle.
  yield* wayOf(at);
  if (target === undefined || seen.has(target) || (tree !== '' && isWithin(target, tree))) return;
  seen.add(target);
  yield* reached(target, '', seen);
}

export async function checkMadeLinks(runs: number): Promise<void> {
  const property = fc.asyncProperty(scene, async (drawn) => {
    const { makers, reads, edits: list } = drawn;
    const outside = projectWithin({ f: 'outside\n' });
    const project = projectWithin({
      'data/a': 'a\n',
      'data/sub/f': 'sub\n',
      'elsewhere/f': 'elsewhere\n',
      'read.sh': READ,
    });
    // A user's link, which a stage's link may lead through.
    symlinkSync('../elsewhere', project.path('data/l'));
    const places = {
      root: realpathSync.native(project.root),
      outside: realpathSync.native(outside.root),
    };
    let param = 1;
    const write = () => project.write('pipeline.yaml', textOf(makers, reads, param, places));
    write();
    for (const edit of ['', ...list]) {
      if (edit === 'param') param++;
      else if (edit === 'outs') for (const out of [...OUTS, 'use.txt']) project.remove(out);
      else if (edit === 'OUTSIDE/f') outside.write('f', `outside ${Math.random()}\n`);
      else if (edit !== '') project.write(edit, `${edit} ${Math.random()}\n`);
      write();
      const run = await project.run();
      const story = `${edit}: ${list}\n${project.read('pipeline.yaml')}${run.err}${run.out}`;
      const wanted = fromScratch(project, drawn, param, places);
      if (wanted.isRefused) {
        expect([run.code === 0, /leads to/.test(story), story]).toEqual([false, true, story]);
        return;
      }
      expect([run.code, story]).toEqual([0, story]);
      expect([(await project.run()).with('fresh').length, story]).toEqual([4, story]);
      expect([project.read('use.txt'), story]).toEqual([wanted.text, story]);
    }
  });
  await fc.assert(property, { numRuns: runs });
}
