/** The dependency graph: whatever its shape, all of it is within the drawing. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BOX_HEIGHT, placedOf } from '../../src/page/client/graph-layout.js';

/** Stages in order: each with its width, and which of those before it it needs. */
const stages = fc.array(
  fc.record({
    width: fc.integer({ min: 110, max: 300 }),
    needs: fc.uniqueArray(fc.nat(14), { maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 15 },
);

it.each([
  { direction: 'from left to right', isDownward: false },
  { direction: 'from top to bottom', isDownward: true },
])('lies within its width and height $direction', ({ isDownward }) => {
  fc.assert(
    fc.property(stages, (drawn) => {
      const boxes = drawn.map(({ width, needs }, at) => ({
        name: `s${at}`,
        width,
        needs: needs.filter((need) => need < at).map((need) => `s${need}`),
      }));
      const { width, height, corners, lines } = placedOf(boxes, isDownward);
      const ends = corners.map(({ x, y }, at) => ({
        x: x + (boxes[at]?.width ?? 0),
        y: y + BOX_HEIGHT,
      }));
      for (const { x, y } of [...corners, ...ends, ...lines.flat()]) {
        expect(Math.min(x, y, width - x, height - y)).toBeGreaterThan(0);
      }
      expect(lines).toHaveLength(boxes.flatMap(({ needs }) => needs).length);
    }),
    { numRuns: 60 },
  );
});

it.each([
  { direction: 'from left to right', isDownward: false, across: 'y' },
  { direction: 'from top to bottom', isDownward: true, across: 'x' },
] as const)('keeps the order of the items of a sweep $direction', ({ isDownward, across }) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 12 }),
      fc.boolean(),
      fc.boolean(),
      (count, hasFirst, hasLast) => {
        const names = Array.from({ length: count }, (_, at) => `train@${at}`);
        const box = (name: string, needs: readonly string[]) => ({ name, needs, width: 110 });
        const boxes = [
          ...(hasFirst ? [box('data', [])] : []),
          ...names.map((name) => box(name, hasFirst ? ['data'] : [])),
          ...(hasLast ? [box('best', names)] : []),
        ];
        const { corners } = placedOf(boxes, isDownward);
        const places = corners
          .filter((_, at) => names.includes(boxes[at]!.name))
          .map((corner) => corner[across]);
        expect(places).toEqual([...places].sort((a, b) => a - b));
      },
    ),
  );
});
