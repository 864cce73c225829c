/** A stage → its items: paths, params and command of each cell, with placeholders filled. */
import { keysAt } from '../../json.js';
import type { Json } from '../../stage/context.js';
import { type AstNode, child, keyAt, textOf } from '../document/ast.js';
import type { Diagnostics } from '../document/diagnostics.js';
import type { StageSpec } from '../document/pipeline-schema.js';
import { type Param, paramAt, unknownParam } from '../params-tree.js';
import type { PlanFiles } from '../plan-files.js';
import { type ActionTemplates, actionOf } from './action.js';
import { depsOf } from './deps.js';
import { limitsOf } from './fields.js';
import { fill, isPlaceholder, parseTemplate, type Template } from './fill-placeholders.js';
import type { Draft, Written } from './item-draft.js';
import { type Cell, cellsOf, itemId } from './matrix.js';
import { outsOf } from './outs.js';
import { isOfCommand, lookupIn, type Site } from './scope.js';
import { toleranceOf } from './stage-tolerance.js';

interface StageInput {
  readonly name: string;
  readonly spec: StageSpec;
  readonly node: AstNode;
  /** Keys with schema errors. Parts that depend on them are not checked. */
  readonly broken: ReadonlySet<string>;
  /** Undefined if the params have errors. */
  readonly params: Param | undefined;
  readonly files: PlanFiles;
  /** The file's default for all stages. */
  readonly shell: StageSpec['shell'];
  readonly packages: StageSpec['packages'];
}

/** The stage's templates, parsed once for all its items. */
interface Templates extends ActionTemplates {
  readonly deps: readonly Written[];
  readonly outs: readonly Written[];
  readonly params: readonly Template[];
  readonly desc: Template | undefined;
  /** The names in `cmd`. */
  readonly placeholders: ReadonlySet<string>;
}

/** The items in matrix order; none if the matrix has errors. */
export function draftStage(input: StageInput, diagnostics: Diagnostics): readonly Draft[] {
  checkStage(input, diagnostics);
  const { name, node, params, broken, files } = input;
  const templates = templatesOf(input, diagnostics);
  const lookup = lookupIn({ cell: {}, params, axesUnknown: false });
  const matrix = broken.has('matrix') ? undefined : child(node, 'matrix');
  const cells = broken.has('matrix')
    ? undefined
    : cellsOf(name, matrix, { lookup, files, diagnostics });
  // Without cells, the rest is still checked for errors.
  const drafts = (cells ?? [{}]).map((cell) => {
    const scope = { cell, params, axesUnknown: !cells };
    return draftItem(input, templates, { scope, lookup: lookupIn(scope), diagnostics });
  });
  return cells ? drafts : [];
}

function checkStage({ spec, node, broken }: StageInput, diagnostics: Diagnostics): void {
  const key = (name: string) => keyAt(node, [name]) ?? node.span;
  if (spec.run !== undefined && spec.cmd !== undefined) {
    const message = 'a stage takes run or cmd, not both';
    diagnostics.add({ code: 'run-and-cmd', message, hint: 'split it into two stages' }, key('cmd'));
  }
  const action = ['run', 'cmd'].some((name) => child(node, name) || broken.has(name));
  // An invalid `shell` contains the command, as in Snakemake.
  if (!action && !broken.has('shell')) {
    const message = 'the stage does nothing: it has neither run nor cmd';
    const hint = 'add cmd with a command, or run with a TypeScript or JavaScript module';
    diagnostics.add({ code: 'no-action', message, hint }, node.span);
  }
  if (spec.shell !== undefined && (spec.run !== undefined || Array.isArray(spec.cmd))) {
    const message = `shell applies to a cmd that is a text, and ${spec.run === undefined ? 'this one is a list' : 'this stage has run'}`;
    const hint = 'modules and argv lists run without a shell: remove it';
    diagnostics.add({ code: 'shell-without-text', message, hint }, key('shell'));
  }
  if (spec.packages !== undefined && spec.run !== undefined) {
    const message = 'packages applies to a cmd, and this stage has run';
    const hint = 'the packages that a module imports always count: remove it';
    diagnostics.add({ code: 'packages-without-python', message, hint }, key('packages'));
  }
  const both = spec.env?.find((name) => spec.secrets?.includes(name));
  if (both !== undefined) {
    const message = `${both} is listed in both env and secrets`;
    const hint = 'use env if the value affects the result, secrets if it must stay hidden';
    diagnostics.add({ code: 'env-and-secrets', message, hint }, key('secrets'));
  }
}

function templatesOf({ spec, node, shell }: StageInput, diagnostics: Diagnostics): Templates {
  const parse = (part: AstNode) => parseTemplate(textOf(part), part, diagnostics);
  const one = (name: 'run' | 'desc') =>
    spec[name] === undefined ? undefined : parse(child(node, name)!);
  const command = spec.cmd === undefined ? undefined : child(node, 'cmd')!;
  const cmd = command?.items ? command.items.map(parse) : command && parse(command);
  const named = (name: Section) =>
    spec[name] === undefined ? [] : namedOf(child(node, name)!, name, parse);
  return {
    deps: named('deps'),
    outs: [...named('outs'), ...named('metrics'), ...named('plots')],
    params: spec.params === undefined ? [] : child(node, 'params')!.items!.map(parse),
    desc: one('desc'),
    run: one('run'),
    cmd,
    placeholders: placeholdersOf(cmd),
    shell: spec.shell ?? shell,
  };
}

type Section = 'deps' | 'outs' | 'metrics' | 'plots';

