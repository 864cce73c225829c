/**
 * Settings of a site, not of the project: `pipe.local.yaml` and `PIPE_SLURM`. They are not part of
 * any key.
 */
import type { Project } from '../decide/project.js';
import { UserError } from '../error.js';
import { type AstNode, child, keyAt } from '../pipeline/document/ast.js';
import { createDiagnostics, type Diagnostics } from '../pipeline/document/diagnostics.js';
import { parseDuration } from '../pipeline/document/quantity.js';
import { readText } from '../pipeline/document/read-text.js';
import { createSource, type Span } from '../pipeline/document/source-text.js';
import { listed, suggest } from '../pipeline/document/suggest.js';
import { describeValue } from '../pipeline/document/value-errors.js';
import { parseYaml } from '../pipeline/document/yaml.js';
import { BUILT_IN } from './choice.js';
import { splitWords } from './scheduler-programs.js';
import {
  COMMAND_VALUES,
  COMMANDS,
  type Command,
  EXAMPLES,
  NEEDED,
  namesIn,
  OPTION_NAMES,
  type OptionName,
  type Template,
} from './templates.js';

export const LOCAL_FILE = 'pipe.local.yaml';

/** Default limit of jobs that a scheduler may have at the same time. */
const JOBS = 50;

/** In seconds. NFS caches attributes for this long. */
const LATENCY = 60;

interface Common {
  readonly jobs: number;
  readonly setup: string;
  /**
   * Shell lines that check out the project into an empty folder, for nodes that do not share it;
   * empty: they do.
   */
  readonly checkout: string;
  readonly latency: number;
}

/** An executor that the site defines by commands. */
export interface Described extends Common, Record<Command, Template> {
  /** Options of `submit`, each used for the jobs that it applies to. */
  readonly options: Readonly<Partial<Record<OptionName, Template>>>;
}

export interface Site {
  readonly slurm: Common & { readonly flags: readonly string[] };
  /** By name. */
  readonly described: ReadonlyMap<string, Described>;
  /** Settings of a built-in executor. */
  commonOf(executor: string): Common;
}

/** @throws UserError with all mistakes and their places */
export function readSite({ root, env }: Pick<Project, 'root' | 'env'>): Site {
  const text = textOf(root);
  const diagnostics = createDiagnostics(createSource(LOCAL_FILE, text));
  const file = text.trim() === '' ? undefined : parseYaml(diagnostics);
  if (file !== undefined) knownKeys(file, ['slurm', 'executors'], diagnostics);
  const node = file && child(file, 'slurm');
  if (node !== undefined) knownKeys(node, ['flags', ...COMMON], diagnostics);
  const common = commonOf(node, diagnostics);
  const described = describedIn(file, diagnostics);
  const stated = textAt(node, 'flags', diagnostics, 'a text with options of sbatch');
  const flags = [stated, env.PIPE_SLURM ?? ''].flatMap(splitWords);
  diagnostics.check();
  const slurm = { ...common, flags };
  return { slurm, described, commonOf: (executor) => described.get(executor) ?? slurm };
}

const COMMON = ['jobs', 'setup', 'checkout', 'latency'];

function describedIn(
  file: AstNode | undefined,
  diagnostics: Diagnostics,
): ReadonlyMap<string, Described> {
  const node = file && child(file, 'executors');
  const found = new Map<string, Described>();
  if (node === undefined) return found;
  mapOf(node, diagnostics);
  for (const [name, { key, node: each }] of node.entries ?? []) {
    if (BUILT_IN.includes(name)) {
      const message = `"${name}" is a built-in executor of pipe`;
      diagnostics.add({ code: 'wrong-value', message, hint: 'choose another name' }, key);
      continue;
    }
    const known = [...COMMANDS, 'options', ...COMMON];
    knownKeys(each, known, diagnostics);
    const templates = templatesOf(each, key, diagnostics);
    if (templates !== undefined) found.set(name, { ...commonOf(each, diagnostics), ...templates });
  }
  return found;
}

