/** The outs and metrics of an item, with placeholders filled. */
import type { MetricView, Out } from '../plan.js';
import type { Written } from './draft.js';
import { isWithin, NO_NAME, noName, normalisePath, outMistake, slashMistake } from './paths.js';
import type { Paths, Site } from './scope.js';
import { fill } from './template.js';

export interface Writes {
  readonly outs: readonly Out[];
  /** Metrics inside these outs. */
  readonly views: readonly MetricView[];
  /** In the order of `outs`. */
  readonly written: readonly Written[];
  readonly paths: Paths;
}

/** `unread`: the stage's outs are malformed, so names may be missing. */
export function outsOf(all: readonly Written[], unread: boolean, site: Site): Writes {
  const outs: Out[] = [];
  const views: MetricView[] = [];
  const written: Written[] = [];
  const byName = new Map<string, string | undefined>();
  let complete = !unread;
  for (const each of all) {
    const path = outPath(each, site);
    const name = each.name ?? path;
    if (name === undefined) complete = false;
    if (name === NO_NAME) site.diagnostics.add(noName('out'), each.path.node.span);
    // A path in both outs and metrics is one out.
    const same = each.metrics ? outs.findIndex((out) => out.path === path) : -1;
    if (same >= 0) outs[same] = { ...outs[same]!, metrics: true };
    else if (name !== undefined) {
      if (byName.has(name) && byName.get(name) !== path) twice(name, each, site);
      const holder = each.metrics && path !== undefined ? holderOf(path, outs) : undefined;
      if (holder !== undefined) views.push({ name, path: path!, out: holder.name });
      else if (path !== undefined) {
        outs.push({
          name,
          path,
          metrics: each.metrics,
          ...(each.protected && { protected: true }),
        });
        written.push(each);
      }
    }
    if (name !== undefined && !byName.has(name)) byName.set(name, path);
  }
  return { outs, views, written, paths: { byName, complete } };
}

/** The out that contains a metrics file. */
function holderOf(path: string, outs: readonly Out[]): Out | undefined {
  return outs.find((out) => path !== out.path && isWithin(path, out.path));
}

/** A repeated path is reported as an overlap instead. */
function twice(name: string, { path }: Written, { diagnostics }: Site): void {
  const message = `two outs are called "${name}"`;
  diagnostics.add({ code: 'duplicate-name', message }, path.node.span);
}

function outPath({ path }: Written, { lookup, diagnostics }: Site): string | undefined {
  const text = fill(path, lookup, diagnostics);
  if (text === undefined) return undefined;
  const normal = normalisePath(text);
  const slash = slashMistake(path, false);
  const mistake = slash ?? ('mistake' in normal ? normal.mistake : outMistake(normal.path));
  if (mistake) diagnostics.add(mistake, path.node.span);
  return mistake || 'mistake' in normal ? undefined : normal.path;
}
