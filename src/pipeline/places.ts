/** Places of the parts of a plan in the file. A plan has none, so a later error reads the file again. */
import type { Place } from '../error.js';
import { spanAt } from './document/ast.js';
import { placeOf } from './document/source-text.js';
import { draftPipeline, type LoadOptions } from './load.js';
import type { Resources } from './plan.js';

/** A key of `resources` in a stage. */
export type ResourceKey = keyof Resources | 'time';

/** Undefined for a part that is no longer in the file. */
export interface Places {
  dep(item: string, name: string): Place | undefined;
  out(item: string, name: string): Place | undefined;
  resource(item: string, name: ResourceKey): Place | undefined;
  run(item: string): Place | undefined;
  executor(item: string): Place | undefined;
  slurm(item: string): Place | undefined;
  /** In the stage, or at the top of the file. */
  packages(item: string): Place | undefined;
}

export function placesOf(options: LoadOptions): Places {
  const { diagnostics, root, drafts } = draftPipeline(options);
  const draftOf = (item: string) => drafts.find((draft) => draft.item.id === item);
  const partOf = (item: string, path: readonly string[]) => {
    const stage = draftOf(item)?.item.stage;
    if (stage === undefined) return undefined;
    return placeOf(diagnostics.source, spanAt(root, ['stages', stage, ...path]));
  };
  return {
    dep(item, name) {
      const dep = draftOf(item)?.deps.find((each) => each.name === name);
      return dep && placeOf(diagnostics.source, dep.written.path.node.span);
    },
    out(item, name) {
      const draft = draftOf(item);
      const written = draft?.outs[draft.item.outs.findIndex((each) => each.name === name)];
      return written && placeOf(diagnostics.source, written.path.node.span);
    },
    resource: (item, name) => partOf(item, ['resources', name]),
    run: (item) => partOf(item, ['run']),
    executor: (item) => partOf(item, ['executor']),
    slurm: (item) => partOf(item, ['slurm']),
    packages: (item) =>
      draftOf(item)?.item.packages === 'inherited'
        ? placeOf(diagnostics.source, spanAt(root, ['packages']))
        : partOf(item, ['packages']),
  };
}
