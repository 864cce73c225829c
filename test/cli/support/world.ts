/** A random pipeline as data, with the user's files: edited by tests, read by the oracle. */
import type { FileContent } from './tool.js';

export interface World {
  readonly params: Readonly<Record<string, number>>;
  /** The cells of every matrix. */
  readonly cells: readonly string[];
  readonly stages: readonly StageSpec[];
  /** User files, by path. */
  readonly files: ReadonlyMap<string, FileContent>;
  /** Layout of pipeline.yaml, without meaning. */
  readonly layout: { readonly comment: number; readonly reversed: boolean };
}

export interface StageSpec {
  readonly name: string;
  readonly matrix: boolean;
  readonly modulus: number;
  readonly fails: boolean;
  readonly kind: 'file' | 'folder';
  /** `mixed`: the out is among user files, in `mix/`. */
  readonly place: 'cache' | 'mixed';
  readonly version: number;
  readonly shell: boolean;
  readonly params: readonly string[];
  readonly deps: readonly DepSpec[];
}

export type DepSpec =
  /** A file or folder of the user. */
  | { readonly kind: 'source'; readonly path: string; readonly optional: boolean }
  /** `src/*.txt`: user files. */
  | { readonly kind: 'sources' }
  /** The out of the same cell, or of the first one for a stage without a matrix. */
  | { readonly kind: 'out'; readonly stage: string }
  /** A file inside an out folder. */
  | { readonly kind: 'inside'; readonly stage: string }
  /** The outs of all cells. */
  | { readonly kind: 'gather'; readonly stage: string }
  /** User files and outs: `mix/*.txt`, or the whole folder. */
  | { readonly kind: 'mixed'; readonly whole: boolean };

/** One cell of a stage. */
export interface ItemSpec {
  readonly id: string;
  readonly stage: StageSpec;
  /** Undefined without a matrix. */
  readonly cell: string | undefined;
}

export const INSIDE = 'deep/main';

export function itemsOf({ stages, cells }: World): ItemSpec[] {
  return stages.flatMap((stage): ItemSpec[] =>
    stage.matrix
      ? cells.map((cell) => ({ id: `${stage.name}@${cell}`, stage, cell }))
      : [{ id: stage.name, stage, cell: undefined }],
  );
}

export function outPath(stage: StageSpec, cell: string | undefined): string {
  const folder = stage.place === 'cache' ? `cache/out/${stage.name}/` : `mix/${stage.name}-`;
  return `${folder}${cell ?? 'one'}${stage.place === 'cache' ? '' : '.txt'}`;
}

/** The cell of the stage to which an item's `out` and `inside` deps refer. */
export function cellRead(world: World, stage: StageSpec, cell: string | undefined) {
  return stage.matrix ? (cell ?? world.cells[0]) : undefined;
}

/** The path or pattern of a dep in pipeline.yaml. */
export function depPath(world: World, dep: DepSpec, cell: string | undefined): string {
  switch (dep.kind) {
    case 'source':
      return dep.path;
    case 'sources':
      return 'src/*.txt';
    case 'mixed':
      return dep.whole ? 'mix' : 'mix/*.txt';
    case 'gather': {
      const stage = stageOf(world, dep.stage);
      return stage.place === 'cache' ? `cache/out/${stage.name}/*` : `mix/${stage.name}-*`;
    }
    case 'out':
    case 'inside': {
      const stage = stageOf(world, dep.stage);
      const path = outPath(stage, cellRead(world, stage, cell));
      return dep.kind === 'inside' ? `${path}/${INSIDE}` : path;
    }
    default:
      return dep satisfies never;
  }
}

function written(world: World, dep: DepSpec, cell: string | undefined): string | object {
  const path = depPath(world, dep, cell);
  return dep.kind === 'source' && dep.optional ? { path, optional: true } : path;
}

export function stageOf(world: World, name: string): StageSpec {
  const stage = world.stages.find((each) => each.name === name);
  if (stage === undefined) throw new Error(`no stage ${name}`);
  return stage;
}

/** Text that affects a stage's numbers in addition to its deps. */
export function wordsOf(world: World, { version, params }: StageSpec): string {
  return [`v${version}`, ...params.map((name) => world.params[name])].join(' ');
}

/** JSON is YAML. */
export function pipelineText(world: World): string {
  const { params, cells, stages, layout } = world;
  const entries = stages.map((stage) => [stage.name, definition(world, stage)]);
  if (layout.reversed) entries.reverse();
  const text = JSON.stringify(
    { params: { ...params, cells }, stages: Object.fromEntries(entries) },
    null,
    1,
  );
  return `# ${layout.comment}\n${text}\n`;
}

function definition(world: World, stage: StageSpec): object {
  const { name, matrix, modulus, fails, kind, version, shell, params, deps } = stage;
  const cell = matrix ? '${cell}' : undefined;
  const item = cell === undefined ? name : `${name}@${cell}`;
  const words = [`v${version}`, ...params.map((param) => `\${${param}}`)].join(' ');
  const names = deps.map((_, at) => `\${deps.d${at}}`);
  const options = [String(modulus), fails ? '1' : '0', kind];
  return {
    ...(matrix ? { matrix: { cell: '${cells}' } } : {}),
    cmd: shell
      ? ['sh "$TOOL"', `'${item}'`, ...options, '${outs.o}', `'${words}'`, ...names].join(' ')
      : ['sh', '-c', 'exec sh "$TOOL" "$@"', 'sh', item, ...options, '${outs.o}', words, ...names],
    params,
    deps: Object.fromEntries(deps.map((dep, at) => [`d${at}`, written(world, dep, cell)])),
    outs: { o: outPath(stage, cell) },
  };
}
