/** pipeline.lock as a whole: sections by profile, blocks by item. */
import path from 'node:path';
import { blockText, byName, type LockBlock, nameText } from './block.js';

export const LOCK_FILE = 'pipeline.lock';

export interface LockedProject {
  /** Absolute path. */
  readonly root: string;
  readonly variant: { readonly file?: string };
}

/** `pipeline.lock`; of another pipeline file, `<name>.lock` next to it. Relative to the project. */
export function lockNameOf({ root, variant: { file } }: LockedProject): string {
  return file === undefined ? LOCK_FILE : `${path.relative(root, file)}.lock`;
}

/** A file with another format version is refused. */
export const LOCK_FORMAT = 1;

/** The blocks of one profile, by item. */
export type LockSection = ReadonlyMap<string, LockBlock>;

/** Sections by name. */
export type LockFile = ReadonlyMap<string, LockSection>;

const HEAD = `# The digests of each item's result. \`pipe run\` writes this file, \`pipe run --frozen\` and \`pipe verify\`
# check it. Commit it. After a merge conflict, take either side and run \`pipe run\`.
format: ${LOCK_FORMAT}
`;

/** Section name: `default`, or the profiles joined by `+`. Undefined with `--set`, which is never locked. */
export function sectionOf(variant: {
  readonly profiles: readonly string[];
  readonly set: readonly string[];
}): string | undefined {
  if (variant.set.length > 0) return undefined;
  const name = variant.profiles.join('+');
  // A profile named "default" must not share the default section.
  return name === '' ? 'default' : name === 'default' ? '+default' : name;
}

/** The whole text, sorted: equal blocks give equal bytes. */
export function lockText(file: LockFile): string {
  const parts = [HEAD];
  for (const [section, blocks] of [...file].sort(byName)) {
    if (blocks.size === 0) continue;
    parts.push(`\n${nameText(section)}:\n`);
    for (const [item, block] of [...blocks].sort(byName))
      parts.push(`\n${blockText(section, item, block)}`);
  }
  return parts.join('');
}
