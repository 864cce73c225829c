/** The outs, metrics and plots of an item, with placeholders filled. */

import { isWithin } from '../../sys/is-within.js';
import type { Mistake } from '../document/diagnostics.js';
import type { MetricView, Out, Plot } from '../plan.js';
import { kindOfPlot } from '../plot-kind.js';
import { fill } from './fill-placeholders.js';
import type { Written } from './item-draft.js';
import { NO_NAME, noName, normalisePath, outMistake, slashMistake } from './paths.js';
import type { Paths, Site } from './scope.js';

interface Writes {
  readonly outs: readonly Out[];
  /** Metrics inside these outs. */
  readonly views: readonly MetricView[];
  readonly plots: readonly Plot[];
  /** In the order of `outs`. */
  readonly written: readonly Written[];
  readonly paths: Paths;
}

/** `unread`: the stage's outs are malformed, so names may be missing. */
export function outsOf(all: readonly Written[], unread: boolean, site: Site): Writes {
  const outs: Out[] = [];
  const views: MetricView[] = [];
  const plots: Plot[] = [];
  const written: Written[] = [];
  const byName = new Map<string, string | undefined>();
  let complete = !unread;
  for (const each of all) {
    const path = outPath(each, site);
    const name = each.name ?? path;
    if (name === undefined) complete = false;
    if (name === NO_NAME) site.diagnostics.add(noName('out'), each.path.node.span);
    const isView = each.metrics || each.plot !== undefined;
    // A path in both outs and metrics is one out.
    const same = isView ? outs.findIndex((out) => out.path === path) : -1;
    if (same >= 0) outs[same] = { ...outs[same]!, ...(each.metrics && { metrics: true }) };
    else if (name !== undefined) {
      const namesake = byName.get(name);
      if (byName.has(name) && namesake !== path) {
        const isMeant = isView && path === name && namesake !== undefined;
        twice(name, each, site, isMeant ? `write the path of the out: ${namesake}` : RENAME);
      }
      const holder = isView && path !== undefined ? holderOf(path, outs) : undefined;
      if (holder !== undefined) {
        if (each.metrics) views.push({ name, path: path!, out: holder.name });
      } else if (path !== undefined) {
        outs.push({
          name,
          path,
          metrics: each.metrics,
          ...(each.protected && { protected: true }),
          ...(each.temp && { temp: true }),
        });
        written.push(each);
      }
    }
    if (name !== undefined && !byName.has(name)) byName.set(name, path);
    if (name !== undefined && path !== undefined && each.plot) {
      if (plots.some((plot) => plot.name === name)) twice(name, each, site, NAME_PLOTS, 'plots');
      const { name: out } = outs.find((one) => isWithin(path, one.path))!;
      plots.push({ name, path, out, ...each.plot });
    }
  }
  refuseKeptTemps({ outs, views, plots, written }, site);
  return { outs, views, plots, written, paths: { byName, complete } };
}

/** Metrics and plots are read from the cache later, which keeps no temporary out. */
function refuseKeptTemps(
  { outs, views, plots, written }: Omit<Writes, 'paths'>,
  { diagnostics }: Site,
): void {
  for (const [at, out] of outs.entries()) {
    if (!out.temp) continue;
    const isRead = [...views, ...plots].some((each) => each.out === out.name);
    const what = out.protected ? 'protected' : out.metrics || isRead ? 'metrics or a plot' : '';
    if (what === '') continue;
    const message = `the out "${out.path}" is temporary and ${what}`;
    const hint = 'remove `temp: true`, or give the kept file a separate path';
    diagnostics.add({ code: 'bad-temp', message, hint }, written[at]!.path.node.span);
  }
}

/** The out that contains a metrics file or a plot. */
function holderOf(path: string, outs: readonly Out[]): Out | undefined {
  return outs.find((out) => path !== out.path && isWithin(path, out.path));
}

const RENAME = 'give one of them another name';
const NAME_PLOTS = 'give them names, as in: plots: { name: { path: … } }';

/** A repeated path is reported as an overlap instead. */
function twice(
  name: string,
  { path }: Written,
  { diagnostics }: Site,
  hint: string,
  what: 'outs' | 'plots' = 'outs',
): void {
  const message = `two ${what} are called "${name}"`;
  diagnostics.add({ code: 'duplicate-name', message, hint }, path.node.span);
}

function outPath({ path, plot }: Written, site: Site): string | undefined {
  const text = fill(path, site);
  if (text === undefined) return undefined;
  const normal = normalisePath(text);
  const slash = slashMistake(path, false);
  const mistake =
    slash ??
    ('mistake' in normal
      ? normal.mistake
      : (outMistake(normal.path) ?? (plot && plotMistake(normal.path, plot))));
  if (mistake) site.diagnostics.add(mistake, path.node.span);
  return mistake || 'mistake' in normal ? undefined : normal.path;
}

function plotMistake(path: string, { x, y }: Pick<Plot, 'x' | 'y'>): Mistake | undefined {
  const kind = kindOfPlot(path);
  if (kind === undefined)
    return {
      code: 'bad-plot',
      message: `"${path}" is neither a table nor a picture`,
      hint: 'a plot is a .csv, .tsv, .json, .png, .svg, .jpg, .jpeg or .npy file',
    };
  if (kind === 'table' || (x ?? y) === undefined) return undefined;
  const hint = 'remove x and y: the picture is shown as it is';
  return { code: 'bad-plot', message: `"${path}" is a picture, which has no columns`, hint };
}
