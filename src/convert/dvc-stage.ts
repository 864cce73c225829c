/** One stage of dvc.yaml → its lines in pipeline.yaml. */
import { type AstNode, child } from '../pipeline/document/ast.js';
import { quotePlain } from '../pipeline/items/shell-quote.js';
import { asMatrix, foreachOf, type Iteration, matrixOf } from './cells.js';
import { pathsIn, textIn } from './dvc-placeholder.js';
import { joinPath, type Params, varsOf } from './dvc-values.js';
import { paramsOf, type Site } from './entries.js';
import type { FileOutput } from './file-outputs.js';
import { NotAMatrix, render, type Scope } from './render.js';
import { depsOf, writesOf } from './stage-files.js';
import { type Notes, Untranslatable } from './translation-note.js';
import { field, type Tree, Verbatim } from './write-yaml.js';

export interface Context {
  /** Folder of dvc.yaml, relative to the project. */
  readonly base: string;
  readonly values: AstNode;
  readonly params: Params;
  readonly notes: Notes;
  readonly hasFile: (path: string) => boolean;
  /** Stage names in use. */
  readonly names: Set<string>;
  /** The file's own `metrics:` and `plots:`. */
  readonly outputs: readonly FileOutput[];
}

type Fields = Readonly<Record<string, Tree>>;

const KNOWN = new Set(
  'cmd wdir deps params frozen meta desc always_changed outs metrics plots vars foreach do matrix'.split(
    ' ',
  ),
);

/** Lines of one stage, or of several if a matrix cannot express it. */
export function translateStage(name: string, node: AstNode, context: Context): string {
  const { notes } = context;
  const body = child(node, 'do') ?? node;
  for (const [key, { key: at }] of [...(node.entries ?? []), ...(body.entries ?? [])])
    if (!KNOWN.has(key)) notes.add(at, `${key} is left out: it is not a key of a stage of DVC`);
  const outer: Scope = { values: [context.values], axes: new Map(), params: context.params };
  const iteration = iterationOf(node, outer);
  const plain = name.replace(/[^A-Za-z0-9_.-]/g, '-').replace(/^(?=[.-])/, '_');
  const called = plain === name ? name : freeName(plain, context.names);
  if (called !== name) notes.add(node.span, `the stage "${name}" is called ${called} here`);
  const own = varsOf(child(body, 'vars'), folderOf(body, context.base), context.params, notes).tree;
  const values = [own, context.values];
  const plainStage = (each: string, scope: Scope) =>
    stageText(each, fieldsOf(body, scope, [scope], context), child(body, 'frozen'));
  if (!iteration) return plainStage(called, { ...outer, values });
  if (iteration.cells.length === 0) throw new Untranslatable('it has no items');
  const scopes = iteration.cells.map((cell) => ({ ...outer, values: [cell.own, ...values] }));
  const made = withMatrix(body, iteration, { ...outer, values }, scopes, context, node);
  if (made) return stageText(called, made, child(body, 'frozen'));
  const names = iteration.cells.map(({ key }) =>
    freeName(`${called}-${key.replace(/[^A-Za-z0-9_.-]+/g, '-')}`, context.names),
  );
  notes.add(
    node.span,
    `${called} is written out as ${names.join(', ')}: a pipe matrix cannot express it`,
  );
  return names.map((each, index) => plainStage(each, scopes[index]!)).join('\n');
}

function iterationOf(node: AstNode, scope: Scope): Iteration | undefined {
  const [foreach, matrix] = [child(node, 'foreach'), child(node, 'matrix')];
  if (foreach) return foreachOf(foreach, scope);
  return matrix && matrixOf(matrix, scope);
}

function folderOf(body: AstNode, base: string): string {
  const wdir = child(body, 'wdir');
  return wdir && pathsIn(wdir).length === 0 ? joinPath(base, textIn(wdir)) : base;
}

