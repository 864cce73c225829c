/** Reasons why an item is not fresh: the difference between two manifests, whose hashes are the keys. */
import type { Matches } from '../cache/cache.js';
import type { Digest } from '../cache/objects/digest.js';
import type { TreeEntry } from '../cache/objects/tree.js';
import { canonical } from '../canonical.js';
import { isTree } from '../json.js';
import type { CommandCode, Identity, Manifest, ModuleCode } from '../manifest.js';
import type { Json } from '../stage/context.js';
import { inFolder } from '../sys/is-within.js';
import { commandFromTo, fromTo, importedBy, verb } from './from-to.js';

export interface Reason {
  readonly kind:
    | 'never'
    | 'failed'
    | 'interrupted'
    | 'running'
    | 'submitted'
    | 'format'
    | 'code'
    | 'package'
    | 'command'
    | 'matrix'
    | 'param'
    | 'env'
    | 'dep'
    | 'outs'
    | 'epochs'
    | 'out'
    | 'lost'
    | 'always'
    | 'forced'
    | 'upstream';
  /** A clause such as `param train.learningRate 0.001 → 0.0003`. */
  readonly text: string;
}

/** An item at some point in time: its manifest, and the evidence that names single files. */
export interface Evidence {
  readonly manifest: Manifest;
  /** Local code files by path with the digest of their stripped text. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Explainer {
  /** The file that imports this one, for the message. */
  importerOf(file: string): string | undefined;
  /** The path of a dep by its name, as the user wrote it. */
  pathOf(dep: string): string;
  /** The param from which `epochs:` takes its target: reported as `epochs`. */
  readonly targetParam: string | undefined;
  /** The listing of a directory, if it is stored. */
  listing(digest: Digest): readonly TreeEntry[] | undefined;
  /** Digests by path of the earlier and the current matches of a pattern dep, if both are known. */
  matches(dep: string): readonly [Matches, Matches] | undefined;
}

/** All differences from `before` to `now`, most likely cause first; empty if the keys are equal. */
export function differences(before: Evidence, now: Evidence, explain: Explainer): Reason[] {
  const a = before.manifest;
  const b = now.manifest;
  if (a.format !== b.format)
    return [{ kind: 'format', text: 'results of another version of pipe' }];
  const code = codeDifferences(before, now, explain);
  const params = mapDifferences(a.params, b.params, (path, x, y) =>
    paramDifferences(path, x, y, explain.targetParam),
  );
  // A command often contains the params of its stage.
  const isEffect = ({ kind }: Reason) => params.length > 0 && kind === 'command';
  return [
    ...[...code, ...params].sort((x, y) => Number(isEffect(x)) - Number(isEffect(y))),
    ...mapDifferences(a.env, b.env, (name, x, y) => [
      { kind: 'env', text: `env ${name} ${fromTo(setOrNot(x), setOrNot(y))}` },
    ]),
    ...mapDifferences(a.deps, b.deps, (name, x, y) => [
      { kind: 'dep', text: depDifference(explain, name, x, y) },
    ]),
    ...outsDifferences(a.outs, b.outs),
    ...epochsDifferences(a.epochs, b.epochs),
  ];
}

function codeDifferences(before: Evidence, now: Evidence, explain: Explainer): Reason[] {
  const a = before.manifest.code;
  const b = now.manifest.code;
  const identity = identityDifferences(a, b);
  if (a.kind === 'module' && b.kind === 'module') {
    return [...identity, ...moduleDifferences(a, b, before.files, now.files, explain)];
  }
  if (a.kind === 'command' && b.kind === 'command')
    return [...identity, ...commandDifferences(a, b, explain)];
  return [{ kind: 'command', text: b.kind === 'module' ? 'cmd → run' : 'run → cmd' }];
}

