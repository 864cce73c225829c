/** The plan as a graph of items, or of stages that stand for their items. */
import { addTo } from '../lists.js';
import type { ItemState } from '../page/model.js';
import { orderItems } from '../pipeline/order.js';
import type { Plan } from '../pipeline/plan.js';
import { GRAPH_STATES, type GraphNode, type StateCount } from '../report/graph-data.js';

/** By index of the item; undefined when the states are unknown. */
export type States = ReadonlyMap<number, ItemState> | undefined;

/** `indices`: the items to show with all that they need, in plan order. */
export function itemNodes(plan: Plan, indices: readonly number[], states: States): GraphNode[] {
  const place = new Map(indices.map((index, at) => [index, at]));
  return indices.map((index) => {
    const { id, needs, desc } = plan.items[index]!;
    return {
      name: id,
      items: 1,
      desc,
      states: count([index], states),
      needs: needs.map((need) => place.get(need)!),
    };
  });
}

/** In topological order of the stages, if there is one. */
export function stageNodes(plan: Plan, indices: readonly number[], states: States): GraphNode[] {
  const groups = byStage(plan, indices);
  const names = [...groups.keys()];
  const number = new Map(names.map((name, at) => [name, at]));
  const needs = [...groups.values()].map((items) => {
    const stages = items.flatMap((index) =>
      plan.items[index]!.needs.map((need) => number.get(plan.items[need]!.stage)!),
    );
    return [...new Set(stages)];
  });
  // An item that needs another item of its stage adds no edge between stages.
  const between = needs.map((list, at) => list.filter((need) => need !== at));
  const { order } = orderItems(between);
  const place = new Map(order.map((stage, at) => [stage, at]));
  return order.map((stage) => {
    const items = groups.get(names[stage]!)!;
    return {
      name: names[stage]!,
      items: items.length,
      desc: sharedDesc(plan, items),
      states: count(items, states),
      needs: between[stage]!.map((need) => place.get(need)!).sort((a, b) => a - b),
    };
  });
}

function sharedDesc(plan: Plan, items: readonly number[]): string | undefined {
  const [first, ...others] = new Set(items.map((index) => plan.items[index]!.desc));
  return others.length === 0 ? first : undefined;
}

function byStage(plan: Plan, indices: readonly number[]): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>();
  for (const index of indices) addTo(groups, plan.items[index]!.stage, index);
  return groups;
}

function count(indices: readonly number[], states: States): readonly StateCount[] | undefined {
  if (!states) return undefined;
  return GRAPH_STATES.map((state) => ({
    state,
    count: indices.filter((index) => states.get(index) === state).length,
  })).filter(({ count: items }) => items > 0);
}
