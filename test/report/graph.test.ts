/** The graph in its forms. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GraphNode, GraphState } from '../../src/report/graph-data.js';
import { graphDot, graphMermaid } from '../../src/report/graph-diagrams.js';
import { drawRails, reduceNeeds } from '../../src/report/graph-rails.js';
import { graphText } from '../../src/report/graph-text.js';

/** Nodes from `name: needs`, all in one state. */
function graph(
  shape: Readonly<Record<string, readonly string[]>>,
  state?: GraphState,
): GraphNode[] {
  const names = Object.keys(shape);
  return names.map((name) => ({
    name,
    items: 1,
    states: state && [{ state, count: 1 }],
    needs: shape[name]!.map((need) => names.indexOf(need)),
  }));
}

const DIAMOND = { raw: [], left: ['raw'], right: ['raw'], both: ['raw', 'left', 'right'] };

describe('the graph as text', () => {
  it('draws chains, forks and joins next to the names', () => {
    expect(graphText(graph({ ...DIAMOND, after: ['both'], alone: [] }, 'fresh'))).toBe(
      `○    raw    fresh
├─●  left   fresh
● │  right  fresh
●─┘  both   fresh
●    after  fresh
○    alone  fresh
`,
    );
  });

  it('draws rails that continue, end, and pass each other', () => {
    const shape = { a: [], b: [], c: [], d: ['a', 'c'], e: ['a', 'b', 'c'], f: ['b', 'd'] };
    expect(graphText(graph(shape))).toBe(
      `○        a
│ ○      b
│ │ ○    c
├─│─┼─●  d
●─┼─┘ │  e
  ●───┘  f
`,
    );
  });

  it('counts the items of a stage, and names their states', () => {
    const nodes: GraphNode[] = [
      {
        name: 'train',
        items: 3,
        states: [
          { state: 'stale', count: 1 },
          { state: 'fresh', count: 2 },
        ],
        needs: [],
      },
      { name: '日本', items: 1, states: [{ state: 'unknown', count: 1 }], needs: [0] },
    ];
    expect(graphText(nodes)).toBe('○  train ×3  1 stale, 2 fresh\n●  日本      unknown\n');
    expect(graphText(nodes, (text, state) => `<${state}>${text}</>`)).toContain(
      '<stale>1 stale, 2 fresh</>',
    );
  });

  it('names the needs if there would be too many rails, or stages need each other', () => {
    const many = Array.from({ length: 30 }, (_, i) => `s${i}`);
    const shape = { ...Object.fromEntries(many.map((name) => [name, []])), all: many };
    expect(graphText(graph(shape, 'fresh'))).toContain(
      'all  fresh       ← s0, s1, s2, s3, s4, s5 and 24 more\n',
    );
    expect(graphText(graph({ a: ['b'], b: ['a'] }))).toBe('a  ← b\nb  ← a\n');
  });

  it('is empty for an empty graph', () => {
    expect(graphText([])).toBe('');
  });
});

/** Graphs whose needs come before their nodes. */
const ordered = fc
  .array(fc.array(fc.nat(30), { maxLength: 4 }), { maxLength: 24 })
  .map((rows) => rows.map((row, node) => [...new Set(row.filter((need) => need < node))]));

function reachable(needs: readonly (readonly number[])[]): ReadonlySet<string> {
  const pairs = new Set<string>();
  for (const [node, list] of needs.entries()) {
    for (const need of list) {
      pairs.add(`${node} ${need}`);
      for (let below = 0; below < need; below++) {
        if (pairs.has(`${need} ${below}`)) pairs.add(`${node} ${below}`);
      }
    }
  }
  return pairs;
}

describe('rails', () => {
  it('leave out exactly the edges that follow from others (property)', () => {
    fc.assert(
      fc.property(ordered, (needs) => {
        const reduced = reduceNeeds(needs);
        expect(reachable(reduced)).toEqual(reachable(needs));
        for (const [node, list] of reduced.entries()) {
          expect(needs[node]).toEqual(expect.arrayContaining([...list]));
          for (const need of list) {
            const without = reduced.map((each, at) =>
              at === node ? each.filter((other) => other !== need) : each,
            );
            expect(reachable(without).has(`${node} ${need}`)).toBe(false);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('can be followed back to exactly the edges they were drawn from (property)', () => {
    fc.assert(
      fc.property(ordered, (needs) => {
        const rows = drawRails(needs, 100)!;
        expect(follow(rows)).toEqual(needs.map((list) => [...list].sort((a, b) => a - b)));
      }),
      { numRuns: 500 },
    );
  });
});

/** Reads the drawing as a person would: up the rails, along the dashes. */
function follow(rows: readonly string[]): number[][] {
  let rails: (number | undefined)[] = [];
  return rows.map((row, node) => {
    const signs = [...row].filter((_, at) => at % 2 === 0);
    const needs = signs.flatMap((sign, at) => {
      const rail = rails[at];
      return '●├┤┼└┘┴'.includes(sign) && rail !== undefined ? [rail] : [];
    });
    rails = signs.map((sign, at) => {
      if (sign === '●' || sign === '○') return node;
      return '│├┤┼'.includes(sign) ? rails[at] : undefined;
    });
    return needs.sort((a, b) => a - b);
  });
}

describe('the graph for Mermaid and Graphviz', () => {
  const nodes: GraphNode[] = [
    {
      name: 'train',
      items: 2,
      states: [
        { state: 'stale', count: 1 },
        { state: 'fresh', count: 1 },
      ],
      needs: [],
    },
    { name: 's@"a\\b"];#<x>', items: 1, states: undefined, needs: [0] },
  ];

  it('has each node and edge, coloured by the worst state', () => {
    expect(graphMermaid(nodes)).toBe(`flowchart TD
  n0["train ×2<br/>1 stale, 1 fresh"]:::stale
  n1["s@#34;a#92;b#34;#93;#59;#35;#60;x#62;"]
  n0 --> n1
  classDef stale fill:#fff1c2,stroke:#946200,color:#16191d
`);
    expect(graphDot(nodes)).toBe(`digraph pipeline {
  node [shape=box, style="rounded,filled", fillcolor=white];
  n0 [label="train ×2\\n1 stale, 1 fresh", fillcolor="#fff1c2", color="#946200"];
  n1 [label="s@\\"a\\\\b\\"];#<x>"];
  n0 -> n1;
}
`);
  });

  it('has every edge, including those that follow from others', () => {
    expect(graphMermaid(graph(DIAMOND)).match(/-->/g)).toHaveLength(5);
    expect(graphDot(graph(DIAMOND)).match(/->/g)).toHaveLength(5);
  });
});
