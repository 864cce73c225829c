/** File errors: those that the user must fix, and damage that the cache repairs itself. */
import { UserError } from '../../error.js';

/** Something in the workspace that cannot be an input or a result: a socket, an unreadable file. */
export class UnusableFile extends UserError {}

export function unusable(path: string, what: string, hint: string): UnusableFile {
  return new UnusableFile({ code: 'unusable-file', message: `${shortened(path)} ${what}`, hint });
}

/** A path that is too long for the system is too long for a message. */
function shortened(path: string): string {
  return path.length > 300 ? `${path.slice(0, 120)}…${path.slice(-40)}` : path;
}

/** An object is missing or does not match its name. It is never restored; its item must run again. */
export class DamagedObject extends Error {
  override readonly name = 'DamagedObject';

  /** @param object its name: 64 hexadecimal digits */
  constructor(object: string, what: 'missing' | 'damaged', detail: string) {
    super(`object ${object.slice(0, 12)} of the cache is ${what}: ${detail}`);
  }
}

/** Undefined for a missing or damaged object. */
export function unlessDamaged<T>(
  read: () => T,
  onDamage: (error: DamagedObject) => void = () => {},
): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DamagedObject)) throw error;
    onDamage(error);
    return undefined;
  }
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** Nothing exists there, or a parent is not a folder. */
export function isAbsent(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** An entry seen a moment ago is gone, or is now of another kind: a file, a folder or a link. */
export function isChangedKind(error: unknown): boolean {
  const isLinkNoMore =
    codeOf(error) === 'EINVAL' && (error as NodeJS.ErrnoException).syscall === 'readlink';
  return isAbsent(error) || codeOf(error) === 'EISDIR' || isLinkNoMore;
}

/** Error code for messages: `EACCES`. */
export function reasonOf(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.message : String(error));
}

/** For effects that only save time. Warns about a system error instead of throwing it. */
export function bestEffort(
  without: string,
  warn: (message: string) => void,
  act: () => void,
): void {
  try {
    act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    warn(`${without} (${reasonOf(error)})`);
  }
}
