/** Graph edges as rails next to the rows, as tools draw version histories. Pure. */

/** Transitive reduction: removes needs that follow from others. Needs come before their nodes. */
export function reduceNeeds(needs: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const words = (needs.length + 31) >> 5;
  // All direct and indirect needs of a node, one bit each.
  const reach = needs.map(() => new Uint32Array(words));
  return needs.map((list, node) => {
    const all = reach[node]!;
    const kept: number[] = [];
    // Starts with the last need, because earlier ones are usually reachable from it.
    for (const need of [...new Set(list)].sort((a, b) => b - a)) {
      if ((all[need >> 5]! >>> (need & 31)) & 1) continue;
      kept.push(need);
      all[need >> 5]! |= 1 << (need & 31);
      for (const [word, bits] of reach[need]!.entries()) all[word]! |= bits;
    }
    return kept.reverse();
  });
}

/**
 * A row of rails for each node: `○` has no needs, `●` ends the rails of its needs. Undefined if
 * more than `limit` rails would run in parallel.
 */
export function drawRails(
  needs: readonly (readonly number[])[],
  limit: number,
): readonly string[] | undefined {
  const users = needs.map(() => 0);
  for (const list of needs) for (const need of list) users[need]! += 1;
  /** The node whose rail is in the column. */
  const columns: (number | undefined)[] = [];
  const rows: string[] = [];
  /** Column of the node above, if nothing needs it: a node directly below would seem to need it. */
  let above = -1;
  for (const [node, list] of needs.entries()) {
    const joined = new Set(list.map((need) => columns.indexOf(need)));
    const ending = new Set<number>();
    for (const need of list) {
      users[need]! -= 1;
      if (users[need] === 0) ending.add(columns.indexOf(need));
    }
    const column = place(columns, ending, list.length === 0 ? -1 : above);
    if (column >= limit) return undefined;
    rows.push(drawRow(columns, column, joined, ending));
    above = users[node] === 0 ? column : -1;
    for (const end of ending) columns[end] = undefined;
    columns[column] = users[node]! > 0 ? node : undefined;
    while (columns.length > 0 && columns.at(-1) === undefined) columns.pop();
  }
  return rows;
}

/** The column where a rail of the node ends; else a free one, except `taken`. */
function place(
  columns: readonly (number | undefined)[],
  ending: ReadonlySet<number>,
  taken: number,
): number {
  if (ending.size > 0) return Math.min(...ending);
  let free = 0;
  while (free === taken || columns[free] !== undefined) free += 1;
  return free;
}

function drawRow(
  columns: readonly (number | undefined)[],
  column: number,
  joined: ReadonlySet<number>,
  ending: ReadonlySet<number>,
): string {
  const left = Math.min(column, ...joined);
  const right = Math.max(column, ...joined);
  const node = joined.size === 0 ? '○' : '●';
  let row = '';
  for (let at = 0; at < Math.max(columns.length, column + 1); at++) {
    const across = at > left && at < right;
    const beyond = at >= left && at < right ? '─' : ' ';
    const plain = columns[at] === undefined ? (across ? '─' : ' ') : '│';
    const sign = joined.has(at) ? joint(at, left, right, ending.has(at)) : plain;
    row += (at === column ? node : sign) + beyond;
  }
  return row.trimEnd();
}

function joint(at: number, left: number, right: number, ends: boolean): string {
  if (at === left) return ends ? '└' : '├';
  if (at === right) return ends ? '┘' : '┤';
  return ends ? '┴' : '┼';
}
