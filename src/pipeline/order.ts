/** Topological order of the plan, otherwise as written. Finds cycles. */

interface Ordering {
  /** Indices in an order in which the items can run. */
  readonly order: readonly number[];
  /**
   * Cycles such as `a, b, a`. Each group of items that need each other has at least one. No two have an
   * item in common.
   */
  readonly cycles: readonly (readonly number[])[];
}

/** Depth first, iterative: a chain of 10,000 items would exhaust the stack. */
export function orderItems(needs: readonly (readonly number[])[]): Ordering {
  const state = new Uint8Array(needs.length);
  const order: number[] = [];
  const cycles: number[][] = [];
  const knotted = new Set<number>();
  for (let start = 0; start < needs.length; start++) {
    if (state[start] === NEW) visit(start, { needs, state, order, cycles, knotted });
  }
  return { order, cycles };
}

const NEW = 0;
const OPEN = 1;
const DONE = 2;

interface Search {
  readonly needs: readonly (readonly number[])[];
  readonly state: Uint8Array;
  readonly order: number[];
  readonly cycles: number[][];
  /** Members of cycles already found: another cycle through them would be redundant. */
  readonly knotted: Set<number>;
}

function visit(start: number, search: Search): void {
  const { needs, state, order } = search;
  const path = [start];
  const next = [0];
  state[start] = OPEN;
  while (path.length > 0) {
    const at = path.at(-1)!;
    const need = needs[at]![next[next.length - 1]!++];
    if (need === undefined) {
      state[at] = DONE;
      order.push(at);
      path.pop();
      next.pop();
    } else if (state[need] === NEW) {
      state[need] = OPEN;
      path.push(need);
      next.push(0);
    } else if (state[need] === OPEN) {
      noteCycle(path.slice(path.indexOf(need)), search);
    }
  }
}

function noteCycle(cycle: readonly number[], { cycles, knotted }: Search): void {
  if (cycle.some((each) => knotted.has(each))) return;
  for (const each of cycle) knotted.add(each);
  cycles.push([...cycle, cycle[0]!]);
}
