/** Converts schema errors to diagnostics with texts and places. */

import { type AstNode, keyAt, type Path, partAt, spanAt } from './ast.js';
import type { Diagnostics } from './diagnostics.js';
import { OTHER_WAYS, OTHER_WORDS, OUT_WAYS } from './foreign-keys.js';
import { INNER_KEYS, type Issue, STAGE_KEYS } from './pipeline-schema.js';
import { nearest, suggest } from './suggest.js';
import { BEGIN, EXPECTED, type Expected, isWhat, mistakeOf } from './value-errors.js';

/** The invalid parts of the file. */
export interface Broken {
  /** `params`, `profiles`, `stages`. */
  readonly top: ReadonlySet<string>;
  /** Keys by stage; `*` for the whole stage. */
  readonly stages: ReadonlyMap<string, ReadonlySet<string>>;
}

interface Target {
  readonly root: AstNode;
  readonly diagnostics: Diagnostics;
}

export function reportSchemaErrors(issues: readonly Issue[], target: Target): Broken {
  const { root } = target;
  const top = new Set<string>();
  const stages = new Map<string, Set<string>>();
  for (const issue of issues) {
    tell(issue, issue.path, target);
    const [section, name, key] = issue.path.map(String);
    if (section === undefined) continue;
    if (section !== 'stages' || name === undefined) top.add(section);
    else {
      const keys = stages.get(name) ?? new Set();
      for (const each of unusable(issue, key, root)) stages.set(name, keys.add(each));
    }
  }
  return { top, stages };
}

/** The keys of a stage that an issue makes unknown: for a typo, the intended key. */
function unusable(issue: Issue, key: string | undefined, root: AstNode): readonly string[] {
  if (key !== undefined) return [key];
  if (issue.code !== 'unrecognized_keys') return ['*'];
  const { entries } = partAt(root, issue.path);
  return issue.keys
    .flatMap((each) => meantKey(each, STAGE_KEYS) ?? [])
    .filter((each) => !entries?.has(each));
}

function tell(issue: Issue, path: Path, target: Target): void {
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) unknownKey(key, path, target);
      return;
    case 'invalid_key':
      wrongKey(expectedOf(issue.issues[0]?.message, 'name'), path, target);
      return;
    case 'invalid_union': {
      const inner = meantBranch(issue.errors, path, target.root);
      if (!inner) wrong(expectedOf(issue.message, 'scalar'), path, target);
      for (const each of inner ?? []) tell(each, [...path, ...each.path], target);
      return;
    }
    default:
      wrong(expectedOf(issue.message, undefined, issue), path, target);
  }
}

/**
 * The branch of a union that fits the kind of the written value, if the error is deeper inside. A map
 * fits if it has a known key, or a typo of one.
 */
function meantBranch(
  branches: readonly (readonly Issue[])[],
  path: Path,
  root: AstNode,
): readonly Issue[] | undefined {
  const { entries } = partAt(root, path);
  const known = knownKeys(path);
  return branches.find((issues) =>
    issues.every((issue) => {
      if (issue.code !== 'unrecognized_keys' || issue.path.length > 0) return issue.path.length > 0;
      const isTypo = issue.keys.some((key) => meantKey(key, known) !== undefined);
      return isTypo || entries === undefined || issue.keys.length < entries.size;
    }),
  );
}

function expectedOf(
  message: string | undefined,
  otherwise?: 'name' | 'scalar',
  issue?: Issue,
): Expected {
  if (message !== undefined && isWhat(message)) return EXPECTED[message];
  if (otherwise) return EXPECTED[otherwise];
  // A part without its own texts uses the texts for its kind.
  const kind = issue?.code === 'invalid_type' ? issue.expected : '';
  if (kind === 'object' || kind === 'record') return EXPECTED.map;
  if (kind === 'array') return EXPECTED.list;
  if (kind === 'string' || issue?.code === 'too_small') return EXPECTED.text;
  throw new Error(`value-errors.ts has no text for: ${message} (${issue?.code})`);
}

function wrongKey(what: Expected, path: Path, { root, diagnostics }: Target): void {
  const span = keyAt(root, path) ?? spanAt(root, path);
  diagnostics.add(mistakeOf(what, path.at(-1)), span);
}

