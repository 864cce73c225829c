/** JSON files of the stages: the same bytes for the same value, an end of line last. */
import { readFileSync, writeFileSync } from 'node:fs';

/** A line for each value, so that differences read well; a list of numbers alone takes one line. */
export function writeJson(file: string, value: unknown): void {
  const text = JSON.stringify(value, null, 1);
  writeFileSync(file, `${text.replace(NUMBERS, (list) => list.replace(/\s+/g, ' '))}\n`);
}

/** A line break cannot be part of a string in JSON, so no string is taken for a list. */
const NUMBERS = /\[\n\s*-?[\d.]+(?:e[+-]?\d+)?(?:,\n\s*-?[\d.]+(?:e[+-]?\d+)?)*\n\s*\]/g;

/** Reads what one of our own stages wrote; its shape is the caller's claim. */
export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