/** Records of older versions lack the identity in their code. */
function identityDifferences(a: Partial<Identity>, b: Identity): Reason[] {
  if (a.item === undefined) return [{ kind: 'format', text: `item (not in the key) → ${b.item}` }];
  const renamed: Reason[] =
    a.item === b.item ? [] : [{ kind: 'format', text: `item ${a.item} → ${b.item}` }];
  return [
    ...renamed,
    ...mapDifferences(a.matrix ?? {}, b.matrix, (axis, x, y) => [
      { kind: 'matrix', text: `matrix ${axis} ${fromTo(x, y)}` },
    ]),
  ];
}

function moduleDifferences(
  a: ModuleCode,
  b: ModuleCode,
  filesBefore: Readonly<Record<string, string>>,
  filesNow: Readonly<Record<string, string>>,
  explain: Explainer,
): Reason[] {
  const reasons: Reason[] = [];
  if (a.protocol !== b.protocol) {
    reasons.push({ kind: 'format', text: `stage protocol ${a.protocol} → ${b.protocol}` });
  }
  if (a.bundle !== b.bundle) {
    const named = mapDifferences(filesBefore, filesNow, (file, x, y) => [
      fileReason(file, x, y, explain),
    ]);
    reasons.push(...(named.length > 0 ? named : [{ kind: 'code' as const, text: 'code changed' }]));
  }
  reasons.push(...packageDifferences(a.packages, b.packages));
  return reasons;
}

function commandDifferences(a: CommandCode, b: CommandCode, explain: Explainer): Reason[] {
  const command: Reason[] =
    canonical(a.command) === canonical(b.command)
      ? []
      : [{ kind: 'command', text: `command ${commandFromTo(a.command, b.command)}` }];
  return [
    ...command,
    ...shellDifferences(a, b),
    ...mapDifferences(a.scripts, b.scripts, (file, x, y) => [fileReason(file, x, y, explain)]),
    ...packageDifferences(a.packages ?? {}, b.packages ?? {}),
  ];
}

/** `v:` marks the values of a params file that the command reads itself. */
function fileReason(file: string, x = '', y = '', { importerOf }: Explainer): Reason {
  if (/^v:/.test(x || y))
    return { kind: 'param', text: `what the command reads in ${file} changed` };
  return { kind: 'code', text: `${file} ${verb(x, y)}${importedBy(importerOf(file))}` };
}

/** An argv command has no shell: its difference shows in the command itself. */
function shellDifferences(a: CommandCode, b: CommandCode): Reason[] {
  if (typeof a.command !== typeof b.command || a.shell === b.shell) return [];
  return [{ kind: 'command', text: `shell ${fromTo(shellName(a), shellName(b))}` }];
}

/** Older records, without a shell, ran under a shell that continued after a failure. */
function shellName({ shell }: CommandCode): string {
  if (shell === undefined) return 'sh';
  return shell === 'sh' ? 'sh -e' : 'bash -euo pipefail';
}

function packageDifferences(a: ModuleCode['packages'], b: ModuleCode['packages']): Reason[] {
  return mapDifferences(a, b, (name, x, y) => [
    { kind: 'package', text: `${packageWords(name)} ${fromTo(x, y)}` },
  ]);
}

