/** Dependency graph as data, for every output format: items, or stages that stand for their items. */

export interface GraphNode {
  /** Name of the stage or item. */
  readonly name: string;
  /** Number of items that it stands for; 1 for an item. */
  readonly items: number;
  /** The stage's description in pipeline.yaml; undefined if its items have different ones. */
  readonly desc?: string | undefined;
  /** Number of items in each state, worst first; undefined when unknown. */
  readonly states: readonly StateCount[] | undefined;
  /** Indices of the nodes that it needs, in order. */
  readonly needs: readonly number[];
}

export interface StateCount {
  readonly state: GraphState;
  readonly count: number;
}

/** Worst first. */
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

/** The worst state of its items, for its colour. */
export function worstState({ states }: GraphNode): GraphState | undefined {
  return states?.[0]?.state;
}
