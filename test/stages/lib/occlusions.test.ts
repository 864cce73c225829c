/** The settings of occlusions as the user writes them: each mistake named with its place. */
import { describe, expect, test } from 'vitest';
import { checkOcclusions } from '../../../stages/lib/occlusions.js';

test('gives the settings sorted by name', () => {
  const settings = checkOcclusions(
    {
      b: { shape: 'square', side: 20, count: 2 },
      a: { shape: 'ellipse', area: 0.2 },
      c: { shape: 'strokes', area: [0.01, 0.6], width: [3, 9] },
    },
    100,
  );
  expect([...settings]).toEqual([
    ['a', { shape: 'ellipse', area: [0.2, 0.2] }],
    ['b', { shape: 'square', side: 20, count: 2 }],
    ['c', { shape: 'strokes', area: [0.01, 0.6], width: [3, 9] }],
  ]);
});

describe('a mistake', () => {
  test.each([
    [{}, 'occlusions: expected at least one setting'],
    [[], 'occlusions: expected a mapping, got []'],
    [{ a: 20 }, 'occlusions.a: expected a mapping, got 20'],
    [
      { a: { shape: 'circle' } },
      'occlusions.a.shape: expected one of square, rectangle, ellipse, strokes, border, got "circle"',
    ],
    [
      { a: { shape: 'square' } },
      'occlusions.a.side: expected an integer from 1 to 99, got nothing',
    ],
    [
      { a: { shape: 'square', side: 100 } },
      'occlusions.a.side: expected an integer from 1 to 99, got 100',
    ],
    [{ a: { shape: 'square', side: 2, area: 1 } }, 'occlusions.a.area: unknown parameter'],
    [
      { a: { shape: 'border', area: 0.95 } },
      'occlusions.a.area: expected a number from 0.001 to 0.9, got 0.95',
    ],
    [
      { a: { shape: 'ellipse', area: [0.5, 0.2] } },
      'occlusions.a.area: the first number is the greater one: [0.5,0.2]',
    ],
    [{ a: { shape: 'border', area: [0.5] } }, 'occlusions.a.area: expected a pair [min, max]'],
    [{ '../a': { shape: 'square', side: 2 } }, 'occlusions.../a: a name holds letters'],
  ])('in %j is named', (value, message) => {
    expect(() => checkOcclusions(value, 100)).toThrow(message);
  });

  test('is reported without a stack', () => {
    try {
      checkOcclusions({}, 100);
      expect.unreachable();
    } catch (error) {
      expect((error as Error).stack).toBe('occlusions: expected at least one setting');
    }
  });
});
