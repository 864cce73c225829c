/** The `sources:` of the parameters, checked: one variant for each kind of source. */
import {
  checkChoice,
  checkInteger,
  checkKeys,
  checkNumber,
  checkText,
  checkTree,
  type Tree,
} from '../check.js';
import type { RenderedAnimals } from './animals.js';
import type { RenderedFaces } from './faces.js';
import { checkGroupRule } from './groups.js';
import type { PathSource, Selection } from './path.js';

export type Source = RenderedFaces | RenderedAnimals | PathSource;

const KINDS = ['rendered-faces', 'rendered-animals', 'path'] as const;
const SELECTION = ['include', 'group', 'count', 'seed', 'testFrom', 'maxUnpackedBytes'] as const;

/** A source as pipeline.yaml has it: a tree, or just the path of a folder or archive. */
export function parseSource(value: unknown, name: string): Source {
  if (typeof value === 'string') return { kind: 'path', path: checkText(value, name) };
  const tree = checkTree(value, name);
  const kind = checkChoice(tree.kind, `${name}.kind`, KINDS);
  switch (kind) {
    case 'rendered-faces':
    case 'rendered-animals':
      checkKeys(tree, name, ['kind', 'count', 'seed']);
      return {
        kind,
        count: checkInteger(tree.count, `${name}.count`, 1, 1_000_000),
        seed: checkInteger(tree.seed, `${name}.seed`, 0),
      };
    case 'path':
      checkKeys(tree, name, ['kind', 'path', 'label', 'licence', ...SELECTION]);
      return {
        kind,
        path: checkText(tree.path, `${name}.path`),
        ...optional(tree, name, 'label', checkText),
        ...optional(tree, name, 'licence', checkText),
        ...checkSelection(tree, name),
      };
    default:
      throw new TypeError(`unknown kind of source: ${JSON.stringify(kind satisfies never)}`);
  }
}

export function checkSelection(tree: Tree, name: string): Selection {
  const positive = (value: unknown, of: string) => checkInteger(value, of, 1);
  return {
    ...optional(tree, name, 'include', checkText),
    ...optional(tree, name, 'group', checkGroupRule),
    ...optional(tree, name, 'count', positive),
    ...optional(tree, name, 'seed', (value, of) => checkInteger(value, of, 0)),
    ...optional(tree, name, 'testFrom', positive),
    ...optional(tree, name, 'maxUnpackedBytes', (value, of) => checkNumber(value, of, 1, 1e15)),
  };
}

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
