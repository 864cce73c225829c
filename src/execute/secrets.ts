/** The secrets of a pipeline: who gets them, and what may be shown of none. */
import type { Item, Plan } from '../pipeline/plan.js';

export interface Secrets {
  /** Of all stages: one may write its secret where another reads and prints it. */
  readonly values: readonly string[];
  /** Names of those that the item does not name. */
  readonly withheld: readonly string[];
}

export function secretsFor(plan: Plan, item: Item, env: NodeJS.ProcessEnv): Secrets {
  const names = namesIn(plan);
  return {
    values: names.flatMap((name) => (Object.hasOwn(env, name) && env[name]) || []),
    withheld: names.filter((name) => !item.secrets.includes(name) && !item.env.includes(name)),
  };
}

/** A plan may have thousands of items, and every one of them asks. */
const known = new WeakMap<Plan, readonly string[]>();

function namesIn(plan: Plan): readonly string[] {
  const names = known.get(plan) ?? [...new Set(plan.items.flatMap(({ secrets }) => secrets))];
  known.set(plan, names);
  return names;
}
