/** dvc.yaml → pipeline.yaml: a pure function of the texts of the project. */

import { userError } from '../error.js';
import { type AstNode, child } from '../pipeline/document/ast.js';
import { createSource } from '../pipeline/document/source-text.js';
import { type Context, translateStage } from './dvc-stage.js';
import {
  joinPath,
  merged,
  NOTHING,
  Params,
  type ReadText,
  readTree,
  varsOf,
} from './dvc-values.js';
import { paramsFilesIn } from './entries.js';
import { fileOutputsOf, noteUnwritten } from './file-outputs.js';
import { type Note, Notes, Untranslatable } from './translation-note.js';
import { comment, field, type Tree, treeOf } from './write-yaml.js';

interface Translation {
  /** The text of pipeline.yaml. */
  readonly text: string;
  readonly notes: readonly Note[];
}

/**
 * `file` is the path of dvc.yaml relative to the project; `read` returns the text of other files.
 *
 * @throws UserError with the errors in dvc.yaml or a params file
 */
export function translateDvc(file: string, text: string, read: ReadText): Translation {
  try {
    return translation(file, text, read);
  } catch (error) {
    // In a stage it becomes a note; here it concerns the whole file.
    if (!(error instanceof Untranslatable)) throw error;
    throw userError('cannot-translate', `${file} cannot be translated: ${error.message}`);
  }
}

function translation(file: string, text: string, read: ReadText): Translation {
  const root = readTree(file, text);
  const stages = child(root, 'stages')?.entries;
  if (!stages || stages.size === 0) {
    const hint =
      'pipe translates stages: to start from scratch, move the file away, then  pipe init';
    throw userError('no-stages', `${file} has no stages`, hint);
  }
  const context = { ...contextOf(file, text, root, read), names: new Set(stages.keys()) };
  const { params, notes } = context;
  for (const { node } of stages.values()) {
    for (const each of paramsFilesOf(node, context.base)) params.refusal(each);
  }
  const commented = new Set<Note>();
  const blocks = [...stages].map(([name, { key, node }]) => {
    const lines = stageOrReason(name, node, context);
    const said = notes.within({ start: key.start, end: Math.max(key.start, node.span.end - 1) });
    for (const note of said) commented.add(note);
    return [...said.map((note) => comment(note.text, '  ')), ...lines].join('\n');
  });
  if (blocks.every((block) => block.split('\n').every((line) => /^ *(?:#|$)/.test(line))))
    throw userError(
      'cannot-translate',
      `no stage of ${file} can be translated`,
      notes.all.map((note) => `line ${note.line}: ${note.text}`).join('\n  '),
    );
  noteRest(root, context);
  const rest = notes.all.filter((note) => !commented.has(note));
  const head = [
    `# Translated from ${file} by pipe init.`,
    'shell: bash',
    ...(params.tree === NOTHING ? [] : ['', field('params', paramsTree(params), '')]),
    '',
    'stages:',
  ].join('\n');
  const tail = rest.map((note) => comment(`${file}:${note.line}: ${note.text}`, ''));
  const sections = [`${head}\n${blocks[0]}`, ...blocks.slice(1), ...tail];
  return { text: `${sections.join('\n\n')}\n`, notes: notes.all };
}

/** Empty for an invalid stage, which is reported later. */
function paramsFilesOf(node: AstNode, base: string): readonly string[] {
  try {
    return paramsFilesIn(child(node, 'do') ?? node, base);
  } catch (error) {
    if (error instanceof Untranslatable) return [];
    throw error;
  }
}

function stageOrReason(name: string, node: AstNode, context: Context): readonly string[] {
  try {
    return [translateStage(name, node, context)];
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    context.notes.add(node.span, `the stage ${name} is left out: ${error.message}`);
    return [];
  }
}

function contextOf(
  file: string,
  text: string,
  root: AstNode,
  read: ReadText,
): Omit<Context, 'names'> {
  const base = file.split('/').slice(0, -1).join('/');
  const notes = new Notes(createSource(file, text));
  const params = new Params(read);
  const usual = joinPath(base, 'params.yaml');
  const vars = varsOf(child(root, 'vars'), base, params, notes);
  const values = [params.treeOf(usual) ?? NOTHING, vars.tree].reduce(
    (all, each) => merged(all, each) ?? all,
    NOTHING,
  );
  for (const each of [usual, ...vars.files]) params.refusal(each);
  for (const map of vars.maps) params.takeMap(map);
  const outputs = fileOutputsOf(root, base, notes);
  return { base, values, params, notes, hasFile: (path) => read(path) !== undefined, outputs };
}

/** Notes the parts of dvc.yaml other than its stages. */
function noteRest(root: AstNode, { notes, outputs }: Context): void {
  noteUnwritten(outputs, notes);
  for (const [name, { key }] of root.entries ?? []) {
    const reason = ELSEWHERE[name];
    if (reason !== undefined) notes.add(key, `${name} ${reason}`);
    else if (!TRANSLATED.has(name)) notes.add(key, `${name} is left out: pipe does not know it`);
  }
}

const TRANSLATED = new Set(['stages', 'vars', 'metrics', 'plots']);

const ELSEWHERE: Readonly<Record<string, string>> = {
  artifacts: 'is left out: pipe has no registry of models and data',
  datasets: 'is left out: pipe reads data in the project, and does not download it',
  params: 'is left out: a stage names the params that it reads',
};

function paramsTree({ files, own }: Params): Tree {
  const parts: Tree[] = [...files, ...(own === NOTHING ? [] : [treeOf(own)])];
  return parts.length === 1 ? parts[0]! : parts;
}
