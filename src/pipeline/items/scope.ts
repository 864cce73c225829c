/** The names that `${…}` can use in each part of a stage, and the errors for other names. */
import { textOf } from '../document/ast.js';
import type { Mistake } from '../document/diagnostics.js';
import { nearest, suggest } from '../document/suggest.js';
import { allPaths, type Param, paramAt, siblings } from '../params-tree.js';
import type { Resources } from '../plan.js';
import { pathInCommand } from './command-parts.js';
import type { Found, Lookup, Means } from './fill-placeholders.js';
import type { Cell } from './matrix.js';

interface Scope {
  readonly cell: Cell;
  /** Undefined if the params have errors. */
  readonly params: Param | undefined;
  /** The matrix has errors: an unknown name may be an axis. */
  readonly axesUnknown: boolean;
}

/** Context to fill placeholders of a stage, for one cell. */
export interface Site extends Means {
  readonly scope: Scope;
}

/** Commands can name deps and outs too. */
export interface CommandScope extends Scope {
  readonly deps: Paths;
  readonly outs: Paths;
  readonly resources: Resources;
}

/** By name; undefined for a path with errors. */
export interface Paths {
  readonly byName: ReadonlyMap<string, string | undefined>;
  /** False if some names were not readable. */
  readonly complete: boolean;
}

/** An axis takes precedence over a param of the same name. */
export function lookupIn(scope: Scope): Lookup {
  return (name) => {
    const axis = Object.hasOwn(scope.cell, name) ? scope.cell[name] : undefined;
    if (axis !== undefined) return axis;
    if (isOfCommand(name)) return { mistake: onlyInCommands(name) };
    return param(name, scope) ?? { mistake: unknownName(name, scope) };
  };
}

/** True for names that only commands know. */
export function isOfCommand(name: string): boolean {
  return /^(?:deps|outs|resources)\./.test(name);
}

export function lookupInCommand(scope: CommandScope): Lookup {
  const names = lookupIn(scope);
  return (name) => {
    const [, kind, key] = /^(deps|outs|resources)\.(.+)$/.exec(name) ?? [];
    if (kind === 'resources') return resource(key!, scope.resources);
    if (kind === undefined) {
      const found = names(name);
      const isUnknown =
        typeof found === 'object' && 'mistake' in found && found.mistake.code === 'unknown-name';
      return isUnknown ? inCommand(name, scope) : found;
    }
    const paths = kind === 'deps' ? scope.deps : scope.outs;
    const path = paths.byName.get(key!);
    if (path !== undefined) return { value: pathInCommand(path) };
    if (paths.byName.has(key!) || !paths.complete) return 'unknowable';
    return { mistake: unknownPath(kind, key!, [...paths.byName.keys()]) };
  };
}

const RESOURCES = ['cpu', 'memory', 'gpu'] as const;

export function isResource(name: string): boolean {
  return name.startsWith('resources.');
}

/** Cores and GPUs have a default. Memory does not, and 0 bytes would be wrong. */
function resource(key: string, resources: Resources): Found {
  const known = RESOURCES.find((name) => name === key);
  if (known === undefined) return { mistake: unknownPath('resources', key, RESOURCES) };
  if (known !== 'memory' || resources.memory > 0) return { value: resources[known] };
  const message = '${resources.memory} is not known: the stage does not set its memory';
  const hint = 'write resources: { memory: 4G }';
  return { mistake: { code: 'unknown-name', message, hint } };
}

function param(name: string, { cell, params, axesUnknown }: Scope): Found | undefined {
  if (!params) return 'unknowable';
  const found = paramAt(params, name);
  if (axesUnknown && (!found || found.parts)) return 'unknowable';
  return found && forCell(name, found, cell);
}

