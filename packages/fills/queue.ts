/** A priority queue of grid cells, for fast marching. */

/** Cells by distance; of equal ones the first pushed comes first. */
export function createQueue(front: readonly number[]) {
  const heap: { readonly cell: number; readonly key: number; readonly order: number }[] = [];
  let pushed = 0;
  const before = (a: number, b: number) => {
    const one = heap[a]!;
    const two = heap[b]!;
    return one.key < two.key || (one.key === two.key && one.order < two.order);
  };
  const swap = (a: number, b: number) => {
    const kept = heap[a]!;
    heap[a] = heap[b]!;
    heap[b] = kept;
  };
  function push(cell: number, key: number): void {
    heap.push({ cell, key, order: pushed++ });
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!before(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  }
  function pop(): number | undefined {
    const top = heap[0]?.cell;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      if (2 * at + 1 < heap.length && before(2 * at + 1, least)) least = 2 * at + 1;
      if (2 * at + 2 < heap.length && before(2 * at + 2, least)) least = 2 * at + 2;
      if (least === at) return top;
      swap(at, least);
      at = least;
    }
  }
  for (const cell of front) push(cell, 0);
  return { push, pop };
}
