/** A file that pipeline.yaml names and that pipe reads to make the plan. */
import type { Located } from '../document/located.js';
import type { Problems } from '../document/problems.js';
import { createSource } from '../document/source.js';
import type { PlanFiles } from '../files.js';
import { lookAlikeHint } from '../look-alike.js';
import { planFile } from './paths.js';

export interface NamedFile {
  readonly file: string;
  /** Collects what is wrong in the file; its `source` holds the text. */
  readonly problems: Problems;
}

/** `written`: the path, which stands at `node`, under `key`. Undefined after a mistake. */
export function namedFile(
  written: string,
  { node, key }: { readonly node: Located; readonly key: string },
  files: PlanFiles,
  problems: Problems,
): NamedFile | undefined {
  const named = planFile(written);
  if ('mistake' in named) {
    problems.add(named.mistake, node.span);
    return undefined;
  }
  const file = named.path;
  const read = files.text(file);
  if ('text' in read) return { file, problems: problems.within(createSource(file, read.text)) };
  const { mistake } = read;
  const hint = mistake.hint ?? cureOf(mistake.code, file, key, files);
  problems.add({ ...mistake, hint }, node.span);
  return undefined;
}

function cureOf(code: string, file: string, key: string, files: PlanFiles): string {
  if (code === 'missing-file')
    return lookAlikeHint(files.project, file) ?? `create it, or correct the path under ${key}:`;
  return code === 'too-large'
    ? 'data belong into a dep of the stages that read them'
    : 'name a file in it';
}
