/** The deps, outs, metrics and plots of a stage of dvc.yaml. */
import { type AstNode, child } from '../pipeline/document/ast.js';
import { kindOfPlot } from '../pipeline/plot-kind.js';
import { isWithin } from '../sys/is-within.js';
import { Params } from './dvc-values.js';
import {
  type Entry,
  entriesIn,
  isConfusion,
  noteOptions,
  pathOf,
  plotOptions,
  type Site,
} from './entries.js';
import { type FileOutput, outputsBelow } from './file-outputs.js';
import type { Scope, Spot } from './render.js';
import type { Tree } from './write-yaml.js';

/** A list; a map if two deps are the same file in some item, since a list allows each file only once. */
export function depsOf(
  list: AstNode | undefined,
  files: readonly string[],
  command: string,
  site: Site,
  scopes: readonly Scope[],
  hasFile: (path: string) => boolean,
): Tree | undefined {
  const isHere = site.wdir === undefined && site.base === '' && !/(?:^|\W)cd\s/.test(command);
  const deps = new Map<string, readonly string[]>();
  for (const entry of entriesIn(list)) {
    const found = placeOf(entry, 'dep', site, scopes);
    // pipe finds the script itself, and then ignores its comments.
    const isScript = isHere && found && isScriptOf(command, found.path) && hasFile(found.path);
    if (found && !isScript) deps.set(found.path, found.plain);
  }
  for (const file of files) deps.set(file, [file]);
  const all = [...deps.keys()];
  if (all.length === 0) return undefined;
  const meet = scopes.some((_, at) => {
    const paths = [...deps.values()].map((each) => each[at] ?? each[0]!);
    return new Set(paths).size < paths.length;
  });
  return meet ? Object.fromEntries(all.map((path, at) => [`dep${at + 1}`, path])) : all;
}

function isScriptOf(command: string, path: string): boolean {
  if (!path.endsWith('.py')) return false;
  const words = command.split(/\s+/);
  return words.some(
    (word, at) => word === path && /^(?:\S*\/)?python[\d.]*$/.test(words[at - 1] ?? ''),
  );
}

interface Writes {
  readonly outs: readonly string[];
  readonly metrics: readonly string[];
  readonly plots: Tree | undefined;
}

type PlotTree = { readonly path: string } & Readonly<Record<string, Tree>>;

/** A list; a map if a file is drawn twice, since a list allows each file only once. */
function plotsTree(plots: readonly PlotTree[]): Tree | undefined {
  if (plots.length === 0) return undefined;
  const list = plots.map((each) => (Object.keys(each).length === 1 ? each.path : each));
  if (new Set(plots.map(({ path }) => path)).size === plots.length) return list;
  return Object.fromEntries(list.map((each, at) => [`plot${at + 1}`, each]));
}

/** @param outputs the file's own `metrics:` and `plots:` */
export function writesOf(
  body: AstNode,
  site: Site,
  scopes: readonly Scope[],
  outputs: readonly FileOutput[],
): Writes {
  const { notes } = site;
  const outs = new Set<string>();
  const metrics = new Set<string>();
  const plots: PlotTree[] = [];
  const takeOutputs = (entry: Entry, { path, plain }: Found) => {
    const below = outputsBelow(entry, plain, outputs, notes);
    for (const { path: rest, isPlot, options } of below) {
      if (isPlot) plots.push({ path: path + rest, ...options });
      else metrics.add(path + rest);
    }
    return below;
  };
  const placesOf = (section: 'outs' | 'metrics' | 'plots') =>
    entriesIn(child(body, section)).flatMap((entry) => {
      const found = placeOf(entry, 'out', site, scopes);
      if (section !== 'plots') noteOptions(entry, notes);
      return found ? [{ entry, found }] : [];
    });
  for (const { entry, found } of placesOf('outs')) {
    outs.add(found.path);
    takeOutputs(entry, found);
  }
  for (const { entry, found } of placesOf('metrics')) {
    takeOutputs(entry, found);
    if (found.plain.every((path) => path.endsWith('.json'))) metrics.add(found.path);
    else {
      outs.add(found.path);
      const reason = 'pipe reads metrics from JSON';
      notes.add(entry.span, `"${entry.path}" is an out, not a metric: ${reason}`);
    }
  }
  for (const { entry, found } of placesOf('plots')) {
    const { path, plain } = found;
    const isDrawn = plain.every((each) => kindOfPlot(each) !== undefined) && !isConfusion(entry);
    if (takeOutputs(entry, found).some(({ isPlot }) => isPlot)) continue;
    if (isDrawn) plots.push({ path, ...plotOptions(entry, notes) });
    else {
      if (![...outs].some((out) => isWithin(path, out))) outs.add(path);
      const reason = 'pipe draws curves of CSV, TSV and JSON, and pictures';
      notes.add(entry.span, `"${entry.path}" is an out, not a plot: ${reason}`);
    }
  }
  return { outs: [...outs], metrics: [...metrics], plots: plotsTree(plots) };
}

interface Found {
  /** The text in pipeline.yaml. */
  readonly path: string;
  /** In each item, with all values filled in. */
  readonly plain: readonly string[];
}

/** Undefined, with a note, for a path outside of the project. */
function placeOf(
  entry: Entry,
  spot: Spot,
  site: Site,
  scopes: readonly Scope[],
): Found | undefined {
  const path = pathOf(entry, spot, site);
  const params = new Params(() => undefined);
  const plain = scopes.flatMap(
    (scope) => pathOf(entry, 'out', { ...site, scope: { ...scope, params } }) ?? [],
  );
  return path === undefined || plain.length < scopes.length ? undefined : { path, plain };
}
