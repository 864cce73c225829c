/** The reasons of one item in words: its last result in this project beside what it depends on today. */
import type { LastRun } from '../cache/cache.js';
import type { Item } from '../pipeline/plan.js';
import type { Code } from './code.js';
import type { Decision } from './decide.js';
import type { Project } from './project.js';
import { differences, type Reason } from './reasons.js';

/** Why the item must run or be put back; empty for a fresh one. The likeliest cause first. */
export function explain(project: Project, item: Item, code: Code, decision: Decision): Reason[] {
  switch (decision.kind) {
    case 'fresh':
      return [];
    case 'restore':
      return [decision.reason];
    case 'missing':
      return decision.deps.map((dep) => ({ kind: 'dep', text: `dep ${dep.path} is missing` }));
    case 'run':
      return whyRun(project, item, code, decision);
    default:
      return decision satisfies never;
  }
}

function whyRun(
  project: Project,
  item: Item,
  code: Code,
  decision: Decision & { kind: 'run' },
): Reason[] {
  if (decision.cause === 'forced') return [{ kind: 'forced', text: 'forced' }];
  if (decision.cause === 'always') return [{ kind: 'always', text: 'always: true' }];
  if (typeof decision.cause === 'object') {
    const text = `out ${decision.cause.lost} is neither in place nor whole in the cache`;
    return [{ kind: 'lost', text }];
  }
  const last = project.cache.readLast(item.id);
  if (last === undefined) return [{ kind: 'never', text: 'never ran' }];
  const found = compare(project, item, code, last, decision);
  return found.length > 0 ? found : [{ kind: 'lost', text: 'its record is gone from the cache' }];
}

function compare(
  project: Project,
  item: Item,
  code: Code,
  last: LastRun,
  decision: Decision & { kind: 'run' },
): Reason[] {
  return differences(
    last,
    { manifest: decision.manifest, files: code.files },
    {
      importerOf: (file) => code.importers[file],
      pathOf: (name) => item.deps.find((dep) => dep.name === name)?.path ?? name,
      targetParam: item.epochs?.param,
      listing: (digest) => project.cache.treeListing(digest),
    },
  );
}