/** `python` and `python:torch` are those of a Python environment. */
function packageWords(name: string): string {
  if (/^python(?: \(|$)/.test(name)) return name;
  return `package ${name.replace(/^python:/, '')}`;
}

function paramDifferences(
  path: string,
  a: Json | undefined,
  b: Json | undefined,
  targetParam: string | undefined,
): Reason[] {
  if (path === targetParam) return [];
  if (isTree(a) && isTree(b)) {
    return mapDifferences(a, b, (key, x, y) =>
      paramDifferences(`${path}.${key}`, x, y, targetParam),
    );
  }
  return [{ kind: 'param', text: `param ${path} ${fromTo(a, b)}` }];
}

function depDifference(
  explain: Explainer,
  name: string,
  a: Digest | null | undefined,
  b: Digest | null | undefined,
): string {
  const path = explain.pathOf(name);
  if (a && b === null) return `dep ${path} is gone`;
  if (b && a === null) return `dep ${path} appeared`;
  if (!a || !b) return `dep ${path} ${verb(a, b)}`;
  const changed = changedWithin(explain, name, a, b);
  const count = changed.length === 1 ? '1 file' : `${changed.length} files`;
  return changed.length === 0
    ? `dep ${path} changed`
    : `dep ${path}: ${count} changed, first: ${changed[0]}`;
}

/** For a pattern or a directory; empty if unknown. */
function changedWithin(explain: Explainer, name: string, a: Digest, b: Digest): string[] {
  const matches = explain.matches(name);
  if (matches === undefined) {
    const isKnown = explain.listing(a) !== undefined && explain.listing(b) !== undefined;
    return isKnown ? changedFiles(explain, a, b, '') : [];
  }
  const [before, now] = matches;
  const paths = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return paths.flatMap((each) =>
    before[each] === now[each] ? [] : changedFiles(explain, before[each], now[each], each),
  );
}

/** Paths that differ between two directories, sorted; skips subtrees with equal digests. */
export function changedFiles(
  explain: Pick<Explainer, 'listing'>,
  a: Digest | undefined,
  b: Digest | undefined,
  prefix: string,
): string[] {
  const before = entriesOf(explain, a);
  const now = entriesOf(explain, b);
  if (before === undefined && now === undefined) return [prefix];
  const names = [...new Set([...(before?.keys() ?? []), ...(now?.keys() ?? [])])].sort();
  // The difference is an empty folder.
  if (names.length === 0) return [prefix];
  return names.flatMap((name) => {
    const x = before?.get(name);
    const y = now?.get(name);
    if (x === y) return [];
    return changedFiles(explain, x, y, inFolder(prefix, name));
  });
}

function entriesOf(
  explain: Pick<Explainer, 'listing'>,
  digest: Digest | undefined,
): Map<string, Digest> | undefined {
  if (digest === undefined || !digest.startsWith('d:')) return undefined;
  const listing = explain.listing(digest);
  return listing && new Map(listing.map((entry) => [entry.name, entry.digest]));
}

/** `null` is a named variable that is not set. */
function setOrNot(value: string | null | undefined): string | undefined {
  return value === null ? '(not set)' : value;
}

function outsDifferences(a: readonly string[], b: readonly string[]): Reason[] {
  const added = b.filter((name) => !a.includes(name)).map((name) => `out ${name} added`);
  const removed = a.filter((name) => !b.includes(name)).map((name) => `out ${name} removed`);
  return [...added, ...removed].map((text) => ({ kind: 'outs', text }));
}

/**
 * Reports the target as `epochs`, and everything else that selects the epoch by its path in
 * pipeline.yaml.
 */
function epochsDifferences(a: Manifest['epochs'], b: Manifest['epochs']): Reason[] {
  return mapDifferences(epochsByPath(a), epochsByPath(b), (path, x, y) => [
    { kind: 'epochs', text: `${path} ${fromTo(x, y)}` },
  ]);
}

function epochsByPath(epochs: Manifest['epochs']): Record<string, string | number> {
  if (epochs === undefined) return {};
  if (typeof epochs === 'number') return { epochs };
  const { max, patience, best } = epochs;
  return {
    epochs: max,
    'epochs.best.metric': best.metric,
    'epochs.best.mode': best.mode,
    ...(patience === undefined ? {} : { 'epochs.patience': patience }),
  };
}

/** Walks the union of both maps in key order, and calls back for each key whose values differ. */
function mapDifferences<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  reasonsFor: (key: string, before: T | undefined, now: T | undefined) => Reason[],
): Reason[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return keys.flatMap((key) => {
    const before = Object.hasOwn(a, key) ? a[key] : undefined;
    const now = Object.hasOwn(b, key) ? b[key] : undefined;
    return canonical(before) === canonical(now) && (before === undefined) === (now === undefined)
      ? []
      : reasonsFor(key, before, now);
  });
}
