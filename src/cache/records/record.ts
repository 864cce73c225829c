/** What is remembered of work that was done: one record for a result, one for each epoch of a chain. */
import type { Manifest } from '../../manifest.js';
import type { Metrics } from '../../stage/context.js';
import type { Permissions } from '../objects/access.js';
import type { Digest } from '../objects/digest.js';

/** The result of one execution: key → digests of the outs. Written last, when every out is stored. */
export interface RunRecord {
  readonly format: 1;
  readonly key: string;
  /** Who computed it first; a record serves every item with the same key. */
  readonly item: string;
  readonly manifest: Manifest;
  /** Local code files by path with the digest of their stripped text: no part of the key, for `why` to name a file. */
  readonly files: Readonly<Record<string, string>>;
  readonly outs: readonly RecordedOut[];
  /** Wall time of the execution. */
  readonly seconds: number;
}

/** What a record says of its result, whoever computed it and when. */
export type Result = Pick<RunRecord, 'key' | 'manifest' | 'outs'>;

export interface RecordedOut {
  readonly name: string;
  readonly digest: Digest;
  /** Bytes of all files in it. */
  readonly size: number;
  /** Number of files in it; 1 for a file. */
  readonly files: number;
  /** Where they are not what the umask gave. */
  readonly permissions?: Permissions;
}

/** Epoch `epoch` of a chain is completed: the state after it, and its metrics. */
export interface EpochRecord {
  readonly format: 1;
  readonly chain: string;
  readonly epoch: number;
  /** The state folder's digest; its objects may have been dropped by `keep` or gc: ask the store. */
  readonly state: Digest;
  readonly size: number;
  /** Of the state's files, where they are not what the umask gave. */
  readonly permissions?: Permissions;
  readonly metrics?: Metrics;
  /** Wall time from the commit before (or the start) to this one. */
  readonly seconds: number;
}

/** What a runner found out about the last commit that it looked at. */
export interface CommitNote {
  readonly epoch: number;
  /** Of the folder, when it was found to be whole; '' when it was not clear. */
  readonly mark: string;
  /** It was seen to be renamed. The stage that did so does so again: its code is part of the chain. */
  readonly isRenamed: boolean;
}

/** Who a chain belongs to: for messages and `stats`, no part of what is believed. */
export interface ChainAbout {
  readonly item: string;
  readonly manifest: Manifest;
}
