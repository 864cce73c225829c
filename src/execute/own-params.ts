/**
 * Commands that read a params file themselves. They see the file as it is, and neither `--set` nor
 * profiles, so the key may contain other values than they compute with.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Code } from '../decide/code.js';
import type { Project } from '../decide/project.js';
import { leavesOf } from '../json.js';
import { valuesNow } from '../pipeline/param-files.js';
import type { Item } from '../pipeline/plan.js';
import { PlanFiles } from '../pipeline/plan-files.js';
import { describeAction } from './failure.js';

/** Why the item cannot start: its command would read other values than its key contains. */
export function misreading(project: Project, item: Item, code: Code): string | undefined {
  const found = misreadParam(project, item, code);
  if (found === undefined) return undefined;
  const { reader, file, param, there, wanted } = found;
  const read = project.plan.reads.filter((each) => each.path === file);
  if (!new PlanFiles(project.root).hold(read))
    return `${file} changed since the run began: run again`;
  return `${reader} names ${file}, where ${param} is ${JSON.stringify(there)} and not ${JSON.stringify(wanted)}: write \${${param}} in the command, read ${param} from the JSON file that PIPE_CONTEXT names, or edit ${file}`;
}

interface Misread {
  readonly reader: string;
  readonly file: string;
  readonly param: string;
  readonly there: unknown;
  readonly wanted: unknown;
}

/** A listed param that has another value in the files that its command reads. */
export function misreadParam(project: Project, item: Item, code: Code): Misread | undefined {
  const read = new Map<string, Omit<Misread, 'wanted'>>();
  // Like pipe, a program that reads several files lets later ones override earlier ones.
  for (const [file, reader] of paramsReaders(project, item, code)) {
    const values = valuesNow(project.root, file);
    if (values === undefined) continue;
    for (const [param, there] of leavesOf(values)) read.set(param, { reader, file, param, there });
  }
  if (read.size === 0) return undefined;
  for (const [name, value] of Object.entries(item.params))
    for (const [param, wanted] of leavesOf(value, name)) {
      const found = read.get(param);
      const isGiven = param === item.epochs?.param || Object.hasOwn(item.filled ?? {}, param);
      if (!found || isGiven || JSON.stringify(found.there) === JSON.stringify(wanted)) continue;
      return { ...found, wanted };
    }
  return undefined;
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
  const listsParams = Object.keys(item.params).length > 0;
  if (files.length === 0 || !listsParams || code.kind !== 'command') return new Map();
  const scripts = Object.keys(code.scripts).map(
    (script) => [script, readFileSync(path.join(root, script), 'utf8')] as const,
  );
  const texts = [['its command', describeAction(item)], ...scripts] as const;
  if (texts.some(([, text]) => takesContext(text))) return new Map();
  return new Map(
    files.flatMap((file): [string, string][] => {
      const reader = texts.find(([, text]) => names(text, file));
      return reader ? [[file, reader[0]]] : [];
    }),
  );
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
