/** Edits of a random pipeline: of the world (pure), and of files on disk. */
import { type FileContent, plainFile } from './tool.js';
import type { DepSpec, StageSpec, World } from './world.js';

/** An edit as numbers, so that it can be generated and shrunk. */
export interface Edit {
  readonly kind: number;
  readonly a: number;
  readonly b: number;
}

type Pick = <T>(list: readonly T[], number: number) => T | undefined;

const pick: Pick = (list, number) => list[number % Math.max(1, list.length)];

export const CELLS = ['a', 'b', 'c'];
export const PARAMS = ['p0', 'p1', 'p2'];
/** Files that the user may have. */
export const SOURCES = [
  'src/one.txt',
  'src/two.txt',
  'src/with space.txt',
  'src/dir/inner.txt',
  'src/dir/deep/x.bin',
  'mix/own.txt',
  'mix/ä.txt',
];
/** Paths that a `source` dep may name. */
export const NAMED = [
  'src/one.txt',
  'src/two.txt',
  'src/dir',
  'src/with space.txt',
  'src/dir/deep',
];

/** Changes of the world, by number. */
const CHANGES: readonly ((world: World, a: number, b: number) => World)[] = [
  (world, a, b) => withFile(world, pick(SOURCES, a) as string, plainFile(`${b % 4}\n`)),
  (world, a, b) => withFile(world, pick(SOURCES, a) as string, plainFile(`${b % 4}\n`)),
  removeFile,
  (world, a) => {
    const [name, content] = pick([...world.files], a) ?? [];
    if (name === undefined || content === undefined) return world;
    return withFile(world, name, { ...content, executable: !content.executable });
  },
  (world, a, b) => {
    const [from, content] = pick([...world.files], a) ?? [];
    const to = pick(SOURCES, b) as string;
    if (from === undefined || content === undefined || world.files.has(to)) return world;
    return withFile(removeFile(world, a), to, content);
  },
  (world, a, b) => ({
    ...world,
    params: { ...world.params, [pick(PARAMS, a) as string]: b % 3 },
  }),
  (world, _a, b) => ({ ...world, cells: CELLS.slice(0, 1 + (b % CELLS.length)) }),
  (world, a, b) => withStage(world, a, (stage) => ({ ...stage, version: b % 3 })),
  (world, a, b) =>
    withStage(world, a, (stage) => ({ ...stage, modulus: [1, 2, 3, 997][b % 4] ?? 2 })),
  (world, a, b) =>
    withStage(world, a, (stage) => ({
      ...stage,
      deps: stage.deps.filter((_, at) => at !== b % Math.max(1, stage.deps.length)),
    })),
  (world, a, b) =>
    withStage(world, a, (stage) => ({
      ...stage,
      deps: [...stage.deps, ...someDep(world, stage, b)],
    })),
  (world, a) => withStage(world, a, (stage) => ({ ...stage, shell: !stage.shell })),
  (world, a) => withStage(world, a, (stage) => ({ ...stage, fails: !stage.fails })),
  (world, a) =>
    withStage(world, a, (stage) => ({ ...stage, kind: stage.kind === 'file' ? 'folder' : 'file' })),
  (world, a) =>
    withStage(world, a, (stage) => ({
      ...stage,
      place: stage.place === 'cache' ? 'mixed' : 'cache',
    })),
  (world, a) => ({
    ...world,
    stages: world.stages.filter((_, at) => at !== a % world.stages.length),
  }),
  (world, a) => ({ ...world, layout: { ...world.layout, comment: a } }),
  (world) => ({ ...world, layout: { ...world.layout, reversed: !world.layout.reversed } }),
];

/** Number of kinds of edits, including those of the disk: see lock-on-disk.ts. */
export const CHANGE_COUNT = CHANGES.length;

export function change(world: World, { kind, a, b }: Edit): World {
  return normalised((CHANGES[kind] as (typeof CHANGES)[number])(world, a, b));
}

function withFile(world: World, name: string, content: FileContent): World {
  return { ...world, files: new Map([...world.files, [name, content]]) };
}

function removeFile(world: World, a: number): World {
  const gone = pick([...world.files.keys()], a);
  return { ...world, files: new Map([...world.files].filter(([name]) => name !== gone)) };
}

function withStage(world: World, a: number, edit: (stage: StageSpec) => StageSpec): World {
  const at = a % Math.max(1, world.stages.length);
  return { ...world, stages: world.stages.map((stage, i) => (i === at ? edit(stage) : stage)) };
}

function someDep({ stages }: World, { name }: StageSpec, number: number): DepSpec[] {
  const before = stages.slice(
    0,
    stages.findIndex((stage) => stage.name === name),
  );
  return [depOf(number, before)];
}

/** A dep on user files or outs of earlier stages. */
export function depOf(number: number, before: readonly StageSpec[]): DepSpec {
  const kinds = ['out', 'out', 'gather', 'inside', 'mixed', 'mixed', 'sources', 'source'] as const;
  const kind = kinds[number % kinds.length] as (typeof kinds)[number];
  const rest = Math.floor(number / kinds.length);
  const stage = pick(before, rest)?.name;
  if (kind === 'sources') return { kind };
  if (kind === 'mixed') return { kind, whole: rest % 2 === 0 };
  if (kind === 'source' || stage === undefined)
    return {
      kind: 'source',
      path: pick(NAMED, rest) as string,
      optional: Math.floor(rest / NAMED.length) % 2 === 1,
    };
  return { kind, stage };
}

/**
 * The nearest valid world: stages read only outs of earlier ones, `mix/` contains only files, and a
 * stage that reads all of `mix/` comes after all that write there.
 */
export function normalised(world: World): World {
  const stages: StageSpec[] = [];
  const readsMix = (stage: StageSpec) => stage.deps.some(({ kind }) => kind === 'mixed');
  const firstReader = world.stages.findIndex(readsMix);
  for (const [at, stage] of world.stages.entries()) {
    const place = firstReader >= 0 && at >= firstReader ? 'cache' : stage.place;
    const kind = place === 'mixed' ? 'file' : stage.kind;
    const deps = stage.deps.flatMap((dep): DepSpec[] => {
      if (!('stage' in dep)) return [dep];
      const read = stages.find(({ name }) => name === dep.stage);
      if (read === undefined) return [];
      return dep.kind === 'inside' && read.kind === 'file'
        ? [{ kind: 'out', stage: dep.stage }]
        : [dep];
    });
    stages.push({ ...stage, place, kind, deps });
  }
  return { ...world, stages };
}
