/** Processes for which hard links fail on every file system. */
import { fileURLToPath } from 'node:url';

const PRELOAD = fileURLToPath(new URL('no-links.cjs', import.meta.url));

/** Variables for a process in which every link fails with this code. */
export function withoutLinks(code: string): Record<string, string> {
  return { NODE_OPTIONS: `--require ${PRELOAD}`, PIPE_TEST_NO_LINKS: code };
}
