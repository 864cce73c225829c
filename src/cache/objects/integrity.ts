/** Integrity check of a digest: reads all of its objects without moving or repairing any. */
import { isAbsent } from '../files/file-errors.js';
import { hashFile } from '../files/hash.js';
import { finish } from '../files/yielding.js';
import type { Digest } from './digest.js';
import type { Objects } from './objects.js';

/** Name of the first object that is missing or does not match its name. */
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
