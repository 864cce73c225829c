/**
 * Top-level `metrics` and `plots` of dvc.yaml: files inside the outs of some stage, to which this
 * adds them.
 */
import { type AstNode, child } from '../pipeline/document/ast.js';
import type { Span } from '../pipeline/document/source-text.js';
import { kindOfPlot } from '../pipeline/plot-kind.js';
import { isWithin } from '../sys/is-within.js';
import { joinPath } from './dvc-values.js';
import { type Entry, entriesIn, isConfusion, plotOptions } from './entries.js';
import type { Notes } from './translation-note.js';
import type { Tree } from './write-yaml.js';

/** A file, relative to the project. */
export interface FileOutput {
  readonly path: string;
  readonly span: Span;
  readonly isPlot: boolean;
  /** The columns of a plot. */
  readonly options: Readonly<Record<string, Tree>>;
  /** Whether a stage writes it. */
  isFound: boolean;
}

export function fileOutputsOf(root: AstNode, base: string, notes: Notes): readonly FileOutput[] {
  const metrics = entriesIn(child(root, 'metrics')).map((entry) => ({ ...entry, options: {} }));
  const plots = entriesIn(child(root, 'plots')).flatMap((entry) => curvesOf(entry, notes));
  const outputs = (list: readonly Omit<FileOutput, 'isPlot' | 'isFound'>[], isPlot: boolean) =>
    list.map(({ path, span, options }) => ({
      path: joinPath(base, path),
      span,
      isPlot,
      options,
      isFound: false,
    }));
  return [...outputs(metrics, false), ...outputs(plots, true)];
}

/** A plot of DVC draws its own path, or columns of several files: `ROC: { x: fpr, y: { a.csv: tpr } }`. */
function curvesOf(entry: Entry, notes: Notes) {
  const { path, span } = entry;
  const leftOut = (what: string, reason: string) => {
    notes.add(span, `plots: "${what}" is left out: ${reason}`);
    return [];
  };
  if (isConfusion(entry)) return leftOut(path, 'pipe does not draw a confusion matrix');
  const [x, y] = ['x', 'y'].map((axis) => entry.options?.entries?.get(axis)?.node);
  const files = y?.entries ? [...y.entries].map(([file, { node }]) => [file, node] as const) : [];
  const drawn = files.length === 0 ? [[path, y] as const] : files;
  return drawn.flatMap(([file, columns]) => {
    const across = x?.entries ? x.entries.get(file)?.node : x;
    if (x?.entries && !across) return leftOut(file, 'its x is in another file');
    if (kindOfPlot(file) === undefined)
      return leftOut(file, 'name its files under plots: of their stage');
    const options = plotOptions({ ...entry, path: file }, notes, { x: across, y: columns });
    return [{ path: file, span, options }];
  });
}

/** The files inside the out, relative to it, if they are the same in each item. */
export function outputsBelow(
  { path, span }: Entry,
  outs: readonly string[],
  all: readonly FileOutput[],
  notes: Notes,
): readonly Pick<FileOutput, 'path' | 'isPlot' | 'options'>[] {
  const found = new Map<string, { readonly one: FileOutput; readonly items: Set<string> }>();
  for (const out of outs) {
    for (const one of all) {
      if (!isWithin(one.path, out)) continue;
      one.isFound = true;
      const rest = one.path.slice(out.length);
      if (!one.isPlot && !one.path.endsWith('.json')) {
        notes.add(span, `metrics: "${one.path}" is left out: it is not JSON`);
        continue;
      }
      const key = JSON.stringify([rest, one.isPlot, one.options]);
      const known = found.get(key) ?? { one: { ...one, path: rest }, items: new Set() };
      found.set(key, known);
      known.items.add(out);
    }
  }
  return [...found.values()].flatMap(({ one, items }) => {
    if (items.size === new Set(outs).size) return [one];
    const what = one.isPlot ? 'plots' : 'metrics';
    const reason = 'not every item of the stage has one';
    notes.add(span, `${what}: "${path}${one.path}" is left out: ${reason}`);
    return [];
  });
}

export function noteUnwritten(all: readonly FileOutput[], notes: Notes): void {
  for (const { path, span, isPlot, isFound } of all) {
    const what = isPlot ? 'plots' : 'metrics';
    if (!isFound) notes.add(span, `${what}: "${path}" is left out: no stage writes it`);
  }
}
