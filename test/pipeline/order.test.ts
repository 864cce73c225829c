/** The order of the plan, and cycles. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { orderItems } from '../../src/pipeline/order.js';

describe('orderItems', () => {
  it('puts each item after those that it needs, and names no cycle if there is none (property)', () => {
    const graphs = fc
      .array(fc.array(fc.nat(50), { maxLength: 4 }), { maxLength: 50 })
      // Needs of earlier numbers only, then shuffled by a fixed stride: acyclic in any order.
      .map((rows) => {
        const count = rows.length;
        const place = (i: number) => (i * 7919) % Math.max(1, count);
        const isPermutation = new Set(rows.map((_, i) => place(i))).size === count;
        const at = (i: number) => (isPermutation ? place(i) : i);
        const needs: number[][] = rows.map(() => []);
        for (const [i, row] of rows.entries()) {
          needs[at(i)] = row.filter((need) => need < i).map(at);
        }
        return needs;
      });
    fc.assert(
      fc.property(graphs, (needs) => {
        const { order, cycles } = orderItems(needs);
        expect(cycles).toEqual([]);
        expect([...order].sort((a, b) => a - b)).toEqual(needs.map((_, i) => i));
        const position = new Map(order.map((item, at) => [item, at]));
        for (const [item, list] of needs.entries()) {
          for (const need of list) expect(position.get(need)).toBeLessThan(position.get(item)!);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the given order if that order can run', () => {
    expect(orderItems([[], [0], [], [1, 2], []]).order).toEqual([0, 1, 2, 3, 4]);
  });

  it('names a cycle exactly if there is one, with a need as each step (property)', () => {
    const graphs = fc.integer({ min: 1, max: 12 }).chain((count) =>
      fc.array(fc.uniqueArray(fc.nat(count - 1), { maxLength: 3 }), {
        minLength: count,
        maxLength: count,
      }),
    );
    fc.assert(
      fc.property(graphs, (needs) => {
        const { cycles } = orderItems(needs);
        for (const cycle of cycles) {
          expect(cycle[0]).toBe(cycle.at(-1));
          for (let i = 1; i < cycle.length; i++) {
            expect(needs[cycle[i - 1]!]).toContain(cycle[i]);
          }
        }
        expect(cycles.length > 0).toBe(hasCycle(needs));
      }),
      { numRuns: 500 },
    );
  });

  it('handles chains and cycles of 200,000 items', () => {
    const count = 200_000;
    const chain = Array.from({ length: count }, (_, i) => (i + 1 < count ? [i + 1] : []));
    expect(orderItems(chain).order[0]).toBe(count - 1);
    const circle = Array.from({ length: count }, (_, i) => [(i + 1) % count]);
    expect(orderItems(circle).cycles[0]).toHaveLength(count + 1);
  });
});

/** By removing what needs nothing that is left. */
function hasCycle(needs: readonly (readonly number[])[]): boolean {
  const left = new Set(needs.keys());
  for (let shrunk = true; shrunk; ) {
    shrunk = false;
    for (const item of left) {
      if (needs[item]!.some((need) => left.has(need))) continue;
      left.delete(item);
      shrunk = true;
    }
  }
  return left.size > 0;
}
