/** A stage → its items: each cell's paths, params and command, with the holes filled. */
import type { Json } from '../stage/context.js';
import { argvAction, type PatternOf, shellAction } from './command.js';
import type { Draft, DraftDep, Written } from './draft.js';
import { limitsOf } from './fields.js';
import { escapeGlob } from './glob.js';
import { child, keyAt, type Located } from './located.js';
import { cellsOf, itemId } from './matrix.js';
import { type Param, paramAt, unknownParam } from './params.js';
import { depPath, normalisePath, outMistake, scriptMistake } from './paths.js';
import type { Action, Out } from './plan.js';
import type { Problems } from './problems.js';
import type { StageSpec } from './schema.js';
import { type CommandScope, lookupIn, lookupInCommand, type Scope } from './scope.js';
import { fill, parseTemplate, type Template } from './template.js';
import { toleranceOf } from './tolerance.js';

export interface StageInput {
  readonly name: string;
  readonly spec: StageSpec;
  readonly node: Located;
  /** Keys whose value does not fit the schema: what rests on them is not judged. */
  readonly broken: ReadonlySet<string>;
  /** Undefined when the params have mistakes of their own. */
  readonly params: Param | undefined;
}

/** The stage's templates, parsed once for all its items. */
interface Templates {
  readonly deps: readonly Written[];
  readonly outs: readonly Written[];
  readonly params: readonly Template[];
  readonly desc: Template | undefined;
  readonly run: Template | undefined;
  readonly cmd: Template | readonly Template[] | undefined;
}

/** The items in matrix order; none when the matrix itself is mistaken. */
export function draftStage(input: StageInput, problems: Problems): readonly Draft[] {
  checkStage(input, problems);
  const { name, node, params, broken } = input;
  const templates = templatesOf(input, problems);
  const lookup = lookupIn({ cell: {}, params, axesUnknown: false });
  const matrix = broken.has('matrix') ? undefined : child(node, 'matrix');
  const cells = broken.has('matrix') ? undefined : cellsOf(name, matrix, lookup, problems);
  // Without cells, the rest is still looked through for its mistakes.
  const drafts = (cells ?? [{}]).map((cell) =>
    draftItem(input, templates, { cell, params, axesUnknown: !cells }, problems),
  );
  return cells ? drafts.filter((draft) => draft !== undefined) : [];
}

function checkStage({ spec, node, broken }: StageInput, problems: Problems): void {
  const key = (name: string) => keyAt(node, [name]) ?? node.span;
  if (spec.run !== undefined && spec.cmd !== undefined) {
    const message = 'a stage has either run or cmd, this one has both';
    problems.add({ code: 'run-and-cmd', message, hint: 'make two stages of it' }, key('cmd'));
  }
  const action = ['run', 'cmd'].some((name) => child(node, name) || broken.has(name));
  if (!action) {
    const message = 'the stage does nothing: it has neither run nor cmd';
    const hint = 'run: a TypeScript or JavaScript module; cmd: any other command';
    problems.add({ code: 'no-action', message, hint }, node.span);
  }
  const both = spec.env?.find((name) => spec.secrets?.includes(name));
  if (both !== undefined) {
    const message = `${both} stands in env and in secrets`;
    const hint = 'what decides on the result belongs into env, what nobody may see into secrets';
    problems.add({ code: 'env-and-secrets', message, hint }, key('secrets'));
  }
}

function templatesOf({ spec, node }: StageInput, problems: Problems): Templates {
  const parse = (part: Located) => parseTemplate(String(part.value), part, problems);
  const one = (name: 'run' | 'desc') =>
    spec[name] === undefined ? undefined : parse(child(node, name)!);
  const cmd = spec.cmd === undefined ? undefined : child(node, 'cmd')!;
  const named = (name: 'deps' | 'outs' | 'metrics') =>
    spec[name] === undefined ? [] : namedOf(child(node, name)!, name === 'metrics', parse);
  return {
    deps: named('deps'),
    outs: [...named('outs'), ...named('metrics')],
    params: spec.params === undefined ? [] : child(node, 'params')!.items!.map(parse),
    desc: one('desc'),
    run: one('run'),
    cmd: cmd?.items ? cmd.items.map(parse) : cmd && parse(cmd),
  };
}

function namedOf(
  node: Located,
  metrics: boolean,
  parse: (part: Located) => Template,
): readonly Written[] {
  if (node.items) {
    return node.items.map((item) => ({ name: undefined, path: parse(item), metrics }));
  }
  return [...node.entries!].map(([name, entry]) => ({ name, path: parse(entry.node), metrics }));
}

function draftItem(
  input: StageInput,
  templates: Templates,
  scope: Scope,
  problems: Problems,
): Draft | undefined {
  const { name, spec, node } = input;
  const lookup = lookupIn(scope);
  const deps = depsOf(templates.deps, scope, problems);
  const outs = outsOf(templates.outs, scope, problems);
  const action = actionOf(input, templates, scope, deps, outs?.outs, problems);
  const params = paramsOf(templates.params, scope, problems);
  const desc = templates.desc && fill(templates.desc, lookup, problems);
  const limits = limitsOf({ spec, node, lookup, problems });
  const tolerance =
    spec.tolerance && outs && toleranceOf(child(node, 'tolerance')!, outs.outs, lookup, problems);
  if (!deps || !outs || !action) return undefined;
  return {
    deps,
    outs: outs.written,
    item: {
      id: itemId(name, scope.cell),
      stage: name,
      matrix: scope.cell,
      ...(desc !== undefined && { desc }),
      action,
      outs: outs.outs,
      params,
      env: [...new Set(spec.env)].sort(),
      secrets: [...new Set(spec.secrets)].sort(),
      ...limits,
      always: spec.always ?? false,
      ...(tolerance && { tolerance }),
    },
  };
}

