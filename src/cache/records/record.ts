/** Records of completed work: one for a result, one for each epoch of a chain. */

import type { Manifest } from '../../manifest.js';
import type { Json, Metrics } from '../../stage/context.js';
import type { Usage } from '../../sys/usage.js';
import type { Permissions } from '../objects/access.js';
import type { Digest } from '../objects/digest.js';
import type { TreeEntry } from '../objects/tree.js';

/** The result of one execution: key → digests of the outs. Written last, when every out is stored. */
export interface RunRecord extends Partial<Usage> {
  readonly format: 1;
  readonly key: string;
  /** The item that computed it first; a record serves every item with the same key. */
  readonly item: string;
  readonly manifest: Manifest;
  /**
   * Params that were substituted in the command, by dot path: for `results`. The manifest has the
   * command.
   */
  readonly filled?: Readonly<Record<string, Json>>;
  /** For `results` of items that the pipeline no longer has. */
  readonly measures?: RecordedMeasures;
  /** Local code files by path, with digests of their stripped text: for `why`, not part of the key. */
  readonly files: Readonly<Record<string, string>>;
  readonly outs: readonly RecordedOut[];
  /** Wall time of the execution. */
  readonly seconds: number;
}

export interface RecordedMeasures {
  /** Metrics files: outs, and paths inside outs. */
  readonly files: readonly {
    readonly name: string;
    readonly out: string;
    readonly within: string;
  }[];
  /** The param that is the target of `epochs:`. */
  readonly target?: string;
}

/** Bytes of the outs that are stored. */
export function storedBytes(outs: readonly RecordedOut[]): number {
  return outs.reduce((sum, { size, temp }) => sum + (temp ? 0 : size), 0);
}

/** The result in a record, without the item and the time of its computation. */
export type Result = Pick<RunRecord, 'key' | 'manifest' | 'outs'>;

export interface RecordedOut extends TreeEntry {
  /** Permissions, where they differ from the umask's. */
  readonly permissions?: Permissions;
  /** True if its content was never stored, only the listings of its folders. */
  readonly temp?: true;
  /** Paths of the links in it. */
  readonly links?: readonly string[];
}

/** A completed epoch of a chain: the state after it, and its metrics. */
export interface EpochRecord {
  readonly format: 1;
  readonly chain: string;
  readonly epoch: number;
  /** Digest of the state folder; `keep` or gc may have removed its objects: ask the store. */
  readonly state: Digest;
  readonly size: number;
  /** Permissions of the state's files, where they differ from the umask's. */
  readonly permissions?: Permissions;
  readonly metrics?: Metrics;
  /** Wall time since the previous commit, or since the start. */
  readonly seconds: number;
}

/** The result of a run's check of the last commit that it examined. */
export interface CommitNote {
  readonly epoch: number;
  /** Mark of the folder when it was found complete; '' if that was unclear. */
  readonly mark: string;
  /**
   * The run saw the rename. The stage will rename its other epochs too, because its code is part of
   * the chain.
   */
  readonly isRenamed: boolean;
}

/** The item of a chain, for messages and `stats`. Nothing else depends on it. */
export interface ChainAbout {
  readonly item: string;
  readonly manifest: Manifest;
}
