/** What belongs to a site and not to the project: `pipe.local.yaml` and `PIPE_SLURM`. Nothing of it enters a key. */
import type { Project } from '../decide/project.js';
import { UserError } from '../error.js';
import { type AstNode, child, keyAt } from '../pipeline/document/ast.js';
import { createDiagnostics, type Diagnostics } from '../pipeline/document/diagnostics.js';
import { parseDuration } from '../pipeline/document/quantity.js';
import { readText } from '../pipeline/document/read-text.js';
import { createSource } from '../pipeline/document/source-text.js';
import { suggest } from '../pipeline/document/suggest.js';
import { describeValue } from '../pipeline/document/value-errors.js';
import { parseYaml } from '../pipeline/document/yaml.js';
import { splitWords } from './scheduler-programs.js';

const LOCAL_FILE = 'pipe.local.yaml';

/** Jobs that a scheduler may know at once, unless the site says. */
const JOBS = 50;

/** Seconds; NFS caches attributes for as long as this. */
const LATENCY = 60;

interface Common {
  readonly jobs: number;
  readonly setup: string;
  readonly latency: number;
}

export interface Site {
  readonly slurm: Common & { readonly flags: readonly string[] };
  setupOf(executor: string): string;
  latencyOf(executor: string): number;
}

/** @throws UserError with the places of all mistakes */
export function readSite({ root, env }: Pick<Project, 'root' | 'env'>): Site {
  const text = textOf(root);
  const diagnostics = createDiagnostics(createSource(LOCAL_FILE, text));
  const file = text.trim() === '' ? undefined : parseYaml(diagnostics);
  if (file !== undefined) knownKeys(file, ['slurm'], diagnostics);
  const node = file && child(file, 'slurm');
  if (node !== undefined) knownKeys(node, ['flags', 'jobs', 'setup', 'latency'], diagnostics);
  const common = commonOf(node, diagnostics);
  const flags = [...wordsAt(node, 'flags', diagnostics), ...splitWords(env.PIPE_SLURM ?? '')];
  diagnostics.check();
  const slurm = { ...common, flags };
  return { slurm, setupOf: () => slurm.setup, latencyOf: () => slurm.latency };
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
  const setup = valueAt(node, 'setup', diagnostics, 'a text: lines of a shell', (value) =>
    typeof value === 'string' ? value : undefined,
  );
  const latency = valueAt(node, 'latency', diagnostics, 'a time such as 60s', parseDuration);
  return { jobs: jobs ?? JOBS, setup: setup ?? '', latency: latency ?? LATENCY };
}

/** A text is split as a shell does. */
function wordsAt(
  node: AstNode | undefined,
  key: string,
  diagnostics: Diagnostics,
): readonly string[] {
  const words = valueAt(node, key, diagnostics, 'a text, or a list of texts', (value) =>
    typeof value === 'string' ? splitWords(value) : undefined,
  );
  return words ?? [];
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

function knownKeys(node: AstNode, known: readonly string[], diagnostics: Diagnostics): void {
  if (node.entries === undefined) {
    const message = `expected a map, got ${describeValue(node.value)}`;
    diagnostics.add({ code: 'wrong-value', message }, node.span);
  }
  for (const key of node.entries?.keys() ?? []) {
    if (known.includes(key)) continue;
    const hint = suggest(key, known, 'known keys are');
    diagnostics.add(
      { code: 'unknown-key', message: `unknown key "${key}"`, hint },
      keyAt(node, [key]),
    );
  }
}