function wrong(what: Expected, path: Path, target: Target): void {
  const { root, diagnostics } = target;
  const parent = partAt(root, path.slice(0, -1));
  const last = path.at(-1);
  if (typeof last === 'string' && parent.entries && !parent.entries.has(last)) {
    missing(last, path, target);
    return;
  }
  const { value } = partAt(root, path);
  if (path.length === 0 && value === null) {
    const message = `${diagnostics.source.file} is empty`;
    diagnostics.add({ code: 'missing-key', message, hint: BEGIN }, root.span);
    return;
  }
  // Each misplaced stage is reported on its own.
  if (path[0] === 'stages' && value === null && hasStageOutside(root)) return;
  diagnostics.add(mistakeOf(what, value, '', typeof last === 'number'), spanAt(root, path));
}

function hasStageOutside({ entries }: AstNode): boolean {
  return [...(entries?.values() ?? [])].some(({ node }) => isStage(node));
}

function isStage({ entries }: AstNode): boolean {
  return entries?.has('cmd') === true || entries?.has('run') === true;
}

function missing(key: string, path: Path, { root, diagnostics }: Target): void {
  const owner = path.slice(0, -1);
  const span = keyAt(root, owner) ?? spanAt(root, owner);
  const where = owner.length === 0 ? 'the pipeline' : `"${String(owner.at(-1))}"`;
  // If a typo of the missing key is present, only the typo is reported.
  if (isMeantIn(partAt(root, owner), key)) return;
  const hint = owner.length === 0 ? BEGIN : LACKING[key];
  diagnostics.add({ code: 'missing-key', message: `${where} has no "${key}"`, hint }, span);
}

const LACKING: Readonly<Record<string, string>> = {
  max: 'as in: { max: 100 }',
  metric: 'as in: { metric: val.ssim, mode: max }',
  mode: 'as in: { metric: val.ssim, mode: max }',
  path: 'as in: { path: data/faces }',
  url: 'as in: { url: s3://bucket/folder }',
};

function isMeantIn({ entries }: AstNode, key: string): boolean {
  return [...(entries?.keys() ?? [])].some((each) => meantKey(each, [key]) === key);
}

function unknownKey(key: string, path: Path, { root, diagnostics }: Target): void {
  const at = keyAt(root, [...path, key]) ?? spanAt(root, path);
  const hint = placeFor(key, path, partAt(root, [...path, key])) ?? keyHint(key, path);
  diagnostics.add({ code: 'unknown-key', message: `unknown key "${key}"`, hint }, at);
}

/** Where a misplaced key belongs. */
function placeFor(key: string, path: Path, value: AstNode): string | undefined {
  if (path.length === 0) {
    if (STAGE_KEYS.includes(key))
      return `write it in a stage, as in: stages: { name: { ${key}: … } }`;
    return isStage(value) ? 'it looks like a stage: indent it below stages:' : undefined;
  }
  const owner = path.length === 2 ? INNER_KEYS.resources?.includes(key) : false;
  return owner ? `write resources: { ${key}: … }` : undefined;
}

function keyHint(key: string, path: Path): string | undefined {
  const known = knownKeys(path);
  const isOwn = path.length === 0 || path.length === 2;
  const ways = isOwn ? OTHER_WAYS : path[2] === 'outs' ? OUT_WAYS : {};
  if (Object.hasOwn(ways, key)) return ways[key];
  const meant = meantKey(key, known);
  return meant === undefined ? suggest(key, known, 'known keys are') : `did you mean "${meant}"?`;
}

/** The known key that a typo, or another tool's key, probably means. */
function meantKey(key: string, known: readonly string[]): string | undefined {
  const word = Object.hasOwn(OTHER_WORDS, key) ? OTHER_WORDS[key] : undefined;
  return word !== undefined && known.includes(word) ? word : nearest(key, known);
}

function knownKeys(path: Path): readonly string[] {
  if (path.length === 0) return ['params', 'profiles', 'shell', 'packages', 'remote', 'stages'];
  if (path.length === 2) return STAGE_KEYS;
  // Names of deps are arbitrary.
  if (path[2] === 'deps') return ['path', 'optional', 'exclude'];
  if (path[2] === 'outs') return ['path', 'protected', 'temp'];
  if (path[2] === 'plots') return ['path', 'x', 'y'];
  if (path[2] === 'matrix') return ['glob', 'strip', 'lines'];
  return INNER_KEYS[String(path.at(-1))] ?? INNER_KEYS[String(path[2])] ?? [];
}
