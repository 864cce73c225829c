/** The graph of a pipeline as data, for whoever draws it: items, or stages with their items folded. */

export interface GraphNode {
  /** Of the stage or item. */
  readonly name: string;
  /** How many items are folded into it; 1 for an item. */
  readonly items: number;
  /** How many items are in which state, the worst first; undefined when it is not known. */
  readonly states: readonly StateCount[] | undefined;
  /** Indices of the nodes that it needs, in order. */
  readonly needs: readonly number[];
}

export interface StateCount {
  readonly state: GraphState;
  readonly count: number;
}

/** From what stands most in the way to what does not. */
export const GRAPH_STATES = ['missing', 'stale', 'unknown', 'restorable', 'fresh'] as const;
export type GraphState = (typeof GRAPH_STATES)[number];

/** `train ×2`. */
export function nodeLabel({ name, items }: GraphNode): string {
  return items === 1 ? name : `${name} ×${items}`;
}

/** `fresh`, or `1 stale, 3 fresh`. */
export function stateLabel({ states }: GraphNode): string {
  if (!states) return '';
  if (states.length === 1) return states[0]!.state;
  return states.map(({ state, count }) => `${count} ${state}`).join(', ');
}

/** The colour of a node: that of its worst item. */
export function worstState({ states }: GraphNode): GraphState | undefined {
  return states?.[0]?.state;
}
