/** `--json`: every event as one line of JSON, and nothing else. */
import type { RunEvent } from '../event.js';
import type { Write } from './plain.js';

export function jsonReporter(write: Write): (event: RunEvent) => void {
  return (event) => write(`${JSON.stringify(event)}\n`);
}
