import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { power } from '@pipe-experiment/numerics/power.js';
import { expect, it } from 'vitest';

it.each([
  [0.8, Math.SQRT2],
  [0.9, 1],
  [0.999, 12_345],
  [1, 7],
  [0, 3],
  [0, 0],
  [39.5, 1.37],
])('is %d to the power of %d', (base, exponent) => {
  expect(power(base, exponent)).toBeCloseTo(base ** exponent, 12);
});

it('is used by the numerics, because Node’s own power differs between versions', () => {
  const root = path.resolve(import.meta.dirname, '../../..');
  const own = ['stages', 'packages']
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((file) =>
        path.join(folder, file),
      ),
    )
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .flatMap((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .split('\n')
        // A square, and a power of two, are exact or rounded once.
        .filter((line) => /Math\.pow|(?<!\b2) \*\* (?!2\b)/.test(line) && !/^\s*(\*|\/)/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
  expect(own.filter((line) => !line.includes("'**") && !line.includes('**S'))).toEqual([]);
});
