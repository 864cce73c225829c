/**
 * Permissions of outs and states. They are not part of a digest, so that another umask makes
 * nothing stale. If they differ from the umask's, the record notes them.
 */
import type { Stats } from 'node:fs';
import type { Digest } from './digest.js';

/** Objects are read-only, even for their owner, so that nothing changes them by accident. */
export const OBJECT_MODE = 0o444;

/** Mode of an object that others may not read. */
export const PRIVATE_MODE = 0o400;

/** The permissions in one out or state that differ from the umask's. */
export interface Permissions {
  /** The mode of files, executables and directories, if all of a kind have the same. */
  readonly f?: number;
  readonly x?: number;
  readonly d?: number;
  /** The mode of all others, by path in the out; '' is the out itself. */
  readonly at?: Readonly<Record<string, number>>;
}

type Tag = 'f' | 'x' | 'd';

const TAGS = ['f', 'x', 'd'] as const;

const ALL = 0o777;

/** The mode to restore an entry with; undefined: the umask's. The file kind always follows the digest. */
export function modeOf(
  permissions: Permissions | undefined,
  inner: string,
  digest: Digest,
): number | undefined {
  const tag = digest[0] as Tag | 'l';
  if (permissions === undefined || tag === 'l') return undefined;
  const { at } = permissions;
  const noted = at !== undefined && Object.hasOwn(at, inner) ? at[inner] : permissions[tag];
  if (noted === undefined || tag === 'd') return noted;
  return tag === 'x' ? noted | 0o100 : noted & ~0o100;
}

export function isPermissions(value: unknown): value is Permissions | undefined {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const { at = {}, ...kinds } = value as Permissions;
  const modes = [...TAGS.map((tag) => kinds[tag] ?? 0), ...Object.values(at)];
  return modes.every((mode) => Number.isInteger(mode) && mode >= 0 && mode <= ALL);
}

/** Collects the permissions of one out while it is stored. */
export class PermissionNotes {
  readonly #umask: number;
  readonly #counted: number;
  readonly #of = { f: new Modes(), x: new Modes(), d: new Modes() };

  /** `counted`: the bits that will be restored. */
  constructor(umask: number, counted = ALL) {
    this.#umask = umask;
    this.#counted = counted;
  }

  /** Notes an entry. True if users who could read it under the umask cannot. */
  note(inner: string, stat: Stats): boolean {
    const tag = tagOf(stat);
    const ordinary = (tag === 'f' ? 0o666 : 0o777) & ~this.#umask;
    const mode = stat.mode & ALL;
    this.#of[tag].note(inner, mode, ((mode ^ ordinary) & this.#counted) === 0);
    return (ordinary & ~mode & (tag === 'd' ? 0o055 : 0o044)) !== 0;
  }

  /** Undefined when all permissions follow the umask. */
  get all(): Permissions | undefined {
    const found: { f?: number; x?: number; d?: number } = {};
    const at: Record<string, number> = Object.create(null) as Record<string, number>;
    for (const tag of TAGS) {
      const uniform = this.#of[tag].uniform;
      if (uniform !== undefined) found[tag] = uniform;
      else for (const [inner, mode] of this.#of[tag].others) at[inner] = mode;
    }
    const isListed = Object.keys(at).length > 0;
    if (!isListed && Object.keys(found).length === 0) return undefined;
    return isListed ? { ...found, at } : found;
  }
}

/** The permissions of all entries of one kind. */
class Modes {
  readonly others: [string, number][] = [];
  #ordinary = 0;

  note(inner: string, mode: number, isOrdinary: boolean): void {
    if (isOrdinary) this.#ordinary++;
    else this.others.push([inner, mode]);
  }

  /** The common mode, if all entries have the same one and none follows the umask. */
  get uniform(): number | undefined {
    const [first] = this.others;
    if (first === undefined || this.#ordinary > 0) return undefined;
    return this.others.every(([, mode]) => mode === first[1]) ? first[1] : undefined;
  }
}

function tagOf(stat: Stats): Tag {
  if (stat.isDirectory()) return 'd';
  return (stat.mode & 0o100) === 0 ? 'f' : 'x';
}
