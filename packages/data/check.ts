/** Checks of parameters as they come from pipeline.yaml: each names the parameter and what it may be. */
import { mistake } from './mistake.js';

export type Tree = { readonly [key: string]: unknown };

export function checkTree(value: unknown, name: string): Tree {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw mistake(`${name}: expected a mapping, got ${show(value)}`);
  }
  return value as Tree;
}

/** Fails on keys that nothing reads: a misspelt parameter would otherwise be its default, silently. */
export function checkKeys(tree: Tree, name: string, known: readonly string[]): void {
  for (const key of Object.keys(tree)) {
    if (!known.includes(key)) {
      throw mistake(`${name}.${key}: unknown parameter`, `Known here: ${known.join(', ')}.`);
    }
  }
}

export function checkInteger(value: unknown, name: string, min: number, max = 2 ** 31 - 1): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw mistake(`${name}: expected an integer from ${min} to ${max}, got ${show(value)}`);
  }
  return value;
}

export function checkNumber(value: unknown, name: string, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw mistake(`${name}: expected a number from ${min} to ${max}, got ${show(value)}`);
  }
  return value;
}

export function checkText(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') {
    throw mistake(`${name}: expected a text, got ${show(value)}`);
  }
  return value;
}

export function checkChoice<T extends string | number>(
  value: unknown,
  name: string,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value);
  if (found === undefined) {
    throw mistake(`${name}: expected one of ${choices.join(', ')}, got ${show(value)}`);
  }
  return found;
}

/** A pair [min, max] of numbers, min ≤ max. */
export function checkRange(
  value: unknown,
  name: string,
  min: number,
  max: number,
): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) {
    throw mistake(`${name}: expected a pair [min, max], got ${show(value)}`);
  }
  const low = checkNumber(value[0], `${name}[0]`, min, max);
  const high = checkNumber(value[1], `${name}[1]`, min, max);
  if (low > high) throw mistake(`${name}: the first number is the greater one: ${show(value)}`);
  return [low, high];
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
