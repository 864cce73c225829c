/** Dependency graph as terminal text: a row for each node, rails for the edges. Pure. */
import { largest } from './fit.js';
import {
  type GraphNode,
  type GraphState,
  nodeLabel,
  stateLabel,
  worstState,
} from './graph-data.js';
import { drawRails, reduceNeeds } from './graph-rails.js';
import { cut, cutMiddle, pad, widthOf } from './live/text-columns.js';

/** Colours a text according to its state. */
type Paint = (text: string, state: GraphState) => string;

/** Above this number, rails are unreadable: rows name the needs instead. */
const MOST_RAILS = 12;
const MOST_NAMES = 6;

/** Width of the longest state, `restorable`. */
const STATE_WIDTH = 10;

/** A description is not cut below this width, because it would say nothing. */
export const LEAST_DESC = 16;

/** A name is not cut below this width. */
const LEAST_NAME = 8;

/** @param room columns of the terminal; without it, nothing is cut */
export function graphText(
  nodes: readonly GraphNode[],
  paint: Paint = (text) => text,
  room = Number.POSITIVE_INFINITY,
): string {
  const ordered = nodes.every(({ needs }, index) => needs.every((need) => need < index));
  const rails = ordered
    ? drawRails(reduceNeeds(nodes.map(({ needs }) => needs)), MOST_RAILS)
    : undefined;
  const margin = largest((rails ?? []).map((rail) => rail.length));
  const stateWidth = largest(nodes.map((node) => widthOf(stateLabel(node))));
  const front = margin === 0 ? 0 : margin + GAP.length;
  const most = Math.max(LEAST_NAME, room - front - GAP.length - stateWidth);
  const nameWidth = Math.min(largest(nodes.map((node) => widthOf(nodeLabel(node)))), most);
  const behind = room - front - nameWidth - GAP.length;
  const rows = nodes.map((node, index) => {
    const rail = rails ? `${rails[index]!.padEnd(margin)}${GAP}` : '';
    const name = pad(cutMiddle(nodeLabel(node), nameWidth), nameWidth);
    const needs = rails ? '' : needsText(node, nodes);
    return `${rail}${name}${GAP}${stateText(node, needs, stateWidth, behind, paint)}`.trimEnd();
  });
  return rows.map((row) => `${row}\n`).join('');
}

const GAP = '  ';

/** The state of a node, then what it needs and does, cut to the room. */
function stateText(
  node: GraphNode,
  needs: string,
  stateWidth: number,
  room: number,
  paint: Paint,
): string {
  const state = worstState(node);
  const label = stateLabel(node);
  const about = [needs, node.desc === undefined ? '' : `# ${node.desc}`].filter(
    (text) => text !== '',
  );
  const shown = state === undefined ? '' : paint(label, state);
  if (about.length === 0) return shown;
  const width = stateWidth === 0 ? 0 : Math.max(stateWidth, STATE_WIDTH) + GAP.length;
  const text = about.join(GAP);
  const left = room - width;
  if (left < LEAST_DESC && widthOf(text) > left) return shown;
  return `${shown}${' '.repeat(width - label.length)}${cut(text, left)}`;
}

function needsText({ needs }: GraphNode, nodes: readonly GraphNode[]): string {
  if (needs.length === 0) return '';
  const names = needs.slice(0, MOST_NAMES).map((need) => nodes[need]!.name);
  const more = needs.length - names.length;
  return `← ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
