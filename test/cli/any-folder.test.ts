/** Folders with any names and content, copied by a stage: after any edits, a run gives a copy. */
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { escapeGlob } from '../../src/pipeline/glob.js';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** Names that are special somewhere: in a shell, a pattern, YAML, JSON, a table, a terminal. */
const NAMES = [
  ...'a 日 - -n -- b.txt .h ..a ... ~a # ! ^ % %41 : , @ = & | ; < > ( ) * ? [a] {a,b} \\ \\n'.split(
    ' ',
  ),
  ..."' \" ` $x ${x} $(x) `x` it's 1 1e3 null true __proto__ constructor é e\u0301 😀".split(' '),
  ...[' ', ' a ', ': ', 'x\ny', '\t', '\r', 'n'.repeat(255)],
  ...'\u0001\u007f\u0085\u00a0\u200b\u2028\u202e\ufeff',
];
const name = fc.constantFrom(...NAMES);

type Entry =
  | { readonly text: string; readonly isRun: boolean }
  | { readonly to: string }
  | 'folder';
type Tree = ReadonlyMap<string, Entry>;

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ text: fc.constantFrom('', 'a', 'b\n', '\u0000'), isRun: fc.boolean() }),
  fc.record({
    to: fc.oneof(
      name,
      fc.tuple(name, name).map((two) => two.join('/')),
    ),
  }),
  fc.constant('folder' as const),
);
const where = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const edit = fc.record({ at: where, entry: fc.option(entry), old: fc.nat() });

/** Without what was at the path, above it or in it. */
function changed(
  tree: Tree,
  { at, entry, old }: { at: string; entry: Entry | null; old: number },
): Tree {
  const gone = entry === null ? ([...tree.keys()][old % tree.size] ?? at) : at;
  const kept = [...tree].filter(
    ([each, is]) =>
      !`${each}/`.startsWith(`${gone}/`) && (is === 'folder' || !`${gone}/`.startsWith(`${each}/`)),
  );
  return new Map(entry === null ? kept : [...kept, [at, entry]]);
}

function lay(tree: Tree, root: string, project: Project): void {
  project.remove(root);
  mkdirSync(project.path(root), { recursive: true });
  for (const [at, is] of tree) {
    const file = `${root}/${at}`;
    mkdirSync(path.dirname(project.path(file)), { recursive: true });
    if (is === 'folder') mkdirSync(project.path(file), { recursive: true });
    else if ('to' in is) symlinkSync(is.to, project.path(file));
    else {
      project.write(file, is.text);
      if (is.isRun) chmodSync(project.path(file), 0o755);
    }
  }
}

/** What is there, by path. */
function found(file: string, prefix = ''): string[] {
  return readdirSync(file)
    .sort()
    .flatMap((each) => {
      const inner = path.join(file, each);
      const stat = lstatSync(inner);
      const at = JSON.stringify(prefix + each);
      if (stat.isDirectory()) return [`${at} folder`, ...found(inner, `${prefix}${each}/`)];
      if (stat.isSymbolicLink()) return [`${at} -> ${readlinkSync(inner)}`];
      return [`${at} ${stat.mode & 0o100} ${JSON.stringify(readFileSync(inner, 'utf8'))}`];
    });
}

const params = fc
  .dictionary(
    fc.constantFrom('p', 'q-r', '0', 'é', 'constructor'),
    fc.oneof(
      name,
      fc.object({
        key: name.filter((key) => key !== '__proto__'),
        values: [
          fc.string({ unit: 'binary' }).map((each) => each.replaceAll('\0', '')),
          fc.double().filter((each) => !Number.isInteger(each) || Number.isSafeInteger(each)),
          fc.boolean(),
          fc.constant(null),
        ],
        maxDepth: 2,
      }),
      fc.constantFrom(1e21, -0, 1e-7, 'NaN', '1e3', 'null', '~', ''),
    ),
    { maxKeys: 3 },
  )
  .map((each) => JSON.parse(JSON.stringify(each)) as object);

function textOf(folder: string, out: string, more: object): string {
  return JSON.stringify({
    params: { out, more },
    stages: {
      copy: {
        cmd: ['cp', '-RP', '--', '${deps.d}', '${outs.o}'],
        deps: { d: escapeGlob(folder) },
        params: ['more'],
        outs: { o: 'cache/out/${out}' },
      },
      list: {
        cmd: 'for f in ${deps.all}; do printf \'%s\\0\' "$f"; done > ${outs.o}',
        deps: { all: { path: `${escapeGlob(folder)}/**`, optional: true } },
        outs: { o: 'list' },
      },
      again: {
        cmd: 'cp -RP -- ${deps.d} ${outs.o}; printf %s ${out} > ${outs.name}',
        deps: { d: `cache/out/${escapeGlob(out)}` },
        outs: { o: 'again', name: 'name' },
      },
    },
  });
}

/** The copies are as the folder, and made, restored or kept as its content was seen before. */
async function checkCopies(project: Project, root: string, out: string, seen: Set<string>) {
  const given = found(project.path(root));
  const run = await project.run();
  const story = `${project.read('pipeline.yaml')}\n${run.err}`;
  expect([run.code, story]).toEqual([0, story]);
  for (const copy of [`cache/out/${out}`, 'again'])
    expect([copy, found(project.path(copy)), story]).toEqual([copy, given, story]);
  expect(project.read('name')).toBe(out);
  const id = JSON.stringify(given);
  expect([run.items.copy?.verdict === 'ran', story]).toEqual([!seen.has(id), story]);
  seen.add(id);
  expect((await project.run()).with('fresh')).toHaveLength(3);
}

const COMMANDS = [
  ['verify'],
  ['run', '--frozen'],
  ['run', '--frozen=keys'],
  ['status'],
  ['why', 'copy'],
  ['results'],
  ['graph', '--mermaid'],
  ['params'],
  ['report'],
  ['cache', 'verify'],
];

it('gives a copy of any folder after any edits (property)', async () => {
  const outName = name.filter((each) => !/[*?]/.test(each));
  const edits = fc.array(edit, { minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(
    fc.record({ folder: where, out: outName, more: params, first: edits, second: edits }),
    async ({ folder, out, more, first, second }) => {
      const root = `in/${folder}`;
      const project = projectWithin({ 'pipeline.yaml': textOf(root, out, more) });
      const one = first.reduce(changed, new Map([['kept', 'folder' as const]]));
      const seen = new Set<string>();
      for (const tree of [one, second.reduce(changed, one), one]) {
        lay(tree, root, project);
        await checkCopies(project, root, out, seen);
      }
      for (const each of [`cache/out/${out}`, 'again', 'name', 'list']) project.remove(each);
      expect((await project.run()).with('restored')).toHaveLength(3);
      await checkCopies(project, root, out, seen);
      for (const args of COMMANDS) {
        const { code, out: said, err } = await project.pipe(...args);
        expect([args, code, said, err]).toEqual([args, 0, said, err]);
      }
      const lock = project.read('pipeline.lock');
      project.remove('cache');
      expect((await project.run()).with('ran')).toHaveLength(3);
      expect(project.read('pipeline.lock')).toBe(lock);
    },
  );
  await fc.assert(property, { numRuns: 2 });
});
