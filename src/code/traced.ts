/** Result of tracing a stage's code. */
import type { ModuleCode } from '../manifest.js';

export interface Traced {
  /** The manifest's code without the item and its matrix. */
  readonly code: Omit<ModuleCode, 'matrix' | 'item'>;
  /** Local files by path relative to the project, with the digests of their stripped texts. */
  readonly files: Readonly<Record<string, string>>;
  /** The importing file, for each of them except the entry. */
  readonly importers: Readonly<Record<string, string>>;
}
