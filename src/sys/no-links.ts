/** File systems that have no hard links: exFAT, and many network and phone mounts. */

const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'EXDEV',
  'EMLINK',
  'ENOTSUP',
  'EOPNOTSUPP',
  'ENOSYS',
]);

/** True of the error of a `link` that cannot be made here, whatever the names are. */
export function isWithoutLinks(error: unknown): boolean {
  return NO_LINKS.has((error as NodeJS.ErrnoException).code);
}
