/** Planning grows with the number of items, not with its square. */
import { describe, expect, it } from 'vitest';
import { planOf } from './rig.js';

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i).join(', ');

/** Two stages of `count` items each, and one that gathers. */
const SHAPES: Readonly<Record<string, (count: number) => string>> = {
  'items in chains, gathered at the end': (count) => `
stages:
  a: { matrix: { n: [${numbers(count)}] }, cmd: "x \${outs.o}", outs: { o: "o/\${n}/a" } }
  b: { matrix: { n: [${numbers(count)}] }, cmd: "x", deps: ["o/\${n}/a/x"], outs: ["o/\${n}/b"] }
  all: { cmd: "true", deps: ["o/*/b"] }
`,
  'a separate pattern for each item, the name at its end': (count) => `
stages:
  a: { matrix: { n: [${numbers(count)}] }, cmd: "x", outs: ["o/a/\${n}/x\${n}.txt"] }
  b: { matrix: { n: [${numbers(count)}] }, cmd: "x", deps: ["o/a/*/x\${n}.txt"], outs: ["o/b/\${n}"] }
`,
  'a separate pattern for each item, the name at its start': (count) => `
stages:
  a: { matrix: { n: [${numbers(count)}] }, cmd: "x", outs: ["o/a/\${n}-x.txt"] }
  b: { matrix: { n: [${numbers(count)}] }, cmd: "x", deps: ["o/a/\${n}-*.txt"], outs: ["o/b/\${n}"] }
`,
};

/** CPU seconds, the lesser of two: other processes of the machine do not count. */
function cost(work: () => void): number {
  const once = () => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  return Math.min(once(), once());
}

describe('planning', () => {
  it.each(Object.entries(SHAPES))('is linear in %s', (_, textOf) => {
    const small = textOf(300);
    const large = textOf(3000);
    expect(planOf(small).items.length).toBeGreaterThanOrEqual(600);
    const ratio = cost(() => planOf(large)) / cost(() => planOf(small));
    // Linear is 10; a quadratic step would come near 100.
    expect(ratio).toBeLessThan(30);
  });

  it('of a chain of 3,000 stages needs no deep stack', () => {
    const stages = Array.from(
      { length: 3000 },
      (_, i) => `  s${i}: { cmd: "true", deps: [o/${i}], outs: [o/${i + 1}] }\n`,
    );
    expect(planOf(`stages:\n${stages.join('')}`).items).toHaveLength(3000);
  });
});