/** Undefined after mistakes. */
function templatesOf(
  node: AstNode,
  key: Span,
  diagnostics: Diagnostics,
): Omit<Described, keyof Common> | undefined {
  const commands = COMMANDS.map((name) => {
    const at = child(node, name);
    if (at !== undefined) return [name, templateAt(at, COMMAND_VALUES[name], diagnostics)] as const;
    const message = `an executor needs the command "${name}"`;
    diagnostics.add({ code: 'missing-key', message, hint: EXAMPLES[name] }, key);
    return [name, undefined] as const;
  });
  const options = child(node, 'options');
  if (options !== undefined) knownKeys(options, OPTION_NAMES, diagnostics);
  const stated = OPTION_NAMES.flatMap((name) => {
    const at = options && child(options, name);
    return at === undefined ? [] : [[name, templateAt(at, [name], diagnostics)] as const];
  });
  if (commands.some(([, template]) => template === undefined)) return undefined;
  return {
    ...(Object.fromEntries(commands) as Record<Command, Template>),
    options: Object.fromEntries(stated) as Described['options'],
  };
}

function templateAt(
  node: AstNode,
  values: readonly string[],
  diagnostics: Diagnostics,
): Template | undefined {
  const add = (message: string, hint: string) => {
    diagnostics.add({ code: 'wrong-value', message, hint }, node.span);
    return undefined;
  };
  const { value } = node;
  if (typeof value !== 'string' || value.trim() === '')
    return add(`expected a command, got ${describeValue(value)}`, 'write it as in a shell');
  for (const name of namesIn(value))
    if (!values.includes(name)) {
      const known = values.length === 0 ? 'it takes none' : listed(values, 'known values are');
      return add(`unknown value "\${${name}}"`, `${known}; write $${name} for a shell variable`);
    }
  const lacking = values.find((name) => NEEDED.has(name) && !namesIn(value).includes(name));
  if (lacking !== undefined)
    return add(`the command does not use "\${${lacking}}"`, `add \${${lacking}} to it`);
  return value;
}

function textOf(root: string): string {
  const read = readText(root, LOCAL_FILE);
  if ('text' in read) return read.text;
  if (read.mistake.code === 'missing-file') return '';
  throw new UserError({ ...read.mistake, hint: read.mistake.hint ?? 'correct or remove it' });
}

function commonOf(node: AstNode | undefined, diagnostics: Diagnostics): Common {
  const jobs = valueAt(node, 'jobs', diagnostics, 'a whole number of at least 1', (value) =>
    Number.isInteger(value) && Number(value) >= 1 ? Number(value) : undefined,
  );
  const [setup = '', checkout = ''] = ['setup', 'checkout'].map((key) =>
    textAt(node, key, diagnostics, 'a text with lines for a shell'),
  );
  const latency = valueAt(node, 'latency', diagnostics, 'a time such as 60s', parseDuration);
  return { jobs: jobs ?? JOBS, setup, checkout, latency: latency ?? LATENCY };
}

/** Empty if it is absent or wrong. */
function textAt(
  node: AstNode | undefined,
  key: string,
  diagnostics: Diagnostics,
  expected: string,
): string {
  const isText = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return valueAt(node, key, diagnostics, expected, isText) ?? '';
}

function valueAt<T>(
  node: AstNode | undefined,
  key: string,
  diagnostics: Diagnostics,
  expected: string,
  parse: (value: unknown) => T | undefined,
): T | undefined {
  const at = node && child(node, key);
  if (at === undefined) return undefined;
  const value = parse(at.value);
  if (value === undefined) {
    const message = `expected ${expected}, got ${describeValue(at.value)}`;
    diagnostics.add({ code: 'wrong-value', message }, at.span);
  }
  return value;
}

function mapOf(node: AstNode, diagnostics: Diagnostics): void {
  if (node.entries !== undefined) return;
  const message = `expected a map, got ${describeValue(node.value)}`;
  diagnostics.add({ code: 'wrong-value', message }, node.span);
}

function knownKeys(node: AstNode, known: readonly string[], diagnostics: Diagnostics): void {
  mapOf(node, diagnostics);
  for (const key of node.entries?.keys() ?? []) {
    if (known.includes(key)) continue;
    const hint = suggest(key, known, 'known keys are');
    diagnostics.add(
      { code: 'unknown-key', message: `unknown key "${key}"`, hint },
      keyAt(node, [key]),
    );
  }
}
