/** Verifies the whole cache: the bytes of every object, the objects of every record. Repairs on request. */
import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';
import { lstatIfThere } from '../../sys/if-there.js';
import type { CacheContext } from '../files/cache-context.js';
import { unlessDamaged } from '../files/file-errors.js';
import { checkHashes, type HashTask } from '../files/hash-pool.js';
import { finish } from '../files/yielding.js';
import { type Digest, kindOf, nameOf } from '../objects/digest.js';
import { isWhole } from '../objects/objects.js';
import { recordPath } from '../records/records.js';
import { type Inventory, type ObjectStore, takeInventory } from './inventory.js';

export interface VerifyOptions {
  /** Removes damaged objects and the records that depend on them: those items run again. */
  readonly repair?: boolean;
  /** Default: one for little data, else the number of cores, at most 8. */
  readonly threads?: number;
}

/** A result or state that cannot be restored. */
interface Concern {
  readonly item: string;
  /** For a result. */
  readonly key?: string;
  readonly out?: string;
  /** For a state. */
  readonly chain?: string;
  readonly epoch?: number;
}

export interface Damage {
  /** `record`: an invalid record, by its key. */
  readonly what: 'damaged' | 'missing' | 'record';
  /** Name of the object or record. */
  readonly name: string;
  readonly file: string;
  readonly concerns: readonly Concern[];
}

export interface VerifyReport {
  readonly objects: number;
  readonly bytes: number;
  readonly damage: readonly Damage[];
  /** Objects whose permissions allow accidental writes; repaired without loss. */
  readonly writable: number;
  readonly repaired: boolean;
}

type Checked = ObjectStore & { readonly wrong: ReadonlySet<string> };

/** One reference to objects. */
interface Reference {
  readonly concern: Concern;
  readonly digest: Digest;
  readonly store: Checked;
}

export async function verify(context: CacheContext, options: VerifyOptions): Promise<VerifyReport> {
  const inventory = await finish(takeInventory({ ...context, warn: () => undefined }));
  const { results, chains } = inventory;
  const wrong = await wrongAmong([results, ...chains], options);
  const main: Checked = { ...results, wrong };
  const states = new Map(chains.map((each) => [each.chain, { ...each, wrong }]));
  const stores = [main, ...states.values()];
  const references = [...referencesOf(inventory, main, states)];
  const damage = [
    ...damageOf(references, stores),
    ...invalidRecords(inventory, context.layout.records),
  ];
  if (options.repair) repair(context, inventory, references, stores);
  const all = stores.flatMap(({ stored }) => [...stored.values()]);
  return {
    objects: all.length,
    bytes: all.reduce((sum, { size }) => sum + size, 0),
    damage,
    writable: all.filter((each) => each.writable).length,
    repaired: options.repair ?? false,
  };
}

/** Absolute paths of objects whose bytes do not match their name. */
async function wrongAmong(
  stores: readonly ObjectStore[],
  { threads }: VerifyOptions,
): Promise<Set<string>> {
  const tasks: HashTask[] = stores.flatMap(({ objects, stored }) =>
    [...stored]
      .filter(([hex]) => objects.isReadable(hex))
      .map(([hex, { size }]) => ({ file: objects.pathOf(hex), hex, size })),
  );
  const wrong = await checkHashes(tasks, threads);
  return new Set(wrong.map(({ file }) => file));
}

function* referencesOf(
  inventory: Inventory,
  results: Checked,
  states: ReadonlyMap<string, Checked>,
): Generator<Reference> {
  for (const { key, record } of inventory.records) {
    for (const { name: out, digest, temp } of record?.outs ?? []) {
      if (temp) continue;
      yield { concern: { item: record?.item ?? '', key, out }, digest, store: results };
    }
  }
  for (const { chain, about, epochs } of inventory.chains) {
    const store = states.get(chain) as Checked;
    for (const { epoch, state: digest } of epochs) {
      // `keep` or gc has deleted a state whose listing is missing: that is not damage.
      if (!store.stored.has(nameOf(digest))) continue;
      yield { concern: { item: about?.item ?? '', chain, epoch }, digest, store };
    }
  }
}

function damageOf(references: readonly Reference[], stores: readonly Checked[]): Damage[] {
  const found = new Map<
    string,
    { name: string; what: 'damaged' | 'missing'; concerns: Concern[] }
  >();
  for (const { objects, stored, wrong } of stores) {
    for (const hex of stored.keys()) {
      const file = objects.pathOf(hex);
      if (wrong.has(file)) found.set(file, { name: hex, what: 'damaged', concerns: [] });
    }
  }
  for (const { concern, digest, store } of references) {
    for (const hex of new Set(lostBelow(digest, store))) {
      const file = store.objects.pathOf(hex);
      const damage = found.get(file) ?? { name: hex, what: 'missing', concerns: [] };
      damage.concerns.push(concern);
      found.set(file, damage);
    }
  }
  return [...found].map(([file, damage]) => ({ ...damage, file }));
}

/** Objects below a digest that are missing or wrong. */
function* lostBelow(digest: Digest, store: Checked): Generator<string> {
  const hex = nameOf(digest);
  // Only its owner can verify a private object of another user.
  if (!store.objects.isReadable(hex)) return;
  if (!store.stored.has(hex) || store.wrong.has(store.objects.pathOf(hex))) {
    yield hex;
    return;
  }
  if (kindOf(digest) !== 'directory') return;
  // It is not a listing, or has just disappeared.
  const entries = unlessDamaged(() => store.objects.tree(hex));
  if (entries === undefined) yield hex;
  for (const entry of entries ?? []) yield* lostBelow(entry.digest, store);
}

function invalidRecords({ records }: Inventory, folder: string): Damage[] {
  return records
    .filter(({ record }) => record === undefined)
    .map(({ key }) => ({ what: 'record', name: key, file: recordPath(folder, key), concerns: [] }));
}

/** Records first, so that a record refers to missing objects as briefly as possible. */
function repair(
  { layout, scratch }: CacheContext,
  inventory: Inventory,
  references: readonly Reference[],
  stores: readonly Checked[],
): void {
  const remove = (file: string) => {
    scratch.fence.check(path.dirname(file));
    rmSync(file, { force: true });
  };
  for (const { key, record } of inventory.records) {
    if (record === undefined) remove(recordPath(layout.records, key));
  }
  for (const { concern, digest, store } of references) {
    if (lostBelow(digest, store).next().done === true || isStoredAgain(digest, store)) continue;
    const { key } = concern;
    const file =
      key === undefined ? store.objects.pathOf(nameOf(digest)) : recordPath(layout.records, key);
    remove(file);
  }
  for (const { objects, stored, wrong } of stores) {
    for (const [hex, { writable }] of stored) {
      const file = objects.pathOf(hex);
      if (wrong.has(file)) remove(file);
      else if (writable) denyWriting(file);
    }
  }
}

/** Keeps the read permissions that the file has. */
function denyWriting(file: string): void {
  const stat = lstatIfThere(file);
  if (stat?.isFile()) chmodSync(file, stat.mode & 0o555);
}

/** Another process may have repaired the object meanwhile, so this never removes a valid one. */
function isStoredAgain(digest: Digest, { objects, wrong }: Checked): boolean {
  if ([...objects.namesOf(digest)].some((hex) => wrong.has(objects.pathOf(hex)))) return false;
  return isWhole(objects, digest);
}
