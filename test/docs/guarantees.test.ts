/** docs/guarantees.md: every promise names a test, and every test that it names exists. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(`${root}/docs/guarantees.md`, 'utf8');

/** A file, and the names of tests that follow it. */
const held = [...page.matchAll(/`(test\/[\w/.-]+\.test\.ts)`(?::((?:,? "[^"]+")+))?/g)].map(
  ([, file = '', names = '']) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  }),
);

describe('docs/guarantees.md', () => {
  it('names the test of each promise', () => {
    const promises = page.split('\n').filter((line) => /^\| [A-Z]/.test(line));
    expect(promises.length).toBeGreaterThan(15);
    for (const promise of promises) expect(promise).toMatch(/`test\/[^`]+`|the same \|$/);
  });

  it.each(held)('names tests of $file that exist', ({ file, names }) => {
    expect(existsSync(`${root}/${file}`)).toBe(true);
    const text = readFileSync(`${root}/${file}`, 'utf8');
    for (const name of names) {
      const isThere = [`'${name}'`, `"${name}"`, `\`${name}\``].some((each) => text.includes(each));
      expect(isThere, name).toBe(true);
    }
  });
});
