/** The expected effect of a run, computed naively: from scratch, compared by content. */
import type { Verdict } from '../../../src/event.js';
import { type Content, type FileContent, outOf, signature } from './tool.js';
import {
  cellRead,
  type DepSpec,
  depPath,
  INSIDE,
  type ItemSpec,
  itemsOf,
  outPath,
  stageOf,
  type World,
  wordsOf,
} from './world.js';

/** The expected state of one item. */
export interface Expected {
  readonly item: ItemSpec;
  readonly path: string;
  readonly needs: readonly string[];
  /** All that its result depends on, as a text; undefined if an upstream item fails. */
  readonly inputs: string | undefined;
  /** Undefined if it fails. */
  readonly out: Content | undefined;
  /** Missing user files. */
  readonly missing: readonly string[];
}

/** `leftovers`: files in `mix/` that no current item writes, some of them from former stages. */
export function evaluate(
  world: World,
  leftovers: ReadonlyMap<string, FileContent>,
): Map<string, Expected> {
  const found = new Map<string, Expected>();
  for (const item of itemsOf(world)) {
    const { stage, cell } = item;
    const read = stage.deps.map((dep) => readDep(world, dep, cell, found, leftovers));
    const missing = read.flatMap(({ missing }) => missing);
    const needs = [...new Set(read.flatMap((each) => each.needs))];
    const path = outPath(stage, cell);
    const isOpen = missing.length > 0 || needs.some((need) => found.get(need)?.out === undefined);
    const contents = read.flatMap(({ contents }) => contents);
    const words = wordsOf(world, stage);
    found.set(item.id, {
      item,
      path,
      needs,
      missing,
      inputs: isOpen ? undefined : inputsOf(world, item, words, contents),
      out: isOpen
        ? undefined
        : outOf(
            { ...stage, words },
            contents.map(([, content]) => content),
          ),
    });
  }
  return found;
}

function inputsOf(
  world: World,
  { id, stage, cell }: ItemSpec,
  words: string,
  contents: readonly (readonly [string, Content])[],
): string {
  const { modulus, fails, kind, shell, params, deps } = stage;
  return JSON.stringify([
    [id, modulus, fails, kind, shell, words, params, outPath(stage, cell)],
    deps.map((dep) => depPath(world, dep, cell)),
    contents.map(([path, content]) => [path, signature(content)]),
  ]);
}

interface Read {
  readonly needs: readonly string[];
  /** The tool's inputs, in order, with their paths. */
  readonly contents: readonly (readonly [string, Content])[];
  readonly missing: readonly string[];
}

function readDep(
  world: World,
  dep: DepSpec,
  cell: string | undefined,
  found: ReadonlyMap<string, Expected>,
  leftovers: ReadonlyMap<string, FileContent>,
): Read {
  const path = depPath(world, dep, cell);
  switch (dep.kind) {
    case 'source': {
      const content = contentAt(world.files, path);
      if (content === undefined)
        return { needs: [], contents: [], missing: dep.optional ? [] : [path] };
      return { needs: [], contents: [[path, content]], missing: [] };
    }
    case 'sources': {
      const files = sorted([...world.files].filter(([name]) => /^src\/[^/]*\.txt$/.test(name)));
      return { needs: [], contents: files, missing: files.length === 0 ? [path] : [] };
    }
    case 'out':
    case 'inside': {
      const stage = stageOf(world, dep.stage);
      const own = cellRead(world, stage, cell);
      const need = own === undefined ? stage.name : `${stage.name}@${own}`;
      const out = found.get(need)?.out;
      const content = dep.kind === 'inside' && out?.kind === 'folder' ? out.files.get(INSIDE) : out;
      return { needs: [need], contents: content ? [[path, content]] : [], missing: [] };
    }
    case 'gather': {
      const stage = stageOf(world, dep.stage);
      const made = [...found.values()].filter(({ item }) => item.stage === stage);
      const others = [...leftovers].filter(
        ([name]) => stage.place === 'mixed' && name.startsWith(`mix/${stage.name}-`),
      );
      return together(made, others);
    }
    case 'mixed': {
      const made = [...found.values()].filter(({ item }) => item.stage.place === 'mixed');
      const all = together(
        made,
        [...leftovers].filter(([name]) => dep.whole || name.endsWith('.txt')),
      );
      if (!dep.whole) {
        const isMissing = made.length === 0 && all.contents.length === 0;
        return isMissing ? { ...all, missing: [path] } : all;
      }
      const files = new Map<string, FileContent>();
      for (const [name, content] of all.contents)
        if (content.kind === 'file') files.set(name.slice('mix/'.length), content);
      const isMissing = made.length === 0 && files.size === 0;
      return {
        needs: all.needs,
        contents: [[path, { kind: 'folder', files }]],
        missing: isMissing ? [path] : [],
      };
    }
    default:
      return dep satisfies never;
  }
}

function together(
  made: readonly Expected[],
  others: readonly (readonly [string, FileContent])[],
): Read {
  const outs = made.flatMap(({ path, out }) => (out ? [[path, out] as const] : []));
  return {
    needs: made.map(({ item }) => item.id),
    contents: sorted([...outs, ...others]),
    missing: [],
  };
}

/** A file, or the folder of all files below the path. */
function contentAt(files: ReadonlyMap<string, FileContent>, path: string): Content | undefined {
  const file = files.get(path);
  if (file !== undefined) return file;
  const below = sorted([...files].filter(([name]) => name.startsWith(`${path}/`)));
  if (below.length === 0) return undefined;
  const inner = below.map(([name, content]) => [name.slice(path.length + 1), content] as const);
  return { kind: 'folder', files: new Map(inner) };
}

function sorted<T>(entries: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** The named items and all that they need; without names, all items. */
export function closure(all: ReadonlyMap<string, Expected>, named: readonly string[]): Set<string> {
  if (named.length === 0) return new Set(all.keys());
  const selected = new Set<string>();
  const visit = (id: string) => {
    if (selected.has(id)) return;
    selected.add(id);
    for (const need of all.get(id)?.needs ?? []) visit(need);
  };
  for (const id of named) visit(id);
  return selected;
}

/**
 * The verdict of each selected item in a run with --keep-going. `known`: the inputs of all results so
 * far. `onDisk`: the signature of a path's content before the run.
 */
export function verdicts(
  all: ReadonlyMap<string, Expected>,
  selected: ReadonlySet<string>,
  known: ReadonlySet<string>,
  force: boolean,
  onDisk: (path: string) => string,
): Map<string, Verdict> {
  const found = new Map<string, Verdict>();
  for (const [id, { needs, inputs, out, path }] of all) {
    if (!selected.has(id)) continue;
    if (inputs === undefined) {
      const isBlocked = needs.some((need) => ['failed', 'blocked'].includes(found.get(need) ?? ''));
      found.set(id, isBlocked ? 'blocked' : 'failed');
    } else if (out === undefined) found.set(id, 'failed');
    else if (force || !known.has(inputs)) found.set(id, 'ran');
    else found.set(id, onDisk(path) === signature(out) ? 'fresh' : 'restored');
  }
  return found;
}
