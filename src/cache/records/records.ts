/** Run records: one checksummed JSON file each, by key. An incomplete or foreign file counts as absent. */
import { readFileSync, type Stats } from 'node:fs';
import { isPassing, lstatIfThere, unlessFailed } from '../../sys/if-there.js';
import { isUsage } from '../../sys/usage.js';
import { checkedBody } from '../files/checksummed-json.js';
import { isAbsent, reasonOf } from '../files/file-errors.js';
import { readSmall } from '../files/hash.js';
import { isPermissions } from '../objects/access.js';
import { isDigest } from '../objects/digest.js';
import type { EpochRecord, RecordedOut, RunRecord } from './record.js';

export function recordPath(folder: string, key: string): string {
  return `${folder}/${key.slice(0, 2)}/${key}.json`;
}

export function epochPath(chains: string, chain: string, epoch: number): string {
  return `${chains}/${chain}/${epoch}.json`;
}

type Warn = (message: string) => void;

/** How to treat a record that the system cannot open: `absent` if the caller can recompute it. */
export type Unreadable = 'absent' | 'an error';

/** Undefined when there is no valid record. */
export function readRunRecord(
  folder: string,
  key: string,
  warn: Warn,
  unreadable: Unreadable = 'absent',
): RunRecord | undefined {
  const body = readSealed(recordPath(folder, key), nameOf(key), warn, unreadable);
  return runRecordIn(body, key, warn);
}

/**
 * Like `read`, with the stat of the file, in a single open: for all records of a cache. Undefined
 * without a file.
 */
export function readRecordFile(
  folder: string,
  key: string,
  warn: Warn,
): { readonly record: RunRecord | undefined; readonly stat: Stats } | undefined {
  const file = recordPath(folder, key);
  const small = unlessFailed(() => readSmall(file));
  if (small !== undefined) {
    const body = bodyIn(small.bytes.toString(), nameOf(key), warn);
    return { record: runRecordIn(body, key, warn), stat: small.after };
  }
  const stat = lstatIfThere(file);
  return stat && { record: readRunRecord(folder, key, warn), stat };
}

function nameOf(key: string): string {
  return `the record ${key.slice(0, 12)}`;
}

function runRecordIn(body: unknown, key: string, warn: Warn): RunRecord | undefined {
  if (body === undefined || isRunRecord(body, key)) return body;
  warn(`the content of ${nameOf(key)} does not match its name: it is ignored`);
  return undefined;
}

export function readEpochRecord(
  chains: string,
  chain: string,
  epoch: number,
  warn: Warn,
  unreadable: Unreadable = 'absent',
): EpochRecord | undefined {
  const what = `the record of epoch ${epoch} of chain ${chain.slice(0, 12)}`;
  const body = readSealed(epochPath(chains, chain, epoch), what, warn, unreadable);
  if (body === undefined || isEpochRecord(body, chain, epoch)) return body;
  warn(`the content of ${what} does not match its name: it is ignored`);
  return undefined;
}

/** The body of a checksummed file; warns about an invalid file. */
export function readSealed(
  file: string,
  what: string,
  warn: Warn,
  unreadable: Unreadable = 'absent',
): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    // A temporary failure must not count as a missing result: recomputing it could cost hours.
    if (isPassing(error)) throw error;
    if (isAbsent(error)) return undefined;
    if (unreadable === 'an error') throw error;
    warn(`${what} cannot be read (${reasonOf(error)}): it is ignored`);
    return undefined;
  }
  return bodyIn(text, what, warn);
}

function bodyIn(text: string, what: string, warn: Warn): unknown {
  const body = checkedBody(text);
  if (body === undefined) warn(`${what} is damaged: it is ignored`);
  return body;
}

function isRunRecord(body: unknown, key: string): body is RunRecord {
  const record = body as Partial<RunRecord> | null;
  return (
    record?.format === 1 &&
    record.key === key &&
    typeof record.item === 'string' &&
    typeof record.seconds === 'number' &&
    typeof record.manifest === 'object' &&
    isUsage(record) &&
    Array.isArray(record.outs) &&
    record.outs.every(isRecordedOut)
  );
}

export function isRecordedOut(out: Partial<RecordedOut> | null): boolean {
  return (
    typeof out?.name === 'string' &&
    isDigest(out.digest) &&
    isCount(out.size) &&
    isCount(out.files) &&
    isPermissions(out.permissions)
  );
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

export function isEpochRecord(body: unknown, chain: string, epoch: number): body is EpochRecord {
  const record = body as Partial<EpochRecord> | null;
  return (
    record?.format === 1 &&
    record.chain === chain &&
    record.epoch === epoch &&
    isDigest(record.state) &&
    typeof record.seconds === 'number' &&
    isCount(record.size) &&
    isPermissions(record.permissions)
  );
}