/** A map has a value for each item: the entry for a value of one of its axes, else `default`. */
function forCell(name: string, param: Param, cell: Cell): Found {
  const { parts } = param;
  const values = [...new Set(Object.values(cell).map(textOf))];
  if (!parts || values.length === 0) return param;
  const matching = values.filter((value) => value !== 'default' && parts.has(value));
  const key = matching[0] ?? 'default';
  const entry = parts.get(key);
  if (matching.length > 1 || !entry) return { mistake: noEntry(name, values, matching) };
  return { ...entry, path: `${name}.${key}` };
}

function noEntry(name: string, values: readonly string[], matching: readonly string[]): Mistake {
  const [of, hint] =
    matching.length > 1
      ? [`entries for both ${matching.join(' and ')}`, 'name values of one axis only']
      : [`no entry for ${values.join(' or ')}`, 'add one, or an entry "default" for all others'];
  const message = `\${${name}} is a map with ${of}: only one entry can be inserted here`;
  return { code: 'no-entry', message, hint };
}

function onlyInCommands(name: string): Mistake {
  return {
    code: 'unknown-name',
    message: `\${${name}} can be used only in cmd`,
    hint: 'here, use an axis of the matrix or a param',
  };
}

function inCommand(name: string, scope: CommandScope): Found {
  const paths = [
    ...[...scope.deps.byName.keys()].map((key) => `deps.${key}`),
    ...[...scope.outs.byName.keys()].map((key) => `outs.${key}`),
  ];
  return { mistake: unknownName(name, scope, paths) };
}

/** @param paths the deps and outs that a command can name; undefined elsewhere */
function unknownName(name: string, { cell, params }: Scope, paths?: readonly string[]): Mistake {
  const known = [...Object.keys(cell), ...(params ? allPaths(params) : []), ...(paths ?? [])];
  const meant = nameInside(name);
  const plain = /^[\p{L}\p{N}_./-]+$/u.test(name);
  const kinds = paths ? 'an axis, a param, deps.x, outs.x or resources.x' : 'an axis or a param';
  const hint = known.includes(meant)
    ? `write \${${meant}}`
    : paths && isOfShell(name, known)
      ? `for the shell's own \${${name}} write $\${${name}}`
      : name.startsWith('env.')
        ? `a command reads ${name.slice(4)} itself, as in $${name.slice(4)}: list it under env: if it affects the result; elsewhere, use a param`
        : plain
          ? ((params && siblings(name, params)) ?? suggest(name, known, 'known here are'))
          : `\${…} takes a name, not an expression: ${kinds}`;
  // `${{ x }}` ends at its first brace.
  const written = `\${${name}}${name.startsWith('{') ? '}' : ''}`;
  return { code: 'unknown-name', message: `${written} is not known here`, hint };
}

/** `${x-y}` is an expansion of the shell, or a misspelt name with a hyphen. */
function isOfShell(name: string, known: readonly string[]): boolean {
  if (/^[A-Z_][A-Z0-9_]*$|[:#%/]/.test(name)) return true;
  return /^\w+-/.test(name) && nearest(name, known) === undefined;
}

/** The name in `${{ x }}`, `${params.x}`, `${item.x}`, `${input.x}`: syntax of other tools. */
function nameInside(name: string): string {
  return name
    .replace(/[{}\s]/g, '')
    .replace(/^(?:params|matrix|item|axis|wildcards)\./, '')
    .replace(/^inputs?\./, 'deps.')
    .replace(/^outputs?\./, 'outs.');
}

function unknownPath(kind: string, key: string, known: readonly string[]): Mistake {
  const none = known.length === 0 ? `the stage has no ${kind}` : undefined;
  const near = nearest(key, known);
  const meant = near === undefined ? undefined : `did you mean "${kind}.${near}"?`;
  // In a list, the path is the name.
  const listed = known.find((name) => /[./]/.test(name));
  const named = listed === undefined ? '' : `; to name one: ${kind}: { ${key}: ${listed} }`;
  const hint = none ?? meant ?? `${suggest(key, known, `${kind} are`)}${named}`;
  return { code: 'unknown-name', message: `\${${kind}.${key}} is not known here`, hint };
}
