/** Secrets of a pipeline: which stages receive them, and how their values are masked. */
import { oncePer } from '../lists.js';
import type { Item, Plan } from '../pipeline/plan.js';
import { mapTexts } from '../printable.js';
import { createMask } from '../process/mask-secrets.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** From all stages: one may write its secret to a file that another prints. */
export function secretValues(plan: Plan, env: Environment): string[] {
  return namesIn(plan).flatMap((name) => (Object.hasOwn(env, name) && env[name]) || []);
}

/** Names of the secrets that the item does not name. */
export function withheldFrom(plan: Plan, item: Item): string[] {
  return namesIn(plan).filter((name) => !item.secrets.includes(name) && !item.env.includes(name));
}

/** Computed once for a plan, because thousands of items may ask. */
const namesIn = oncePer(({ items }: Plan): readonly string[] => [
  ...new Set(items.flatMap(({ secrets }) => secrets)),
]);

/** A log masks every value. In pipe's own lines, shorter values would mask parts of ordinary words. */
const SHORTEST = 4;

/** Fields that programs read; they contain no text of a stage. */
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
  /** Masks all texts within a value, except identifiers. */
  readonly value: <T>(value: T) => T;
}

/** Masks the values in pipe's own output: lines, events, errors. */
export function concealing(values: readonly string[]): Concealing {
  const long = values.filter((value) => value.length >= SHORTEST);
  if (long.length === 0) return { text: (text) => text, value: (value) => value };
  const text = createMask(long);
  return { text, value: (value) => mapTexts(value, text, IDENTIFIERS) };
}
