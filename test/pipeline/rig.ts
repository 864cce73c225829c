/** Plans from texts, and errors as the user sees them. */
import { renderDiagnostic, UserError } from '../../src/error.js';
import { loadPlan } from '../../src/pipeline/load.js';
import type { Item, Plan } from '../../src/pipeline/plan.js';
import { folderWith } from './folder.js';

export interface Variant {
  readonly profiles?: readonly string[];
  readonly set?: readonly string[];
  /** Files of the project other than pipeline.yaml; without any, there is no project on disk. */
  readonly files?: Readonly<Record<string, string>>;
}

export function planOf(text: string, { files, ...variant }: Variant = {}): Plan {
  const folder = files === undefined ? '/nowhere' : folderWith(files);
  return loadPlan({ project: folder, text, ...variant });
}

export function itemOf(plan: Plan, id: string): Item {
  const item = plan.items.find((each) => each.id === id);
  if (!item) throw new Error(`no item ${id} among ${plan.items.map((each) => each.id).join(' ')}`);
  return item;
}

/** Names of the items that an item needs. */
export function needsOf(plan: Plan, id: string): readonly string[] {
  return itemOf(plan, id).needs.map((index) => plan.items[index]!.id);
}

/** The error text that the user sees; throws if there is no error. */
export function mistakesIn(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.diagnostics.map(renderDiagnostic).join('\n\n');
    throw error;
  }
  throw new Error('there is no mistake');
}

export function mistakesOf(text: string, variant: Variant = {}): string {
  return mistakesIn(() => planOf(text, variant));
}
