/** Values that dvc.yaml can name, in params files and `vars`, and which of them become pipe's params. */
import { type AstNode, textOf } from '../pipeline/document/ast.js';
import { createDiagnostics } from '../pipeline/document/diagnostics.js';
import { mapOf } from '../pipeline/document/merge.js';
import { createSource } from '../pipeline/document/source-text.js';
import { parseYaml } from '../pipeline/document/yaml.js';
import { isScalar, valueAt } from './dvc-placeholder.js';
import type { Notes } from './translation-note.js';

/** The text of a file of the project; undefined when it is missing. */
export type ReadText = (path: string) => string | undefined;

export const NOTHING: AstNode = mapOf(new Map(), { start: 0, end: 0 });

/** @throws UserError with the errors in the file */
export function readTree(file: string, text: string): AstNode {
  const problems = createDiagnostics(createSource(file, text));
  const root = parseYaml(problems);
  problems.check();
  return root ?? NOTHING;
}

/** Merges both maps; undefined if they contain different values for a path. */
export function merged(base: AstNode, over: AstNode): AstNode | undefined {
  if (!base.entries || !over.entries) return isSame(base, over) ? base : undefined;
  const entries = new Map(base.entries);
  for (const [name, entry] of over.entries) {
    const known = entries.get(name);
    const node = known ? merged(known.node, entry.node) : entry.node;
    if (!node) return undefined;
    entries.set(name, { key: entry.key, node });
  }
  return mapOf(entries, base.span);
}

function isSame(one: AstNode, other: AstNode): boolean {
  return one.text === other.text && JSON.stringify(one.value) === JSON.stringify(other.value);
}

/** The future `params:` of pipeline.yaml. */
export class Params {
  /** Params files, relative to the project, in reading order. */
  readonly files: string[] = [];
  /** Additional values of `vars`. */
  own = NOTHING;
  tree = NOTHING;
  readonly #read: ReadText;
  readonly #trees = new Map<string, AstNode | undefined>();

  constructor(read: ReadText) {
    this.#read = read;
  }

  /** The file's values; undefined if it is missing or not YAML or JSON. */
  treeOf(file: string): AstNode | undefined {
    if (!this.#trees.has(file)) {
      const text = /\.(?:ya?ml|json)$/.test(file) ? this.#read(file) : undefined;
      this.#trees.set(file, text === undefined ? undefined : readTree(file, text));
    }
    return this.#trees.get(file);
  }

  /** Why pipe cannot read the file as params; undefined if it can. In that case the file is added. */
  refusal(file: string): string | undefined {
    if (this.files.includes(file)) return undefined;
    if (!/\.(?:ya?ml|json)$/.test(file)) return 'pipe reads params from YAML and JSON';
    const tree = this.treeOf(file);
    if (!tree) return 'the file is missing';
    const all = this.#with(tree);
    if (!all) return 'params of other files have the same names, or a name is deps or outs';
    this.files.push(file);
    this.tree = all;
    return undefined;
  }

  takeMap(map: AstNode): void {
    const all = this.#with(map);
    const own = merged(this.own, map);
    if (!all || !own) return;
    this.tree = all;
    this.own = own;
  }

  /** True when `${path}` means the same value in pipeline.yaml. */
  holds(path: readonly string[], value: AstNode): boolean {
    const live = path.reduce<AstNode | undefined>(
      (node, name) => node?.entries?.get(name)?.node,
      this.tree,
    );
    return live !== undefined && isSame(live, value);
  }

  /** `${deps.x}` and `${outs.x}` belong to the stage, so these names are reserved. */
  #with(tree: AstNode): AstNode | undefined {
    const isTaken = tree.entries?.has('deps') || tree.entries?.has('outs');
    return tree.entries && !isTaken ? merged(this.tree, tree) : undefined;
  }
}

/** The values of a `vars` list of the file or a stage: files, parts of files (`a.yaml:x,y`), maps. */
export function varsOf(
  list: AstNode | undefined,
  folder: string,
  params: Params,
  notes: Notes,
): {
  readonly tree: AstNode;
  readonly files: readonly string[];
  readonly maps: readonly AstNode[];
} {
  let tree = NOTHING;
  const files: string[] = [];
  const maps: AstNode[] = [];
  for (const item of list?.items ?? []) {
    if (item.entries) maps.push(item);
    const [name, names] = typeof item.value === 'string' ? item.value.split(':') : [];
    const file = name === undefined ? undefined : joinPath(folder, name);
    if (file !== undefined && params.treeOf(file)) files.push(file);
    const values = file === undefined ? item : part(params.treeOf(file), names);
    if (!values) notes.add(item.span, `vars: ${name} is missing, or is not a YAML or JSON file`);
    else tree = merged(tree, values) ?? tree;
  }
  return { tree, files, maps };
}

function part(tree: AstNode | undefined, names: string | undefined): AstNode | undefined {
  if (!tree || names === undefined) return tree;
  const wanted = names.split(',').map((name) => name.trim());
  return mapOf(
    new Map([...(tree.entries ?? [])].filter(([key]) => wanted.includes(key))),
    tree.span,
  );
}

/** The value of a placeholder in these scopes, inner ones first. */
export function lookUp(scopes: readonly AstNode[], path: readonly string[]): AstNode | undefined {
  const scope = scopes.find(({ entries }) => entries?.has(path[0]!));
  return scope && valueAt(scope, path);
}

/** `path` in a folder, relative to the project, without `.` and, where possible, `..`. */
export function joinPath(folder: string, path: string): string {
  const names: string[] = [];
  for (const name of `${folder}/${path}`.split('/')) {
    if (name === '' || name === '.') continue;
    const last = names.at(-1);
    const goesUp = name === '..' && last !== undefined && last !== '..' && !last.includes('${');
    if (goesUp) names.pop();
    else names.push(name);
  }
  return names.join('/');
}

/** A scalar as DVC and pipe insert it into a text; DVC writes null as Python does. */
export function scalarText(node: AstNode): string | undefined {
  if (node.value === null) return 'None';
  return isScalar(node) ? textOf(node) : undefined;
}
