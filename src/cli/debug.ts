/** PIPE_DEBUG: each decision on stderr, in a line of its own. docs/development.md shows how to read them. */
import type { Host } from '../decide/project.js';

/** Undefined when the variable is unset, empty or 0: then no text of a line is made. */
export function debugTo(env: Host['env'], err: (text: string) => void): Host['debug'] {
  const value = env.PIPE_DEBUG ?? '';
  if (value === '' || value === '0') return undefined;
  return (line) => err(`pipe: debug: ${line.replaceAll(/\s*\n\s*/g, ' ')}\n`);
}