function withMatrix(
  body: AstNode,
  iteration: Iteration,
  scope: Scope,
  scopes: readonly Scope[],
  context: Context,
  node: AstNode,
): Fields | undefined {
  const inCommand = [child(body, 'cmd'), child(body, 'wdir')].flatMap((part) =>
    part ? pathsIn(part) : [],
  );
  const uses = {
    all: pathsIn(body),
    inCommand: new Set(inCommand.map((path) => path.join('.'))),
  };
  const matrix = asMatrix(iteration, uses, { ...scope, values: scopes[0]!.values });
  if (!matrix) return undefined;
  try {
    const fields = fieldsOf(body, { ...scope, axes: matrix.axes }, scopes, context);
    if (matrix.isCopy)
      context.notes.add(
        (child(node, 'foreach') ?? node).span,
        `the values of \${${iteration.param}} are copied into the matrix: change them there`,
      );
    const { desc, ...rest } = fields;
    return { ...(desc !== undefined && { desc }), matrix: matrix.tree, ...rest };
  } catch (error) {
    if (error instanceof NotAMatrix) return undefined;
    throw error;
  }
}

function freeName(wanted: string, names: Set<string>): string {
  let free = wanted;
  for (let count = 2; names.has(free); count++) free = `${wanted}-${count}`;
  names.add(free);
  return free;
}

/** `all` has one scope with plain values for each item. */
function fieldsOf(body: AstNode, scope: Scope, all: readonly Scope[], context: Context): Fields {
  const { notes, base, params } = context;
  const wdir = child(body, 'wdir');
  const site: Site = { scope, wdir: wdir && textIn(wdir), base, params, notes };
  const cmd = child(body, 'cmd');
  if (!cmd || cmd.value === null) throw new Untranslatable('it has no cmd');
  const command = commandOf(cmd, site);
  const read = paramsOf(child(body, 'params'), site);
  const deps = depsOf(child(body, 'deps'), read.files, command, site, all, context.hasFile);
  const { outs, metrics, plots } = writesOf(body, site, all, context.outputs);
  const desc = child(body, 'desc');
  const meta = body.entries?.get('meta');
  if (meta) notes.add(meta.key, 'meta is left out: pipeline.yaml has no place for it');
  const frozen = child(body, 'frozen');
  if (frozen?.value === true) {
    const reason = 'pipe has no frozen stages, and its outs are plain inputs';
    notes.add(frozen.span, `the frozen stage is commented out: ${reason}`);
  }
  return {
    ...(desc && { desc: render(textIn(desc), 'text', scope) }),
    cmd: command,
    ...(deps !== undefined && { deps }),
    ...(read.names.length > 0 && { params: read.names }),
    ...(outs.length > 0 && { outs }),
    ...(metrics.length > 0 && { metrics }),
    ...(plots !== undefined && { plots }),
    ...(child(body, 'always_changed')?.value === true && { always: new Verbatim('true') }),
  };
}

/**
 * DVC runs each command of a list in a separate shell, so a command that changes its shell becomes
 * a subshell.
 */
function commandOf(cmd: AstNode, { scope, wdir, base }: Site): string {
  const texts = (cmd.items ?? [cmd]).map((each) => render(textIn(each).trim(), 'cmd', scope));
  const several = texts.length > 1;
  const lines = texts.map((text) => (several && CHANGES_SHELL.test(text) ? `(\n${text}\n)` : text));
  const rendered = wdir === undefined ? '' : render(wdir, 'cmd', scope);
  const folder = joinPath(base, rendered);
  if (folder !== '') lines.unshift(`cd ${rendered.includes('${') ? folder : quotePlain(folder)}`);
  return lines.join('\n');
}

const CHANGES_SHELL =
  /(?:^|[;&|({\n])\s*(?:cd|pushd|popd|export|unset|set|source|\.|exec|exit|trap|umask|alias|ulimit|shopt|eval|[A-Za-z_]\w*=\S*\s*(?:$|[;&\n]))(?:\s|$|[;&])|^\s*[A-Za-z_]\w*=\S*$/;

/** A stage with its comments; a stage frozen in DVC becomes a comment. */
function stageText(name: string, fields: Fields, frozen: AstNode | undefined): string {
  const lines = Object.entries(fields).map(([key, value]) => field(key, value, '    '));
  const text = [`  ${name}:`, ...lines].join('\n');
  if (frozen?.value !== true) return text;
  return text
    .split('\n')
    .map((line) => `  # ${line.slice(2)}`.trimEnd())
    .join('\n');
}
