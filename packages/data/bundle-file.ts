/** The bundle that this module is part of: a thread of the same code runs it too. */
import { fileURLToPath } from 'node:url';

/** Undefined if the sources are run as they are, which no thread can do. */
export function bundleFile(): string | undefined {
  // pipe replaces `import.meta.url` in a bundle by the URL of the source. `import.meta` is the bundle's own.
  const { url } = import.meta;
  const file = fileURLToPath(url);
  return file.endsWith('.ts') ? undefined : file;
}
