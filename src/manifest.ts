/** Manifest: all that an item's result depends on, as data. The key is its hash; `why` compares two. */
import type { Digest } from './cache/objects/digest.js';
import { canonical, sha256 } from './canonical.js';
import { keysAt } from './json.js';
import type { Json } from './stage/context.js';

export interface Manifest {
  /** Version of this structure: a new one makes everything stale, so it rarely changes. */
  readonly format: 1;
  readonly code: ModuleCode | CommandCode;
  /** Named param values by dot path. Of a chain: without the param that is the target of `epochs:`. */
  readonly params: Readonly<Record<string, Json>>;
  /** Value by name; null for a variable that is not set. */
  readonly env: Readonly<Record<string, string | null>>;
  /** Digest by dep name; for a glob, the digest of its list of matches; null: optional, and absent. */
  readonly deps: Readonly<Record<string, Digest | null>>;
  /** Names of the outs, sorted. */
  readonly outs: readonly string[];
  /** For an incremental stage: the epoch of its outs; absent in the manifest that names its chain. */
  readonly epochs?: number | EpochChoice;
}

/** The outs are those of the best epoch, which these values select. A target alone is a plain number. */
export interface EpochChoice {
  readonly max: number;
  readonly patience?: number;
  readonly best: { readonly metric: string; readonly mode: 'max' | 'min' };
}

/** The item and matrix cell of a process, as in PIPE_CONTEXT. */
export interface Identity {
  readonly item: string;
  /** The cell of the matrix. */
  readonly matrix: Readonly<Record<string, string | number | boolean>>;
}

/** A `run:` stage. */
export interface ModuleCode extends Identity {
  readonly kind: 'module';
  /** Digest of the bundle without comments and layout. */
  readonly bundle: string;
  /** Protocol version of `pipe-run/stage`. */
  readonly protocol: number;
  /** Version by name of each package that the code imports; `name` or `name (importer's folder)` when several. */
  readonly packages: Readonly<Record<string, string>>;
}

/** A `cmd:` stage. */
export interface CommandCode extends Identity {
  readonly kind: 'command';
  /** The command after substitution. A string is for the shell, a list is argv. */
  readonly command: string | readonly string[];
  /** For a string: `/bin/sh -e` or `bash -euo pipefail`, which decides what counts as a failure. */
  readonly shell?: 'sh' | 'bash';
  /**
   * The project's scripts that the command names, and what they import, by path. Also a params file that
   * the command reads itself, if it has other values there than the params.
   */
  readonly scripts: Readonly<Record<string, string>>;
  /**
   * Version by name of each package that JavaScript and TypeScript scripts import, and with
   * `packages: python` of Python (`python`) and its packages (`python:torch`); absent when there are none.
   */
  readonly packages?: Readonly<Record<string, string>>;
}

/** The part of a plan's `epochs:` that the outs depend on. */
export function epochChoice({
  target,
  patience,
  best,
}: {
  readonly target: number;
  readonly patience?: number;
  readonly best?: EpochChoice['best'];
}): number | EpochChoice {
  if (best === undefined) return target;
  return { best, max: target, ...(patience === undefined ? {} : { patience }) };
}

/** The key of a result: SHA-256 over the canonical text of its manifest. */
export function keyOf(manifest: Manifest): string {
  return sha256(`pipe manifest\n${canonical(manifest)}`);
}

/** Names the chain of an incremental stage: the manifest without the epoch choice and the target's param. */
export function chainManifest(manifest: Manifest, targetParam: string | undefined): Manifest {
  const { epochs: _choice, ...rest } = manifest;
  if (targetParam === undefined) return rest;
  const params: Record<string, Json> = {};
  for (const [path, value] of Object.entries(manifest.params)) {
    if (path === targetParam) continue;
    params[path] = targetParam.startsWith(`${path}.`)
      ? without(value, keysAt(value, targetParam.slice(path.length + 1)) ?? [])
      : value;
  }
  return { ...rest, params };
}

/** The name of the chain in the cache. */
export function chainKey(manifest: Manifest, targetParam: string | undefined): string {
  return keyOf(chainManifest(manifest, targetParam));
}

/** A copy of the tree without the leaf at the path. */
function without(tree: Json, path: readonly string[]): Json {
  const [head, ...tail] = path;
  if (head === undefined || tree === null || typeof tree !== 'object' || Array.isArray(tree))
    return tree;
  const copy: Record<string, Json> = {};
  for (const [key, value] of Object.entries(tree)) {
    if (key !== head) copy[key] = value;
    else if (tail.length > 0) copy[key] = without(value, tail);
  }
  return copy;
}
