/** Metrics files and plots of an item: outs, and files inside outs. */
import type { Cache } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import type { RunRecord } from '../cache/records/record.js';
import type { Item, MetricView, Plot } from '../pipeline/plan.js';
import { entryWithin } from './file-view.js';

interface MetricFile extends MetricView {
  /** Path inside the out; '' for the out itself. */
  readonly within: string;
}

export function plotFileOf({ name, path, out }: Plot, { outs }: Item): MetricFile {
  return { name, path, out, within: path.slice(folderOf(out, outs).length + 1) };
}

export function metricFilesOf({ outs, views = [] }: Item): readonly MetricFile[] {
  const own = outs.filter((out) => out.metrics);
  return [
    ...own.map(({ name, path }) => ({ name, path, out: name, within: '' })),
    ...views.map((view) => ({
      ...view,
      within: view.path.slice(folderOf(view.out, outs).length + 1),
    })),
  ];
}

/** What a record says of its item for `results`, besides the manifest. */
export function notesOf(item: Item): Pick<RunRecord, 'filled' | 'measures'> {
  const files = metricFilesOf(item).map(({ name, out, within }) => ({ name, out, within }));
  const { filled, epochs } = item;
  const measures = { files, ...(epochs?.param !== undefined && { target: epochs.param }) };
  const isMeasured = files.length > 0 || epochs !== undefined;
  return { ...(filled && { filled }), ...(isMeasured && { measures }) };
}

function folderOf(name: string, outs: Item['outs']): string {
  const out = outs.find((each) => each.name === name);
  if (out === undefined) throw new Error(`no out ${name}`);
  return out.path;
}

/** Undefined if unknown; null if the out was made without the file. */
export function digestOfMetric(
  { out, within }: Pick<MetricFile, 'out' | 'within'>,
  outs: readonly { readonly name: string; readonly digest: Digest }[],
  cache: Cache,
): Digest | null | undefined {
  const digest = outs.find((each) => each.name === out)?.digest;
  if (digest === undefined || within === '') return digest;
  const entry = entryWithin(cache, digest, within.split('/'));
  return entry === null ? null : entry?.digest;
}
