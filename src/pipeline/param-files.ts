/** `params`: a map, the path of a file with one, or a list of both. */
import type { Located } from './document/located.js';
import type { Problems } from './document/problems.js';
import { parseYaml } from './document/yaml.js';
import type { PlanFiles } from './files.js';
import { namedFile } from './items/named-file.js';
import { checkNames, EMPTY_PARAMS, fileOrigin, joined, type Param, paramOf } from './params.js';

/** The resolved `params`; undefined when a file has errors. */
export function paramsIn(
  node: Located | undefined,
  files: PlanFiles,
  problems: Problems,
): Param | undefined {
  const parts = node?.items ?? (node === undefined || node.value === null ? [] : [node]);
  const trees = parts.map((part) => {
    if (typeof part.value === 'string') return paramsOfFile(part, files, problems);
    return treeOf(part, problems);
  });
  let params: Param = EMPTY_PARAMS;
  for (const tree of trees) {
    if (tree === undefined) return undefined;
    params = joined(params, tree);
  }
  return params;
}

function treeOf(map: Located, problems: Problems): Param {
  checkNames(map, problems);
  return paramOf(map, fileOrigin(problems.source));
}

function paramsOfFile(node: Located, files: PlanFiles, problems: Problems): Param | undefined {
  const named = namedFile(String(node.value), { node, key: 'params' }, files, problems);
  if (named === undefined) return undefined;
  const { file, problems: inFile } = named;
  const before = problems.count;
  const root = parseYaml(inFile);
  if (root === undefined || problems.count > before) return undefined;
  if (root.value === null) return EMPTY_PARAMS;
  if (root.entries !== undefined) return treeOf(root, inFile);
  const what = root.items ? 'a list' : 'a single value';
  const message = `${file} holds ${what}; a file of params holds a map`;
  const hint = root.items ? 'give the list a name, as in: datasets: […]' : 'as in: epochs: 8';
  inFile.add({ code: 'bad-params-file', message, hint }, root.span);
  return undefined;
}
