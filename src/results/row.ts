/** One recorded result as a row: its inputs, its metrics, and whether its outs still exist. */
import type { RunRecord } from '../cache/records/record.js';
import { canonical, sha256 } from '../canonical.js';
import { isTree, leavesOf } from '../json.js';
import type { Manifest } from '../manifest.js';
import type { Json } from '../stage/context.js';
import type { Usage } from '../sys/usage.js';

/**
 * `current`: has today's key. `kept`: in the cache. `removed`: gc removed its outs and kept its
 * metrics.
 */
type ResultState = 'current' | 'kept' | 'removed';

export interface ResultRow extends Partial<Usage> {
  readonly key: string;
  readonly item: string;
  readonly stage: string;
  readonly matrix: Readonly<Record<string, string | number | boolean>>;
  /** When it was recorded, in milliseconds since 1970. */
  readonly when: number;
  /** Wall time of the execution. */
  readonly seconds: number;
  readonly state: ResultState;
  /**
   * Leaves of the params tree by dot path, and the params substituted in the command; a list is one
   * leaf. `epochs` is the number of epochs to reach, unless a param of this name has it.
   */
  readonly params: Readonly<Record<string, Json>>;
  /** Those of the stages that made its deps, as far as they are known: see upstream.ts. */
  readonly upstream: Readonly<Record<string, Json>>;
  readonly env: Readonly<Record<string, string | null>>;
  /** Digest of the code without the parts that depend on the item and the params. */
  readonly code: string;
  /** The command after substitution; undefined for a module. */
  readonly command?: string;
  /** Options and words of the command by name: `--rate`, `word 3`. */
  readonly args: Readonly<Record<string, string>>;
  readonly deps: Readonly<Record<string, string | null>>;
  /** Numbers by dot path, from its metrics files and its epoch, if it has one. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Bytes of the outs. */
  readonly bytes: number;
  /** For an incremental stage: its chain, and the epoch of the outs. */
  readonly chain?: string;
  readonly epoch?: number;
}

/** The fields that follow from the manifest and from the params substituted in its command. */
export type Definition = Pick<ResultRow, 'stage' | 'matrix' | 'params' | 'env' | 'code' | 'deps'>;

export function definitionOf(
  { manifest, filled = {} }: Pick<RunRecord, 'manifest' | 'filled'>,
  recordedItem: string,
): Definition {
  const { code, params: trees, env, deps } = manifest;
  const { matrix = {} } = code;
  const params: Record<string, Json> = {};
  for (const [name, tree] of Object.entries({ ...filled, ...trees }))
    for (const [path, leaf] of leavesOf(tree, name)) if (!isTree(leaf)) params[path] = leaf as Json;
  addEpochs(manifest, params);
  const stage = recordedItem.split('@', 1)[0] as string;
  return { stage, matrix, env, deps, params, code: digestOf(code) };
}

/** The fields that follow from the command: a text for a shell, or words. */
export function commandFields(
  command: string | readonly string[],
): Required<Pick<ResultRow, 'command' | 'args'>> {
  if (typeof command === 'string') return { command, args: argsOf(wordsOf(command)) };
  return { command: command.join(' '), args: argsOf(command) };
}

/** Results of a stage usually have the same code. */
let [lastCode, lastDigest] = ['', ''];

function digestOf(code: Manifest['code']): string {
  const text = JSON.stringify({
    ...code,
    item: undefined,
    matrix: undefined,
    command: undefined,
  });
  if (text !== lastCode)
    [lastCode, lastDigest] = [text, sha256(canonical(JSON.parse(text))).slice(0, 12)];
  return lastDigest;
}

/** A result after 8 epochs is another one than after 50, even if the number of epochs is not a listed param. */
function addEpochs({ epochs }: Manifest, params: Record<string, Json>): void {
  const max = typeof epochs === 'object' ? epochs.max : epochs;
  const isParam = ([path, value]: [string, Json]) => value === max && /(?:^|\.)epochs$/.test(path);
  if (max !== undefined && !Object.entries(params).some(isParam)) params.epochs ??= max;
}

const NAMED = /^(?:(--?[A-Za-z][\w.-]*)(?:=(.*))?|\+{0,2}([A-Za-z_][\w./-]*)=(.*))$/s;

/** Splits roughly as a shell does. This only names columns, and decides nothing. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:[^\s'"]+|'[^']*'|"[^"]*")+/g) ?? [];
  return words.map((word) => (/^['"]/.test(word) ? word.replace(/^(['"])(.*)\1$/s, '$2') : word));
}

/**
 * Names `--rate 0.1` and `--rate=0.1` by the option, `model.rate=0.1` by its left side, as in
 * Hydra, and other words by their position.
 */
function argsOf(words: readonly string[]): Record<string, string> {
  const args: Record<string, string> = {};
  let option: string | undefined;
  for (const [at, word] of words.entries()) {
    const [, flag, given, left, right] = NAMED.exec(word) ?? [];
    const [name, value] = [flag ?? left, given ?? right];
    if (name === undefined) args[option ?? `word ${at + 1}`] = word;
    else if (value !== undefined) args[name] = value;
    option = value === undefined ? name : undefined;
  }
  return args;
}
