/** SHA-256 of files, so that a report can say exactly what it was made from. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

export async function digestFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** Digests by name, in the order of the names given. */
export async function digestFiles(
  files: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const [name, file] of Object.entries(files)) digests[name] = await digestFile(file);
  return digests;
}
