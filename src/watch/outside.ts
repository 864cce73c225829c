/** Code outside the project: linked packages, such as others in its workspace. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { isOutside, upward, within } from '../code/project-paths.js';
import type { Diagnostic } from '../error.js';

/**
 * The folder of the package that contains a file or folder, or, while that is missing, the
 * enclosing package.
 */
export function packageAbove(file: string): string {
  const folders = [...upward(file)];
  const holds = (name: string) => (folder: string) => existsSync(path.join(folder, name));
  return folders.find(holds('package.json')) ?? folders.find(holds('.')) ?? file;
}

/** Packages outside the project with errors, as paths relative to it. */
export function mistakenPackages(root: string, mistakes: readonly Diagnostic[]): string[] {
  const files = mistakes.flatMap(({ place }) => place?.file ?? []).filter(isOutside);
  return [...new Set(files.map((file) => within(root, packageAbove(path.resolve(root, file)))))];
}
