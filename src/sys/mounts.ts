/** Mount points, as Linux lists them. A rename of a folder moves the mounts in it along. */
import { realpathSync } from 'node:fs';
import { readIfThere } from './proc.js';

/** A mount point in the folder, at any depth; false on other systems. */
export function holdsMount(folder: string): boolean {
  const above = `${realpathSync(folder)}/`;
  return mountPoints(readIfThere('/proc/self/mountinfo', 'utf8') ?? '').some((point) =>
    point.startsWith(above),
  );
}

/** From lines such as `32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu`. */
function mountPoints(text: string): string[] {
  return text.split('\n').map((line) => unescaped(line.split(' ')[4] ?? ''));
}

/** Spaces and similar characters are written as `\040`. */
export function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
