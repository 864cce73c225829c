/** Code outside of the project: that of packages that it links, such as others of its workspace. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Diagnostic } from '../error.js';
import { isOutside, upward, within } from '../trace/place.js';

/** The folder of the package that a file or folder belongs to, or of the one around it while that one is away. */
export function packageAbove(file: string): string {
  const folders = [...upward(file)];
  const holds = (name: string) => (folder: string) => existsSync(path.join(folder, name));
  return folders.find(holds('package.json')) ?? folders.find(holds('.')) ?? file;
}

/** Packages outside of the project that mistakes are in, by paths relative to it. */
export function mistakenPackages(root: string, mistakes: readonly Diagnostic[]): string[] {
  const files = mistakes.flatMap(({ place }) => place?.file ?? []).filter(isOutside);
  return [...new Set(files.map((file) => within(root, packageAbove(path.resolve(root, file)))))];
}
