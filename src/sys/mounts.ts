/** Mount points, as Linux lists them. A rename of a folder moves the mounts in it along. */
import { readIfThere } from './proc.js';
import { realPath } from './real-place.js';

/** A mount point in the folder, at any depth; false on other systems. */
export function holdsMount(folder: string): boolean {
  const above = `${realPath(folder)}/`;
  return mountsIn(readIfThere('/proc/self/mountinfo', 'utf8') ?? '').some(({ point }) =>
    point.startsWith(above),
  );
}

export interface Mount {
  /** The folder of the mounted file system that the mount point shows. */
  readonly root: string;
  readonly point: string;
  /** Of the file system. */
  readonly type: string;
  readonly options: string;
}

/** From lines such as `32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu`. */
export function mountsIn(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [place = '', kind = ''] = line.split(' - ');
    const [, , , root, point] = place.split(' ').map(unescaped);
    const [type = '', , options = ''] = kind.split(' ');
    return root === undefined || point === undefined ? [] : [{ root, point, type, options }];
  });
}

/** Spaces and similar characters are written as `\040`. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
