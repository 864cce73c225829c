/** One stage of dvc.yaml → its lines in pipeline.yaml. */
import { type AstNode, child } from '../pipeline/document/ast.js';
import { isWithin } from '../pipeline/items/paths.js';
import { quotePlain } from '../pipeline/items/shell-quote.js';
import { kindOfPlot } from '../pipeline/plot-kind.js';
import { asMatrix, foreachOf, type Iteration, matrixOf } from './cells.js';
import { pathsIn, textIn } from './dvc-placeholder.js';
import { joinPath, Params, varsOf } from './dvc-values.js';
import {
  type Entry,
  entriesIn,
  isConfusion,
  noteOptions,
  paramsOf,
  pathOf,
  plotOptions,
  type Site,
} from './entries.js';
import { type FileOutput, outputsBelow } from './file-outputs.js';
import { NotAMatrix, render, type Scope, type Spot } from './render.js';
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
  if (!iteration) {
    const scope = { ...outer, values };
    return stageText(called, fieldsOf(body, scope, [scope], context), child(body, 'frozen'));
  }
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
  return names
    .map((each, index) => {
      const scope = scopes[index]!;
      return stageText(each, fieldsOf(body, scope, [scope], context), child(body, 'frozen'));
    })
    .join('\n');
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
  const site: Site = {
    scope,
    wdir: wdir && textIn(wdir),
    base,
    params,
    notes,
  };
  const cmd = child(body, 'cmd');
  if (!cmd || cmd.value === null) throw new Untranslatable('it has no cmd');
  const command = commandOf(cmd, site);
  const read = paramsOf(child(body, 'params'), site);
  const deps = depsOf(child(body, 'deps'), read.files, command, site, all, context);
  const { outs, metrics, plots } = writesOf(body, site, all, context);
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

/** DVC runs each command of a list in its own shell: a command that changes its shell becomes a subshell. */
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

/** A list; a map if two deps are the same file in some item, since a list allows each file only once. */
function depsOf(
  list: AstNode | undefined,
  files: readonly string[],
  command: string,
  site: Site,
  scopes: readonly Scope[],
  { hasFile, base }: Context,
): Tree | undefined {
  const isHere = site.wdir === undefined && base === '' && !/(?:^|\W)cd\s/.test(command);
  const deps = new Map<string, readonly string[]>();
  for (const entry of entriesIn(list)) {
    const found = placeOf(entry, 'dep', site, scopes);
    // pipe finds the script itself, and then ignores its comments.
    const isScript = isHere && found && isScriptOf(command, found.path) && hasFile(found.path);
    if (found && !isScript) deps.set(found.path, found.plain);
  }
  for (const file of files) deps.set(file, [file]);
  const all = [...deps.keys()];
  if (all.length === 0) return undefined;
  const meet = scopes.some((_, at) => {
    const paths = [...deps.values()].map((each) => each[at] ?? each[0]!);
    return new Set(paths).size < paths.length;
  });
  return meet ? Object.fromEntries(all.map((path, at) => [`dep${at + 1}`, path])) : all;
}

function isScriptOf(command: string, path: string): boolean {
  if (!path.endsWith('.py')) return false;
  const words = command.split(/\s+/);
  return words.some(
    (word, at) => word === path && /^(?:\S*\/)?python[\d.]*$/.test(words[at - 1] ?? ''),
  );
}

interface Writes {
  readonly outs: readonly string[];
  readonly metrics: readonly string[];
  readonly plots: Tree | undefined;
}

type PlotTree = { readonly path: string } & Readonly<Record<string, Tree>>;

/** A list; a map if a file is drawn twice, since a list allows each file only once. */
function plotsTree(plots: readonly PlotTree[]): Tree | undefined {
  if (plots.length === 0) return undefined;
  const list = plots.map((each) => (Object.keys(each).length === 1 ? each.path : each));
  if (new Set(plots.map(({ path }) => path)).size === plots.length) return list;
  return Object.fromEntries(list.map((each, at) => [`plot${at + 1}`, each]));
}

function writesOf(body: AstNode, site: Site, scopes: readonly Scope[], context: Context): Writes {
  const { notes, outputs } = context;
  const outs = new Set<string>();
  const metrics = new Set<string>();
  const plots: PlotTree[] = [];
  const takeOutputs = (entry: Entry, { path, plain }: Found) => {
    const below = outputsBelow(entry, plain, outputs, notes);
    for (const { path: rest, isPlot, options } of below) {
      if (isPlot) plots.push({ path: path + rest, ...options });
      else metrics.add(path + rest);
    }
    return below;
  };
  for (const entry of entriesIn(child(body, 'outs'))) {
    const found = placeOf(entry, 'out', site, scopes);
    noteOptions(entry, notes);
    if (!found) continue;
    outs.add(found.path);
    takeOutputs(entry, found);
  }
  for (const entry of entriesIn(child(body, 'metrics'))) {
    const found = placeOf(entry, 'out', site, scopes);
    noteOptions(entry, notes);
    if (!found) continue;
    takeOutputs(entry, found);
    if (found.plain.every((path) => path.endsWith('.json'))) metrics.add(found.path);
    else {
      outs.add(found.path);
      const reason = 'pipe reads metrics from JSON';
      notes.add(entry.span, `"${entry.path}" is an out, not a metric: ${reason}`);
    }
  }
  for (const entry of entriesIn(child(body, 'plots'))) {
    const found = placeOf(entry, 'out', site, scopes);
    if (!found) continue;
    const { path, plain } = found;
    const isDrawn = plain.every((each) => kindOfPlot(each) !== undefined) && !isConfusion(entry);
    if (takeOutputs(entry, found).some(({ isPlot }) => isPlot)) continue;
    if (isDrawn) plots.push({ path, ...plotOptions(entry, notes) });
    else {
      if (![...outs].some((out) => isWithin(path, out))) outs.add(path);
      const reason = 'pipe draws curves of CSV, TSV and JSON, and pictures';
      notes.add(entry.span, `"${entry.path}" is an out, not a plot: ${reason}`);
    }
  }
  return { outs: [...outs], metrics: [...metrics], plots: plotsTree(plots) };
}

interface Found {
  /** The text in pipeline.yaml. */
  readonly path: string;
  /** In each item, with all values filled in. */
  readonly plain: readonly string[];
}

/** Undefined, with a note, for a path outside of the project. */
function placeOf(
  entry: Entry,
  spot: Spot,
  site: Site,
  scopes: readonly Scope[],
): Found | undefined {
  const path = pathOf(entry, spot, site);
  const params = new Params(() => undefined);
  const plain = scopes.flatMap(
    (scope) => pathOf(entry, 'out', { ...site, scope: { ...scope, params } }) ?? [],
  );
  return path === undefined || plain.length < scopes.length ? undefined : { path, plain };
}

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
