/** Reading all that a digest stands for, to say whether it could be put back; nothing is moved or mended. */
import type { Digest } from './digest.js';
import { isAbsent } from './errors.js';
import { hashFile } from './hash.js';
import type { Objects } from './objects.js';
import { finish } from './pace.js';

/** The name of the first object that is missing or not what its name says. */
export async function firstUnsound(objects: Objects, digest: Digest): Promise<string | undefined> {
  for (const hex of objects.namesOf(digest)) {
    if ((await hexOf(objects.pathOf(hex))) !== hex) return hex;
  }
  return undefined;
}

async function hexOf(file: string): Promise<string | undefined> {
  try {
    return (await finish(hashFile(file))).hex;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
