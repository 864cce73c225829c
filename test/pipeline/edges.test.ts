/** Edges are derived: an item needs the items that write its inputs. */
import { describe, expect, it } from 'vitest';
import { itemOf, mistakesOf, needsOf, planOf } from './rig.js';

/** A pipeline from lines `name: deps -> outs`. */
function pipeline(lines: Readonly<Record<string, readonly [deps: string, outs: string]>>): string {
  const stages = Object.entries(lines).map(
    ([name, [deps, outs]]) => `  ${name}: { cmd: "true", deps: [${deps}], outs: [${outs}] }\n`,
  );
  return `stages:\n${stages.join('')}`;
}

describe('an edge', () => {
  it('comes from an out that equals, contains or is inside the dep', () => {
    const plan = planOf(
      pipeline({
        a: ['', 'out/a'],
        b: ['', 'out/d/b'],
        c: ['', 'out/d/c'],
        equal: ['out/a', 'o1'],
        inside: ['out/a/x/y.txt', 'o2'],
        above: ['out/d', 'o3'],
        all: ['out', 'o4'],
        near: ['out/aa', 'o5'],
      }),
    );
    expect(needsOf(plan, 'equal')).toEqual(['a']);
    expect(needsOf(plan, 'inside')).toEqual(['a']);
    expect(needsOf(plan, 'above')).toEqual(['b', 'c']);
    expect(needsOf(plan, 'all')).toEqual(['a', 'b', 'c']);
    expect(needsOf(plan, 'near')).toEqual([]);
    expect(itemOf(plan, 'near').deps[0]!.made).toBe(false);
    expect(itemOf(plan, 'above').deps[0]!.made).toBe(true);
  });

  it('is a single one, however many deps create it', () => {
    const plan = planOf(pipeline({ a: ['', 'o/a, o/b'], c: ['o/a, o/b, o/b/x, "o/*"', 'c'] }));
    expect(needsOf(plan, 'c')).toEqual(['a']);
  });

  it('may connect items of one stage, as long as there is no cycle', () => {
    const plan = planOf(`
stages:
  s:
    matrix: { include: [{ n: 3, of: 2 }, { n: 2, of: 1 }] }
    cmd: "true"
    deps: ["out/\${of}"]
    outs: ["out/\${n}"]
`);
    expect(plan.items.map(({ id }) => id)).toEqual(['s@2,1', 's@3,2']);
    expect(needsOf(plan, 's@3,2')).toEqual(['s@2,1']);
  });
});

describe('a pattern', () => {
  it('gathers every matching out, with an edge to each, in the order of the paths', () => {
    const plan = planOf(`
stages:
  train: { matrix: { d: [z, a] }, cmd: "true", metrics: ["out/\${d}/metrics.json"] }
  other: { cmd: "true", outs: [out/x/other.json] }
  report: { cmd: "true", deps: { all: "out/*/metrics.json" }, outs: [report] }
`);
    expect(needsOf(plan, 'report')).toEqual(['train@z', 'train@a']);
    expect(itemOf(plan, 'report').deps).toEqual([
      {
        name: 'all',
        path: 'out/*/metrics.json',
        glob: true,
        gathered: ['out/a/metrics.json', 'out/z/metrics.json'],
        made: true,
      },
    ]);
  });

  it('that matches a folder gathers the folder, with an edge to each item that writes in it', () => {
    const plan = planOf(pipeline({ a: ['', 'o/d/x'], b: ['', 'o/d/y'], c: ['"o/*"', 'c'] }));
    expect(itemOf(plan, 'c').deps[0]!.gathered).toEqual(['o/d']);
    expect(needsOf(plan, 'c')).toEqual(['a', 'b']);
  });

  it('searches outs that are folders, but not those that look like files', () => {
    const plan = planOf(
      pipeline({
        folder: ['', 'o/faces'],
        file: ['', 'o/plot.png'],
        named: ['', 'o/data.zarr'],
        c: ['"o/*/m.json"', 'c'],
        d: ['"o/data.zarr/*"', 'd'],
      }),
    );
    expect(needsOf(plan, 'c')).toEqual(['folder']);
    expect(itemOf(plan, 'c').deps[0]).toMatchObject({ gathered: [], within: ['o/faces'] });
    expect(needsOf(plan, 'd')).toEqual(['named']);
  });

  it('does not make an item wait for itself because it might match in its own out', () => {
    const plan = planOf(pipeline({ a: ['', 'o/a.json'], b: ['"o/**/*.json"', 'o/b'] }));
    expect(needsOf(plan, 'b')).toEqual(['a']);
    expect(itemOf(plan, 'b').deps[0]).not.toHaveProperty('within');
  });

  it('that finds its own out is an error', () => {
    expect(mistakesOf(pipeline({ a: ['"o/*.json"', 'o/a.json'] }))).toBe(
      `pipeline.yaml:2:28: error: a reads o/*.json, which covers its own out o/a.json (self-dependency)
      a: { cmd: "true", deps: ["o/*.json"], outs: [o/a.json] }
                               ~~~~~~~~~~
  write to another path; to continue from an earlier run, use epochs`,
    );
  });

  it.each(['out/*/z', 'out/*/z/f', 'out/*/z/sub/*.txt'])(
    '%s that misses an out, or a match in it, because of a slash in a value is an error',
    (pattern) => {
      const of = (values: string) => `stages:
  s: { matrix: { v: [${values}] }, cmd: "true", outs: ["out/\${v}/z"] }
  g: { cmd: "true", deps: ["${pattern}"], outs: [g] }
`;
      expect(needsOf(planOf(of('a, b')), 'g')).toEqual(['s@a', 's@b']);
      expect(mistakesOf(of('a, b/c'))).toContain(`${pattern} does not match out/b/c/z of s@b/c`);
    },
  );

  it('treats the value of an axis as literal, and that of a param as a pattern', () => {
    const plan = planOf(`
params: { files: "*.txt" }
stages:
  s: { matrix: { d: ["[x]", a] }, cmd: "true", deps: ["data/\${d}.txt", "\${d}/\${files}"] }
`);
    expect(itemOf(plan, 's@[x]').deps).toMatchObject([
      { path: 'data/[x].txt', glob: false },
      { path: '\\[x\\]/*.txt', glob: true },
    ]);
  });
});