function namedOf(
  node: AstNode,
  section: Section,
  parse: (part: AstNode) => Template,
): readonly Written[] {
  const written = (name: string | undefined, part: AstNode): Written => ({
    name,
    path: parse(child(part, 'path') ?? part),
    metrics: section === 'metrics',
    ...(section === 'plots' && { plot: columnsOf(part) }),
    optional: child(part, 'optional')?.value === true,
    protected: child(part, 'protected')?.value === true,
    temp: child(part, 'temp')?.value === true,
    exclude: child(part, 'exclude')?.items?.map(parse) ?? [],
  });
  if (node.items) return node.items.map((item) => written(undefined, item));
  return [...node.entries!].map(([name, entry]) => written(name, entry.node));
}

function columnsOf(part: AstNode): NonNullable<Written['plot']> {
  const [x, y] = [child(part, 'x'), child(part, 'y')];
  return { ...(x && { x: textOf(x) }), ...(y && { y: (y.items ?? [y]).map(textOf) }) };
}

function draftItem(input: StageInput, templates: Templates, site: Site): Draft {
  const { name, spec, node, broken } = input;
  const { scope, diagnostics } = site;
  const { deps, paths: read } = depsOf(templates.deps, broken.has('deps'), site);
  const unknownOuts = ['outs', 'metrics', 'plots'].some((key) => broken.has(key));
  const { outs, views, plots, written, paths: made } = outsOf(templates.outs, unknownOuts, site);
  const listed = paramsOf(templates.params, site);
  const limits = limitsOf({ ...site, spec, node, listed: Object.keys(listed) });
  const { resources } = limits;
  const names = { ...scope, deps: read, outs: made, resources };
  const action = actionOf(templates, names, deps, diagnostics);
  const params = withTarget(listed, limits.epochs);
  const filled = filledWith(templates.placeholders, site);
  const desc = templates.desc && fill(templates.desc, site);
  const tolerance =
    spec.tolerance &&
    toleranceOf(child(node, 'tolerance')!, [...outs, ...views], made.complete, site);
  const packages = packagesOf(input);
  return {
    deps,
    outs: written,
    item: {
      id: itemId(name, scope.cell),
      stage: name,
      matrix: valuesOf(scope.cell),
      ...(desc !== undefined && { desc }),
      action,
      outs,
      ...(views.length > 0 && { views }),
      ...(plots.length > 0 && { plots }),
      params,
      ...(Object.keys(filled).length > 0 && { filled }),
      env: sorted(spec.env),
      secrets: sorted(spec.secrets),
      ...(packages !== undefined && { packages }),
      ...limits,
      ...(spec.executor !== undefined && { executor: spec.executor }),
      ...(spec.slurm !== undefined && { slurm: spec.slurm }),
      always: spec.always ?? false,
      ...(tolerance && { tolerance }),
    },
  };
}

/** The setting for all stages applies to those with a command. */
function packagesOf({ spec, packages }: StageInput): Draft['item']['packages'] {
  if (spec.run !== undefined) return undefined;
  if ((spec.packages ?? packages) !== 'python') return undefined;
  return spec.packages === undefined ? 'inherited' : 'own';
}

function valuesOf(cell: Cell): Draft['item']['matrix'] {
  return Object.fromEntries(Object.entries(cell).map(([axis, { value }]) => [axis, value]));
}

function sorted(names: readonly string[] | undefined): readonly string[] {
  return names ? [...new Set(names)].sort() : [];
}

function placeholdersOf(cmd: Templates['cmd'] = []): ReadonlySet<string> {
  const words = 'parts' in cmd ? [cmd] : cmd;
  return new Set(words.flatMap(({ parts }) => parts.filter(isPlaceholder).map(({ name }) => name)));
}

/** An axis and the names that only commands know take precedence over a param. */
function filledWith(
  names: ReadonlySet<string>,
  { scope, lookup }: Site,
): Readonly<Record<string, Json>> {
  const filled: Record<string, Json> = {};
  for (const name of names) {
    if (Object.hasOwn(scope.cell, name) || isOfCommand(name)) continue;
    const found = lookup(name);
    if (typeof found === 'object' && 'value' in found) filled[name] = found.value;
  }
  return filled;
}

function paramsOf(names: readonly Template[], site: Site): Readonly<Record<string, Json>> {
  const { params: given } = site.scope;
  const params: Record<string, Json> = {};
  for (const template of names) {
    const path = fill(template, site);
    if (path === undefined || !given) continue;
    const param = paramAt(given, path);
    if (param) params[path] = param.value;
    else site.diagnostics.add(unknownParam(path, given), template.node.span);
  }
  return params;
}

/** Of a map with epochs for each item, an item knows only its own number. */
function withTarget(
  params: Readonly<Record<string, Json>>,
  epochs: Draft['item']['epochs'],
): Readonly<Record<string, Json>> {
  const target = epochs?.param;
  if (target === undefined) return params;
  return Object.fromEntries(
    Object.entries(params).map(([path, value]) => {
      if (path !== target && !target.startsWith(`${path}.`)) return [path, value];
      const inner = target === path ? [] : keysAt(value, target.slice(path.length + 1));
      return [path, inner ? withLeaf(value, inner, epochs!.target) : value];
    }),
  );
}

/** The tree with another value at the path, which it has. */
function withLeaf(tree: Json, [name, ...rest]: readonly string[], value: Json): Json {
  if (name === undefined) return value;
  const map = tree as { readonly [key: string]: Json };
  return { ...map, [name]: withLeaf(map[name]!, rest, value) };
}
