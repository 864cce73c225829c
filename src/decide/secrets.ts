/** The secrets of a pipeline: which stages get them, and what may be shown of none. */
import type { Item, Plan } from '../pipeline/plan.js';
import { mapTexts } from '../printable.js';
import { createMask } from '../process/mask.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Of all stages: one may write its secret where another reads and prints it. */
export function secretValues(plan: Plan, env: Environment): string[] {
  return namesIn(plan).flatMap((name) => (Object.hasOwn(env, name) && env[name]) || []);
}

/** Names of those that the item does not name. */
export function withheldFrom(plan: Plan, item: Item): string[] {
  return namesIn(plan).filter((name) => !item.secrets.includes(name) && !item.env.includes(name));
}

/** A plan may have thousands of items, and every one of them asks. */
const known = new WeakMap<Plan, readonly string[]>();

function namesIn(plan: Plan): readonly string[] {
  const names = known.get(plan) ?? [...new Set(plan.items.flatMap(({ secrets }) => secrets))];
  known.set(plan, names);
  return names;
}

/** In a log every value is masked. In our own lines so short a one would be half of the words. */
const SHORTEST = 4;

/** Fields that programs go by; nothing of a stage is in them. */
const IDENTIFIERS = new Set([
  'type',
  'item',
  'items',
  'verdict',
  'action',
  'state',
  'kind',
  'key',
  'log',
]);

export interface Concealing {
  readonly text: (text: string) => string;
  /** Masks all texts within a value, but for identifiers. */
  readonly value: <T>(value: T) => T;
}

/** Masks the values in what we say ourselves: lines, events, errors. */
export function concealing(values: readonly string[]): Concealing {
  const long = values.filter((value) => value.length >= SHORTEST);
  if (long.length === 0) return { text: (text) => text, value: (value) => value };
  const text = createMask(long);
  return { text, value: (value) => mapTexts(value, text, IDENTIFIERS) };
}
