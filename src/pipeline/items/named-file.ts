/** A file named in pipeline.yaml that pipe reads to make the plan. */
import type { AstNode } from '../document/ast.js';
import type { Diagnostics } from '../document/diagnostics.js';
import { createSource } from '../document/source-text.js';
import { lookAlikeHint } from '../look-alike.js';
import type { PlanFiles } from '../plan-files.js';
import { planFile } from './paths.js';

interface NamedFile {
  readonly file: string;
  /** Collects the file's diagnostics; its `source` holds the text. */
  readonly diagnostics: Diagnostics;
}

/** `written`: the path, written at `node`, under `key`. Undefined after an error. */
export function namedFile(
  written: string,
  { node, key }: { readonly node: AstNode; readonly key: string },
  files: PlanFiles,
  diagnostics: Diagnostics,
): NamedFile | undefined {
  const named = planFile(written);
  if ('mistake' in named) {
    diagnostics.add(named.mistake, node.span);
    return undefined;
  }
  const file = named.path;
  const read = files.text(file);
  if ('text' in read)
    return { file, diagnostics: diagnostics.within(createSource(file, read.text)) };
  const { mistake } = read;
  const hint = mistake.hint ?? hintOf(mistake.code, file, key, files);
  diagnostics.add({ ...mistake, hint }, node.span);
  return undefined;
}

function hintOf(code: string, file: string, key: string, files: PlanFiles): string {
  if (code === 'missing-file')
    return lookAlikeHint(files.project, file) ?? `create it, or correct the path under ${key}:`;
  return code === 'too-large'
    ? 'data belongs in a dep of the stages that read it'
    : 'name a file in it';
}
