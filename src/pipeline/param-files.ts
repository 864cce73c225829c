/** `params`: a map, the path of a file with one, or a list of both. */
import { leavesOf } from '../json.js';
import type { Json } from '../stage/context.js';
import type { AstNode } from './document/ast.js';
import { createDiagnostics, type Diagnostics } from './document/diagnostics.js';
import { readText, type TextRead } from './document/read-text.js';
import { createSource } from './document/source-text.js';
import { parseYaml } from './document/yaml.js';
import { namedFile } from './items/named-file.js';
import {
  checkNames,
  EMPTY_PARAMS,
  fileOrigin,
  joined,
  type Param,
  paramOf,
} from './params-tree.js';
import type { PlanFiles } from './plan-files.js';

/** The resolved `params`; undefined when a file has errors. */
export function paramsIn(
  node: AstNode | undefined,
  files: PlanFiles,
  diagnostics: Diagnostics,
): Param | undefined {
  const parts = node?.items ?? (node === undefined || node.value === null ? [] : [node]);
  const trees = parts.map((part) => {
    if (typeof part.value === 'string') return paramsOfFile(part, files, diagnostics);
    return treeOf(part, diagnostics);
  });
  let params: Param = EMPTY_PARAMS;
  for (const tree of trees) {
    if (tree === undefined) return undefined;
    params = joined(params, tree);
  }
  return params;
}

/** The values of a params file as it is now; undefined if it cannot be read. */
export function valuesNow(project: string, file: string): Json | undefined {
  return valuesIn(file, readText(project, file));
}

function valuesIn(file: string, read: TextRead): Json | undefined {
  if (!('text' in read)) return undefined;
  return parseYaml(createDiagnostics(createSource(file, read.text)))?.value;
}

/** Those with a param to which `--set`, a profile or a later entry gave another value. */
export function overriddenIn(
  params: Json,
  paramsFiles: readonly string[],
  files: PlanFiles,
): readonly string[] {
  const values = new Map(leavesOf(params));
  const differs = ([param, value]: readonly [string, unknown]) =>
    JSON.stringify(values.get(param)) !== JSON.stringify(value);
  return paramsFiles.filter((file) =>
    leavesOf(valuesIn(file, files.text(file)) ?? {}).some(differs),
  );
}

function treeOf(map: AstNode, diagnostics: Diagnostics): Param {
  checkNames(map, diagnostics);
  return paramOf(map, fileOrigin(diagnostics.source));
}

function paramsOfFile(
  node: AstNode,
  files: PlanFiles,
  diagnostics: Diagnostics,
): Param | undefined {
  const named = namedFile(String(node.value), { node, key: 'params' }, files, diagnostics);
  if (named === undefined) return undefined;
  const { file, diagnostics: inFile } = named;
  const [other] = /(?<=\.)(?:toml|ini|cfg|py)$/.exec(file) ?? [];
  if (other !== undefined) {
    const message = `${file} is not YAML or JSON`;
    const hint = 'convert it, or list it under the deps of the stages that read it';
    diagnostics.add({ code: 'bad-params-file', message, hint }, node.span);
    return undefined;
  }
  const before = diagnostics.count;
  const root = parseYaml(inFile);
  if (root === undefined || diagnostics.count > before) return undefined;
  if (root.value === null) return EMPTY_PARAMS;
  if (root.entries !== undefined) return treeOf(root, inFile);
  const what = root.items ? 'a list' : 'a single value';
  const message = `${file} contains ${what}, but a params file contains a map`;
  const hint = root.items
    ? 'give the list a name, as in: datasets: […]'
    : 'write YAML or JSON, as in: epochs: 8';
  inFile.add({ code: 'bad-params-file', message, hint }, root.span);
  return undefined;
}
