/** Objects of a local store → a remote cache: small ones together in packs, large ones by themselves. */
import { hash } from 'node:crypto';
import type { Digest } from '../cache/objects/digest.js';
import type { Objects } from '../cache/objects/objects.js';
import { eachOf } from './concurrency.js';
import type { Pack } from './remote-record.js';
import { type Body, type Store, type StoredFile, sizeOf } from './store.js';

/** Bytes from which an object goes by itself. */
const LARGE = 64 * 2 ** 10;

/** Bytes of a pack, about. */
const PACK = 8 * 2 ** 20;

/** From this size on, asking first costs less than sending in vain. */
const WORTH_ASKING = 2 ** 18;

const WIDTH = 32;

export interface Sending {
  readonly store: Store;
  /** Names known to be missing or damaged there: they are replaced without asking, and then removed. */
  readonly bad: Set<string>;
}

/**
 * Sends all objects of the digests that are not there yet.
 *
 * @returns the packs that hold the small ones
 * @throws DamagedObject when a local object is missing or damaged
 */
export async function sendObjects(
  digests: readonly Digest[],
  objects: Objects,
  sending: Sending,
): Promise<Pack[]> {
  const small: string[] = [];
  const large: StoredFile[] = [];
  for (const hex of new Set(digests.flatMap((digest) => [...objects.namesOf(digest)]))) {
    const size = objects.wanted(hex)?.size ?? 0;
    if (size < LARGE) small.push(hex);
    else large.push({ file: objects.pathOf(hex), size, hex });
  }
  await eachOf(large, WIDTH, (file) => send(`cas/${file.hex}`, file, sending));
  if (small.length === 1) {
    const [hex] = small as [string];
    await send(`cas/${hex}`, objects.read(hex), sending);
    return [];
  }
  const packs: Pack[] = [];
  // In order of names, so that the same objects make the same packs.
  await eachOf(packsOf(small.sort(), objects), 4, async ({ pack, bytes }) => {
    packs.push(pack);
    await send(`cas/${pack.hex}`, bytes, sending);
  });
  return packs;
}

async function send(name: string, body: Body, { store, bad }: Sending): Promise<void> {
  if (bad.has(name)) {
    await store.put(name, body, false);
    bad.delete(name);
  } else if (sizeOf(body) < WORTH_ASKING || !(await store.has(name))) {
    await store.put(name, body, true);
  }
}

function* packsOf(
  hexes: readonly string[],
  objects: Objects,
): Generator<{ readonly pack: Pack; readonly bytes: Buffer }> {
  let chunks: Buffer[] = [];
  let holds: Pack['holds'][number][] = [];
  let size = 0;
  const close = () => {
    const bytes = Buffer.concat(chunks);
    const pack = { hex: hash('sha256', bytes), size, holds };
    [chunks, holds, size] = [[], [], 0];
    return { pack, bytes };
  };
  for (const hex of hexes) {
    const bytes = objects.read(hex);
    holds.push([hex, size, bytes.length]);
    chunks.push(bytes);
    size += bytes.length;
    if (size >= PACK) yield close();
  }
  if (holds.length > 0) yield close();
}