/** Values of axes stand for themselves in a pattern, whatever characters they hold. */
function depText(
  { path }: Written,
  { cell }: Scope,
  lookup: ReturnType<typeof lookupIn>,
  problems: Problems,
) {
  return fill(path, lookup, problems, (value, { name }) =>
    Object.hasOwn(cell, name) ? escapeGlob(String(value)) : String(value),
  );
}

function depsOf(
  written: readonly Written[],
  scope: Scope,
  problems: Problems,
): readonly DraftDep[] | undefined {
  const deps: DraftDep[] = [];
  const lookup = lookupIn(scope);
  let sound = true;
  for (const each of written) {
    const text = depText(each, scope, lookup, problems);
    const dep = text === undefined ? undefined : depPath(text);
    if (dep && 'path' in dep) deps.push({ ...dep, name: each.name ?? dep.path, written: each });
    else sound = false;
    if (dep && 'mistake' in dep) problems.add(dep.mistake, each.path.node.span);
  }
  checkTwice(deps, problems);
  return sound ? deps : undefined;
}

function checkTwice(deps: readonly DraftDep[], problems: Problems): void {
  const names = new Set<string>();
  for (const { name, written } of deps) {
    if (names.has(name)) {
      const message = `the dep "${name}" stands here a second time`;
      problems.add({ code: 'duplicate-name', message }, written.path.node.span);
    }
    names.add(name);
  }
}

interface Outs {
  readonly outs: readonly Out[];
  readonly written: readonly Written[];
}

function outsOf(all: readonly Written[], scope: Scope, problems: Problems): Outs | undefined {
  const lookup = lookupIn(scope);
  const outs: Out[] = [];
  const written: Written[] = [];
  let sound = true;
  for (const each of all) {
    const text = fill(each.path, lookup, problems);
    const normal = text === undefined ? undefined : normalisePath(text);
    const mistake = normal && ('mistake' in normal ? normal.mistake : outMistake(normal.path));
    if (mistake) problems.add(mistake, each.path.node.span);
    if (!normal || mistake || !('path' in normal)) {
      sound = false;
      continue;
    }
    const { path } = normal;
    const same = each.metrics ? outs.findIndex((out) => out.path === path) : -1;
    if (same >= 0) outs[same] = { ...outs[same]!, metrics: true };
    else {
      outs.push({ name: each.name ?? path, path, metrics: each.metrics });
      written.push(each);
    }
  }
  checkOutNames(outs, written, problems);
  return sound ? { outs, written } : undefined;
}

function checkOutNames(
  outs: readonly Out[],
  written: readonly Written[],
  problems: Problems,
): void {
  for (const [index, { name }] of outs.entries()) {
    const first = outs.findIndex((out) => out.name === name);
    // The same path twice is told as an overlap.
    if (first === index || outs[first]!.path === outs[index]!.path) continue;
    const message = `two outs are called "${name}"`;
    problems.add({ code: 'duplicate-name', message }, written[index]!.path.node.span);
  }
}

function paramsOf(
  names: readonly Template[],
  scope: Scope,
  problems: Problems,
): Readonly<Record<string, Json>> {
  const lookup = lookupIn(scope);
  const params: Record<string, Json> = {};
  for (const template of names) {
    const path = fill(template, lookup, problems);
    if (path === undefined || !scope.params) continue;
    const param = paramAt(scope.params, path);
    if (param) params[path] = param.value;
    else problems.add(unknownParam(path, scope.params), template.node.span);
  }
  return params;
}

function actionOf(
  input: StageInput,
  { run, cmd }: Templates,
  scope: Scope,
  deps: readonly DraftDep[] | undefined,
  outs: readonly Out[] | undefined,
  problems: Problems,
): Action | undefined {
  if (run) return moduleAction(run, scope, problems);
  if (!cmd) return undefined;
  const { broken } = input;
  const known = (list: readonly { name: string; path: string }[] | undefined, ...keys: string[]) =>
    list && !keys.some((key) => broken.has(key))
      ? new Map(list.map(({ name, path }) => [name, path]))
      : undefined;
  const inCommand: CommandScope = {
    ...scope,
    deps: known(deps, 'deps'),
    outs: known(outs, 'outs', 'metrics'),
  };
  const lookup = lookupInCommand(inCommand);
  const patternOf = patternsIn(deps ?? []);
  return 'parts' in cmd
    ? shellAction(cmd, lookup, patternOf, problems)
    : argvAction(cmd, lookup, patternOf, problems);
}

function patternsIn(deps: readonly DraftDep[]): PatternOf {
  const patterns = new Map<string, { dep: string; pattern: string }>();
  for (const { name, path, glob } of deps) {
    if (glob) patterns.set(`deps.${name}`, { dep: name, pattern: path });
  }
  return (hole) => patterns.get(hole);
}

function moduleAction(run: Template, scope: Scope, problems: Problems): Action | undefined {
  const text = fill(run, lookupIn(scope), problems);
  if (text === undefined) return undefined;
  const normal = normalisePath(text);
  const mistake = 'mistake' in normal ? normal.mistake : scriptMistake(normal.path);
  if (mistake) problems.add(mistake, run.node.span);
  return mistake || 'mistake' in normal ? undefined : { kind: 'module', file: normal.path };
}
