/** What cannot be read or kept, in words: names that are no text, files that are none, missing rights. */
import { readdirSync, type Stats } from 'node:fs';
import { codeOf, unusable } from './errors.js';
import type { Sliced } from './pace.js';

/** Names are text: what is not valid UTF-8 could not be written in pipeline.yaml or put back. */
export function listNames(absolute: string, shown: string): string[] {
  let names: string[];
  try {
    names = readdirSync(absolute);
  } catch (error) {
    throw explained(error, shown);
  }
  if (names.some((name) => name.includes('\uFFFD'))) refuseBadNames(absolute, shown);
  return names;
}

function refuseBadNames(absolute: string, shown: string): void {
  for (const name of readdirSync(absolute, { encoding: 'buffer' })) {
    if (Buffer.from(name.toString('utf8')).equals(name)) continue;
    const text = name
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, (each) => `\\x${each.charCodeAt(0).toString(16)}`);
    throw unusable(`${shown}/${text}`, 'has a name that is not valid UTF-8', 'rename it');
  }
}

export function* readable<T>(work: Sliced<T>, shown: string): Sliced<T> {
  try {
    return yield* work;
  } catch (error) {
    throw explained(error, shown);
  }
}

/** What the user can cure is said in words; all else is the system's failure, as it is. */
function explained(error: unknown, shown: string): unknown {
  const code = codeOf(error);
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  return unusable(
    shown,
    `cannot be read (${code})`,
    'allow reading it, or leave it out of the dep',
  );
}

export function notAFile(shown: string, stat: Stats): Error {
  const what = stat.isFIFO() ? 'a pipe' : stat.isSocket() ? 'a socket' : 'a device';
  return unusable(shown, `is ${what}`, 'only files, directories and symbolic links can be kept');
}
