/** Dependency graph as a Mermaid or Graphviz diagram. Pure. */
import {
  GRAPH_STATES,
  type GraphNode,
  type GraphState,
  nodeLabel,
  stateLabel,
  worstState,
} from './graph-data.js';

/** Readable on light and dark backgrounds; fill and line. */
const COLORS: Readonly<Record<GraphState, readonly [fill: string, line: string]>> = {
  missing: ['#ffd8d6', '#b42318'],
  stale: ['#fff1c2', '#946200'],
  unknown: ['#eceef1', '#5d6673'],
  restorable: ['#d8ecff', '#1f6bb0'],
  fresh: ['#d9f5df', '#217a3c'],
};

export function graphMermaid(nodes: readonly GraphNode[]): string {
  const lines = ['flowchart TD'];
  for (const [index, node] of nodes.entries()) {
    const state = worstState(node);
    const text = linesOf(node);
    const label = text.map(mermaidText).join('<br/>');
    lines.push(`  n${index}["${label}"]${state === undefined ? '' : `:::${state}`}`);
  }
  for (const [from, to] of edgesOf(nodes)) lines.push(`  n${from} --> n${to}`);
  for (const state of usedStates(nodes)) {
    const [fill, line] = COLORS[state];
    lines.push(`  classDef ${state} fill:${fill},stroke:${line},color:#16191d`);
  }
  return `${lines.join('\n')}\n`;
}

/** Escapes Mermaid syntax as `#…;`, which Mermaid reads as a character by its number. */
function mermaidText(text: string): string {
  return text.replace(
    /[^\p{L}\p{N} _.,@/\u00d7-]/gu,
    (character) => `#${character.codePointAt(0)};`,
  );
}

export function graphDot(nodes: readonly GraphNode[]): string {
  const lines = [
    'digraph pipeline {',
    '  node [shape=box, style="rounded,filled", fillcolor=white];',
  ];
  for (const [index, node] of nodes.entries()) {
    const state = worstState(node);
    const text = linesOf(node).map((each) => each.replace(/[\\"]/g, '\\$&'));
    const label = `label="${text.join('\\n')}"`;
    const [fill, line] = state === undefined ? [] : COLORS[state];
    const color = fill === undefined ? '' : `, fillcolor="${fill}", color="${line}"`;
    lines.push(`  n${index} [${label}${color}];`);
  }
  for (const [from, to] of edgesOf(nodes)) lines.push(`  n${from} -> n${to};`);
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

/** Its name, description and state, as far as known. */
function linesOf(node: GraphNode): readonly string[] {
  return [nodeLabel(node), node.desc ?? '', stateLabel(node)].filter((part) => part !== '');
}

/** Every edge, from upstream to downstream. */
function edgesOf(nodes: readonly GraphNode[]): readonly (readonly [number, number])[] {
  return nodes.flatMap(({ needs }, to) => needs.map((from) => [from, to] as const));
}

function usedStates(nodes: readonly GraphNode[]): readonly GraphState[] {
  const used = new Set(nodes.map(worstState));
  return GRAPH_STATES.filter((state) => used.has(state));
}
