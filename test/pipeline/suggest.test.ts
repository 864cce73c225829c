/** `did you mean …?` */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest, suggest } from '../../src/pipeline/suggest.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['outs', 'out', 1],
    ['trian', 'train', 1],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['ca', 'abc', 3],
    ['', 'abc', 3],
  ])('%s → %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('gives up at its limit, and is the same below it (property)', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 9 }), (a, b, limit) => {
        const exact = editDistance(a, b);
        const limited = editDistance(a, b, limit);
        expect(limited).toBe(exact < limit ? exact : Math.max(limited, limit));
      }),
    );
  });
});

describe('nearest', () => {
  it('is the nearest of the known names, if any is near enough to be meant', () => {
    const known = ['deps', 'outs', 'params', 'metrics', 'timeout'];
    expect(
      ['dep', 'OUTS', 'parms', 'metric', 'tiemout'].map((name) => nearest(name, known)),
    ).toEqual(['deps', 'outs', 'params', 'metrics', 'timeout']);
    expect(['x', 'foo', 'command', ''].map((name) => nearest(name, known))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is a name that was cut short, or written with something behind it', () => {
    expect(['fro', 'dry-run', 'no', 'dr'].map((name) => nearest(name, ['frozen', 'dry']))).toEqual([
      'frozen',
      'dry',
      undefined,
      'dry',
    ]);
  });

  it('is the first of those that are equally near', () => {
    expect(nearest('bat', ['cat', 'hat'])).toBe('cat');
  });
});

describe('suggest', () => {
  it('lists what is known when nothing is near, but not endlessly', () => {
    expect(suggest('xyz', ['a', 'b'], 'stages are')).toBe('stages are: a, b');
    const many = Array.from({ length: 40 }, (_, i) => `name${i}`);
    expect(suggest('xyz', many, 'stages are')).toMatch(/name11, …$/);
    expect(suggest('xyz', [], 'stages are')).toBeUndefined();
    expect(suggest('xyz', ['a'])).toBeUndefined();
  });
});
