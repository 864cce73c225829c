/** Records in a remote cache: a result by its key, and the head of a chain of epochs by its name. */
import { hostname } from 'node:os';
import type { Digest } from '../cache/objects/digest.js';
import { isDigest } from '../cache/objects/digest.js';
import type { EpochRecord, RunRecord } from '../cache/records/record.js';
import { isCount, isEpochRecord, isRecordedOut } from '../cache/records/records.js';
import { canonical, sha256 } from '../canonical.js';
import { ifJson } from '../json.js';
import type { Manifest } from '../manifest.js';
import { isUsage, type Usage } from '../sys/usage.js';

/** Where a result was computed. Only for reports: no decision depends on it. */
export interface Made {
  /** ISO 8601. */
  readonly at: string;
  readonly machine: string;
  readonly platform: string;
  readonly node: string;
  readonly pipe: string;
}

/** Several small objects in one file. */
export interface Pack {
  readonly hex: string;
  readonly size: number;
  /** Name, offset and length of each object. */
  readonly holds: readonly (readonly [hex: string, start: number, length: number])[];
}

export interface RemoteResult
  extends Partial<Usage>,
    Pick<RunRecord, 'format' | 'key' | 'item' | 'outs' | 'seconds'> {
  /** The manifest, with hashes instead of the values of `env:`. */
  readonly manifest: unknown;
  readonly made: Made;
  readonly packs: readonly Pack[];
}

/** The head of a chain: all its epochs, and the checkpoints in the remote cache. */
export interface RemoteChain {
  readonly format: 1;
  readonly chain: string;
  readonly item: string;
  readonly manifest: unknown;
  readonly epochs: readonly EpochRecord[];
  readonly states: readonly RemoteState[];
  readonly made: Made;
}

interface RemoteState {
  readonly epoch: number;
  readonly state: Digest;
  readonly packs: readonly Pack[];
}

export function madeHere(pipe: string): Made {
  return {
    at: new Date().toISOString(),
    machine: hostname(),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    pipe,
  };
}

/** The manifest without private values: with a hash instead of the value of each variable. */
export function withoutValues(manifest: Manifest): unknown {
  const env = Object.entries(manifest.env).map(([name, value]) => [
    name,
    value === null ? null : sha256(`pipe env\n${name}\n${value}`),
  ]);
  return { ...manifest, env: Object.fromEntries(env) };
}

/**
 * The result of a key, or the reason to reject the text. Its manifest must equal ours, whose hash
 * is the key.
 */
export function resultIn(
  body: string,
  key: string,
  manifest: Manifest,
): RemoteResult | { readonly refused: string } {
  const result = ifJson(body) as Partial<RemoteResult> | undefined;
  if (result?.format !== 1) return { refused: 'has an unknown format' };
  if (result.key !== key) return { refused: 'belongs to another key' };
  if (!sameManifest(result.manifest, manifest)) return { refused: 'has a different manifest' };
  const isWhole =
    isUsage(result) &&
    Array.isArray(result.outs) &&
    result.outs.every(isRecordedOut) &&
    isPacks(result.packs);
  if (!isWhole) return { refused: 'is incomplete' };
  const names = result.outs?.map(({ name }) => name).sort();
  if (canonical(names) !== canonical([...manifest.outs].sort()))
    return { refused: 'names different outs' };
  return result as RemoteResult;
}

/** Like `resultIn`, for the head of a chain. */
export function chainIn(
  body: string,
  chain: string,
  manifest: Manifest,
): RemoteChain | { readonly refused: string } {
  const head = ifJson(body) as Partial<RemoteChain> | undefined;
  if (head?.format !== 1) return { refused: 'has an unknown format' };
  if (head.chain !== chain) return { refused: 'belongs to another chain' };
  if (!sameManifest(head.manifest, manifest)) return { refused: 'has a different manifest' };
  const isWhole =
    Array.isArray(head.epochs) &&
    head.epochs.every((each) => isEpoch(each, chain)) &&
    Array.isArray(head.states) &&
    head.states.every(isState);
  return isWhole ? (head as RemoteChain) : { refused: 'is incomplete' };
}

/** Merges two heads of a chain. If both have an epoch, that of the first counts. */
export function union(first: RemoteChain, second: RemoteChain): RemoteChain {
  const byEpoch = <T extends { readonly epoch: number }>(a: readonly T[], b: readonly T[]): T[] =>
    [...new Map([...b, ...a].map((each) => [each.epoch, each])).values()].sort(
      (x, y) => x.epoch - y.epoch,
    );
  const epochs = byEpoch(first.epochs, second.epochs);
  const stateOf = new Map(epochs.map(({ epoch, state }) => [epoch, state]));
  const states = byEpoch(first.states, second.states).filter(
    ({ epoch, state }) => stateOf.get(epoch) === state,
  );
  return { ...first, epochs, states };
}

function sameManifest(theirs: unknown, ours: Manifest): boolean {
  return canonical(theirs) === canonical(withoutValues(ours));
}

function isEpoch(record: Partial<EpochRecord> | null, chain: string): boolean {
  const epoch = record?.epoch;
  return isCount(epoch) && epoch > 0 && isEpochRecord(record, chain, epoch);
}

function isState(state: Partial<RemoteState> | null): boolean {
  return isCount(state?.epoch) && isDigest(state?.state) && isPacks(state?.packs);
}

function isPacks(packs: unknown): packs is readonly Pack[] {
  const isHeld = (held: unknown) =>
    Array.isArray(held) && isHex(held[0]) && isCount(held[1]) && isCount(held[2]);
  return (
    Array.isArray(packs) &&
    packs.every(
      (pack: Partial<Pack> | null) =>
        isHex(pack?.hex) &&
        isCount(pack?.size) &&
        Array.isArray(pack?.holds) &&
        pack.holds.every(isHeld),
    )
  );
}

function isHex(text: unknown): text is string {
  return typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
}
