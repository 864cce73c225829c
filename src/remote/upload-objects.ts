/**
 * Uploads objects from a local store to a remote cache: writes small ones together in packs, large
 * ones separately.
 */
import { hash } from 'node:crypto';
import { Yielder } from '../cache/files/yielding.js';
import type { Digest } from '../cache/objects/digest.js';
import type { Objects } from '../cache/objects/objects.js';
import { eachOf, type Limit } from './concurrency.js';
import type { Pack } from './remote-record.js';
import type { HashedBody, Store } from './store.js';
import type { Traffic } from './traffic.js';

/** From this size in bytes, an object is uploaded separately. */
const LARGE = 64 * 2 ** 10;

/** Approximate size of a pack in bytes. */
const PACK = 8 * 2 ** 20;

/** From this size, checking first whether an object exists costs less than sending it needlessly. */
const WORTH_ASKING = 2 ** 18;

interface Sending {
  readonly store: Store;
  /**
   * Names known to be missing or damaged in the remote cache: replaced without a check, then
   * removed from the set.
   */
  readonly bad: Set<string>;
  /** Limits the packs in memory. */
  readonly packing: Limit;
  readonly traffic: Traffic;
}

interface Small {
  readonly hex: string;
  readonly size: number;
}

/** An out or a state. Of a temporary out, only the listings are stored: they say what was in it. */
export interface Sent {
  readonly digest: Digest;
  readonly temp?: boolean;
}

/**
 * Uploads all objects that the remote cache lacks.
 *
 * @returns the packs with the small ones
 * @throws DamagedObject when a local object is missing or damaged
 */
export async function uploadObjects(
  sent: readonly Sent[],
  objects: Objects,
  sending: Sending,
): Promise<Pack[]> {
  const small: Small[] = [];
  const large: HashedBody[] = [];
  const pace = new Yielder();
  const names = sent.flatMap(({ digest, temp }) =>
    [...objects.namesOf(digest, temp)].filter((hex) => !temp || objects.wanted(hex)),
  );
  for (const hex of new Set(names)) {
    if (pace.due()) await pace.rest();
    const size = objects.wanted(hex)?.size ?? 0;
    sending.traffic.plan('out', size);
    if (size < LARGE) small.push({ hex, size });
    else large.push({ content: objects.pathOf(hex), size, hex });
  }
  await eachOf(large, (body) => send(`cas/${body.hex}`, body, sending));
  if (small.length === 1) {
    const [{ hex, size }] = small as [Small];
    await send(`cas/${hex}`, { content: objects.read(hex), size, hex }, sending);
    return [];
  }
  // Sorted by name, so that the same objects form the same packs.
  const groups = groupsOf(small.sort((a, b) => (a.hex < b.hex ? -1 : 1)));
  const packs: Pack[] = [];
  await eachOf(groups.entries(), ([at, group]) =>
    sending.packing(async () => {
      const { pack, content } = await packOf(group, objects);
      packs[at] = pack;
      await send(`cas/${pack.hex}`, { content, size: pack.size, hex: pack.hex }, sending);
    }),
  );
  return packs;
}

async function send(name: string, body: HashedBody, sending: Sending): Promise<void> {
  const { store, bad, traffic } = sending;
  const there = body.size < WORTH_ASKING || bad.has(name) ? undefined : await store.sizeOf(name);
  const isCut = there !== undefined && !Number.isNaN(there) && there !== body.size;
  if (there !== undefined && !isCut) {
    traffic.moved('out', body.size);
    return;
  }
  await store.put(name, body, !isCut && !bad.has(name));
  bad.delete(name);
}

function groupsOf(small: readonly Small[]): string[][] {
  const groups: string[][] = [];
  let room = 0;
  for (const { hex, size } of small) {
    if (room <= 0) {
      groups.push([]);
      room = PACK;
    }
    groups.at(-1)?.push(hex);
    room -= size;
  }
  return groups;
}

async function packOf(hexes: readonly string[], objects: Objects) {
  const chunks: Buffer[] = [];
  const holds: Pack['holds'][number][] = [];
  const pace = new Yielder();
  let size = 0;
  for (const hex of hexes) {
    if (pace.due()) await pace.rest();
    const bytes = objects.read(hex);
    holds.push([hex, size, bytes.length]);
    chunks.push(bytes);
    size += bytes.length;
  }
  const content = Buffer.concat(chunks);
  return { pack: { hex: hash('sha256', content), size, holds }, content };
}
