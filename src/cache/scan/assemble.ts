/** Assembles a folder's digest from the entries that count, not from everything in the folder. */
import { makeTree, type Tree, type TreeEntry } from '../objects/tree.js';
import type { Scan } from './rows.js';

/** Each entry by its path in the folder; none is within another. */
export function assemble(entries: ReadonlyMap<string, Scan>, keepTree: (tree: Tree) => void): Scan {
  const direct: TreeEntry[] = [];
  const below = new Map<string, Map<string, Scan>>();
  for (const [path, scan] of entries) {
    const end = path.indexOf('/');
    if (end < 0) direct.push({ name: path, ...scan });
    else {
      const name = path.slice(0, end);
      const inner = below.get(name) ?? new Map<string, Scan>();
      below.set(name, inner.set(path.slice(end + 1), scan));
    }
  }
  for (const [name, inner] of below) direct.push({ name, ...assemble(inner, keepTree) });
  const tree = makeTree(direct);
  keepTree(tree);
  return { digest: `d:${tree.hex}`, size: tree.size, files: tree.files };
}