describe('an error', () => {
  it('is a cycle, named in full, once for each component', () => {
    const text = pipeline({
      a: ['o/c', 'o/a'],
      b: ['o/a', 'o/b'],
      c: ['o/b, o/y', 'o/c'],
      x: ['o/y', 'o/x'],
      y: ['o/x', 'o/y'],
    });
    expect(mistakesOf(text).match(/^pipeline.*$/gm)).toEqual([
      'pipeline.yaml:2:28: error: these items depend on each other: a → c → b → a (cycle)',
      'pipeline.yaml:6:28: error: these items depend on each other: y → x → y (cycle)',
    ]);
  });

  it('is a cycle of many cells, reported at most three times', () => {
    const cells = Array.from({ length: 50 }, (_, i) => i).join(', ');
    const text = `
stages:
  a: { matrix: { n: [${cells}] }, cmd: "true", deps: ["b/\${n}"], outs: ["a/\${n}"] }
  b: { matrix: { n: [${cells}] }, cmd: "true", deps: ["a/\${n}"], outs: ["b/\${n}"] }
`;
    expect(mistakesOf(text).match(/→.*$/gm)).toEqual([
      '→ b@0 → a@0 (cycle)',
      '→ b@1 → a@1 (cycle)',
      '→ b@2 → a@2 (cycle)',
    ]);
  });

  it('is an out within an out of the same item', () => {
    expect(mistakesOf(pipeline({ a: ['', 'o/x, o/x/y, o/x'] })).match(/^pipe.*$/gm)).toEqual([
      'pipeline.yaml:2:43: error: a writes both o/x and o/x/y, one inside the other (overlapping-outs)',
      'pipeline.yaml:2:50: error: a writes o/x twice (overlapping-outs)',
    ]);
  });
});

describe('a value such as .5 in the path of an out', () => {
  const sweep = (rates: readonly string[], place: string, pattern: string) => `stages:
  train: { matrix: { rate: [${rates.join(', ')}] }, cmd: "true", outs: ["${place.replace('RATE', '${rate}')}"] }
  report: { cmd: "true", deps: ["${pattern}"], outs: [report.md] }
`;

  it('causes a warning if a pattern would find the out with 0.5, and only then', () => {
    const places = [
      'out/RATE.json',
      'out/r-RATE.json',
      'out/RATE/m.json',
      'deep/out/RATE',
      '.RATE',
    ];
    const patterns = [
      'out/*.json',
      'out/*/m.json',
      '**/*.json',
      'out/.*',
      'out/[.0]*',
      'out/**',
      'out/?.5*',
    ];
    const seen = new Set<boolean>();
    for (const place of places) {
      for (const pattern of patterns) {
        const needs = (...rates: string[]) =>
          needsOf(planOf(sweep(rates, place, pattern)), 'report').length;
        const { warnings } = planOf(sweep(['.5', '.25'], place, pattern));
        const isSkipped = needs('.5', '.25') < needs('0.5', '0.25');
        expect([place, pattern, warnings.length]).toEqual([place, pattern, isSkipped ? 1 : 0]);
        seen.add(isSkipped);
      }
    }
    expect(seen.size).toBe(2);
  });

  it('is named in the warning with two cures', () => {
    expect(planOf(sweep(['.5', '1'], 'out/RATE.json', 'out/*.json')).warnings).toEqual([
      'stage "report": the pattern "out/*.json" skips the out "out/.5.json", whose name begins with a dot: write the value as 0.5, or text before it in the path',
    ]);
  });
});
