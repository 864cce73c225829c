/** What a command names. The parser, named-scripts.ts, is loaded on demand. */
import type { Launch } from './python/launches.js';
import type { Program } from './python/programs.js';

export interface NamedScripts {
  /** Paths relative to the project, in command order; they may not exist. */
  readonly files: readonly string[];
  /** Scripts and modules that Python executes, and programs that may be either. */
  readonly launches: readonly Launch[];
  /** Why a program that the command starts is unknown. */
  readonly unclear: readonly string[];
  /** The Python programs that the command starts with a file, a module or a text of the project. */
  readonly programs: readonly Program[];
}

export const NO_NAMED: NamedScripts = { files: [], launches: [], unclear: [], programs: [] };
