/** `params`: a map, the path of a file that holds one, or a list of both. */
import type { Located } from './document/located.js';
import type { Problems } from './document/problems.js';
import { createSource } from './document/source.js';
import { parseYaml } from './document/yaml.js';
import type { PlanFiles } from './files.js';
import { planFile } from './items/paths.js';
import { lookAlikeHint } from './look-alike.js';
import { checkNames, EMPTY_PARAMS, fileOrigin, joined, type Param, paramOf } from './params.js';

/** What the key `params` comes to; undefined when a file has a mistake. */
export function paramsIn(
  node: Located | undefined,
  project: string,
  files: PlanFiles,
  problems: Problems,
): Param | undefined {
  const parts = node?.items ?? (node === undefined || node.value === null ? [] : [node]);
  const trees = parts.map((part) => {
    if (typeof part.value === 'string') return paramsOfFile(part, project, files, problems);
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

function paramsOfFile(
  node: Located,
  project: string,
  files: PlanFiles,
  problems: Problems,
): Param | undefined {
  const named = planFile(String(node.value));
  if ('mistake' in named) {
    problems.add(named.mistake, node.span);
    return undefined;
  }
  const file = named.path;
  const read = files.text(file);
  if ('mistake' in read) {
    const { mistake } = read;
    const near = mistake.code === 'missing-file' ? lookAlikeHint(project, file) : undefined;
    problems.add({ ...mistake, hint: near ?? mistake.hint ?? CURES[mistake.code] }, node.span);
    return undefined;
  }
  const inFile = problems.within(createSource(file, read.text));
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

const CURES: Readonly<Record<string, string>> = {
  'missing-file': 'create it, or correct the path under params:',
  unreadable: 'name a YAML or JSON file in it',
  'too-large': 'large data belong into a dep of the stages that read them',
};
