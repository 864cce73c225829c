/** Parameters of a source that need not be set. */
import type { Tree } from '../check.js';

/** The key with its checked value, or nothing where it is not set. */
export function optional<K extends string, T>(
  tree: Tree,
  name: string,
  key: K,
  check: (value: unknown, name: string) => T,
): { readonly [P in K]?: T } {
  if (tree[key] === undefined) return {};
  return { [key]: check(tree[key], `${name}.${key}`) } as { readonly [P in K]?: T };
}
