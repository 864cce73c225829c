/** Dependency graph as terminal text: a row for each node, rails for the edges. Pure. */
import { type GraphNode, type GraphState, nodeLabel, stateLabel, worstState } from './graph.js';
import { drawRails, reduceNeeds } from './graph-rails.js';
import { widthOf } from './live/text.js';

/** Colours a text by its state. */
export type Paint = (text: string, state: GraphState) => string;

/** Above this number, rails are unreadable: rows name the needs instead. */
const MOST_RAILS = 12;
const MOST_NAMES = 6;

export function graphText(nodes: readonly GraphNode[], paint: Paint = (text) => text): string {
  const ordered = nodes.every(({ needs }, index) => needs.every((need) => need < index));
  const rails = ordered
    ? drawRails(reduceNeeds(nodes.map(({ needs }) => needs)), MOST_RAILS)
    : undefined;
  const labels = nodes.map(nodeLabel);
  const width = labels.reduce((most, label) => Math.max(most, widthOf(label)), 0);
  const margin = (rails ?? []).reduce((most, rail) => Math.max(most, rail.length), 0);
  const rows = nodes.map((node, index) => {
    const name = pad(labels[index]!, width);
    const needs = rails ? '' : needsText(node, nodes);
    const front = rails ? `${rails[index]!.padEnd(margin)}  ` : '';
    return `${front}${name}  ${stateText(node, paint, needs !== '')}${needs}`.trimEnd();
  });
  return rows.map((row) => `${row}\n`).join('');
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - widthOf(text));
}

function stateText(node: GraphNode, paint: Paint, padded: boolean): string {
  const state = worstState(node);
  const text = stateLabel(node);
  if (state === undefined) return '';
  return paint(text, state) + (padded ? ' '.repeat(Math.max(2, 12 - text.length)) : '');
}

function needsText({ needs }: GraphNode, nodes: readonly GraphNode[]): string {
  if (needs.length === 0) return '';
  const names = needs.slice(0, MOST_NAMES).map((need) => nodes[need]!.name);
  const more = needs.length - names.length;
  return `← ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
