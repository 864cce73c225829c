/**
 * docs/dvc-behaviours.md: each behaviour that applies has a test, and every test that it names
 * exists.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/dvc-behaviours.md`, 'utf8');

/** A file, and the names of tests, or of rows of a table of tests, that follow it. */
const covered = [...page.matchAll(/`(test\/[\w/.-]+\.test\.ts)`:((?:,? "[^"]+")+)/g)].flatMap(
  ([, file = '', names = '']) =>
    [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => ({ file, name })),
);

describe('docs/dvc-behaviours.md', () => {
  it('names a test for each behaviour that applies', () => {
    const rows = page.split('\n').filter((line) => /^\| .* \| .* \| .* \|$/.test(line));
    const behaviours = rows.filter((row) => !row.startsWith('| behaviour '));
    expect(behaviours.length).toBeGreaterThan(35);
    for (const row of behaviours) expect(row).toMatch(/`test\/[^`]+`: "/);
  });

  it.each(covered)('names $file: $name', ({ file, name }) => {
    const text = readFileSync(`${root}/${file}`, 'utf8');
    const isThere = [`'${name}'`, `"${name}"`, `\`${name}\``].some((each) => text.includes(each));
    expect(isThere).toBe(true);
  });
});
