/** Messages for system errors. Pure. */

const WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  EMFILE: 'too many open files',
  ENFILE: 'too many open files in the system',
  EIO: 'the disk reports an input/output error',
  EDQUOT: 'the disk quota is exceeded',
  ENOTDIR: 'there is a file where a folder is needed',
  EISDIR: 'there is a folder where a file is needed',
  ELOOP: 'symbolic links form a circle',
  ENAMETOOLONG: 'the path is too long for the system',
};

const FOLDER_WORDS: Readonly<Record<string, string>> = {
  EEXIST: WORDS.ENOTDIR as string,
  // All folders above it exist.
  ENOENT: 'the system creates no folder there',
};

/** Message for a failed system call; undefined for other errors, which are bugs. */
export function systemMessage(error: unknown): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || code === undefined || syscall === undefined) return undefined;
  return refusalMessage(error) ?? error.message;
}

/** Only for problems that the user can fix: a full disk, a read-only folder, a file instead of a folder. */
export function refusalMessage(error: unknown): string | undefined {
  const { code = '', syscall, path } = error as NodeJS.ErrnoException;
  const words = syscall === 'mkdir' ? { ...WORDS, ...FOLDER_WORDS } : WORDS;
  const what = error instanceof Error && Object.hasOwn(words, code) ? words[code] : undefined;
  if (what === undefined || path === undefined) return what;
  const hint = code === 'EPERM' && DELETIONS.has(syscall ?? '') ? IMMUTABLE : '';
  return `${what}: ${path} (${syscall})${hint}`;
}

const DELETIONS: ReadonlySet<string> = new Set(['unlink', 'rmdir', 'rename']);

/** The permissions do not show this attribute, and it stops root too. */
const IMMUTABLE = '; if the file is immutable, make it deletable: chattr -i';
