/** What is known of a stage's code once it is traced. */
import type { ModuleCode } from '../manifest.js';

export interface Traced {
  /** Of the manifest's code all but the item and its matrix. */
  readonly code: Omit<ModuleCode, 'matrix' | 'item'>;
  /** Local files by path relative to the project, with the digest of each one's own stripped text. */
  readonly files: Readonly<Record<string, string>>;
  /** For each of them but the entry the file by which the entry reaches it. */
  readonly importers: Readonly<Record<string, string>>;
}
