/**
 * Commands that read a params file themselves. They see the file as it is, and neither `--set` nor
 * profiles, so the key may contain other values than they compute with.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Code } from '../decide/code.js';
import type { Project } from '../decide/project.js';
import type { Item } from '../pipeline/plan.js';
import { PlanFiles } from '../pipeline/plan-files.js';
import { describeAction } from './failure.js';

/** Why the item cannot start: its command would read other values than its key contains. */
export function misreading(project: Project, item: Item, code: Code): string | undefined {
  const overridden = (item.overridden ?? []).filter(({ param }) => param !== item.epochs?.param);
  const readers = paramsReaders(project, item, code);
  for (const { file, param, by } of overridden) {
    const reader = readers.get(file);
    if (reader === undefined) continue;
    return `${reader} names ${file}, in which ${by} does not change ${param}: write \${${param}} in the command, read ${param} from the JSON file that PIPE_CONTEXT names, or edit ${file}`;
  }
  const changed = project.plan.reads.find(
    (read) => readers.has(read.path) && !new PlanFiles(project.root).hold([read]),
  );
  return changed && `${changed.path} changed since the run began: run again`;
}

/**
 * Params files that the command or one of its scripts names, with who names them. Empty if one of
 * them takes its params from pipe.
 */
export function paramsReaders(
  { root, plan }: Project,
  item: Item,
  code: Code,
): ReadonlyMap<string, string> {
  const files = plan.reads.filter(({ pattern }) => !pattern).map((read) => read.path);
  const readers = new Map<string, string>();
  if (files.length === 0 || code.kind !== 'command' || Object.keys(item.params).length === 0)
    return readers;
  const scripts = Object.keys(code.scripts).map(
    (script) => [script, readFileSync(path.join(root, script), 'utf8')] as const,
  );
  const texts = [['its command', describeAction(item)], ...scripts] as const;
  if (texts.some(([, text]) => takesContext(text))) return readers;
  for (const [reader, text] of texts)
    for (const file of files)
      if (!readers.has(file) && names(text, file)) readers.set(file, reader);
  return readers;
}

function takesContext(text: string): boolean {
  return /\bPIPE_CONTEXT\b/.test(text) || (/\bpipe_run\b/.test(text) && /\bcontext\b/.test(text));
}

/**
 * The text may contain the last parts of the path only, because programs join paths: `conf/a.yaml`
 * is named by `a.yaml` and `../conf/a.yaml`, and not by `old/conf/a.yaml` or `a.yaml.bak`.
 */
function names(text: string, file: string): boolean {
  const [name = file, ...folders] = file.split('/').reverse();
  // DVC's function for params reads this file by default.
  if (name === 'params.yaml' && /\bparams_show\b/.test(text)) return true;
  for (const [token] of text.matchAll(/[\w./@%+-]+/g)) {
    if (!token.endsWith(name)) continue;
    const [last, ...above] = token.split('/').reverse();
    if (last !== name) continue;
    const own = above.filter((part) => part !== '' && part !== '.' && part !== '..');
    if (own.every((part, depth) => part === folders[depth])) return true;
  }
  return false;
}
