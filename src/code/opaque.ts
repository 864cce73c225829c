/** Imports that pipe cannot trace: an error, unless the stage declares code among its deps. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, UserError } from '../error.js';
import { statIfThere } from '../sys/if-there.js';
import { EXTENSIONS, extensionOf, isAddon, isScript } from './loaders.js';
import { isPython } from './python/file-kinds.js';

/** Files that represent installed packages: one of them as a dep covers imports by name. */
const PACKAGE_FILES = new Set([
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
]);

/** @throws UserError with all of them, unless a dep is code that they may load */
export function requireCovered(
  imports: readonly Diagnostic[],
  deps: readonly string[],
  root: string,
): void {
  if (imports.length === 0 || deps.some((dep) => isCode(dep, root, JAVASCRIPT))) return;
  throw new UserError(imports);
}

interface Dep {
  readonly path: string;
}

/** True when a dep is Python code, which a script may load without a traceable import. */
export function coversPython(deps: readonly Dep[], root: string): boolean {
  return deps.some((dep) => isCode(dep.path, root, PYTHON));
}

/** True when a dep is code in any language, which a program such as `make` may start. */
export function coversCode(deps: readonly Dep[], root: string): boolean {
  return deps.some((dep) => isCode(dep.path, root, ANY));
}

interface Language {
  /** Files that represent installed packages. */
  readonly packages: ReadonlySet<string>;
  isFile(name: string): boolean;
  /** True for the last part of a pattern that matches such files. */
  readonly pattern: RegExp;
}

const JAVASCRIPT: Language = {
  packages: PACKAGE_FILES,
  isFile: (name) => isScript(name) || isAddon(name),
  pattern: /\.\{?(?:[cm]?[jt]sx?\b)/,
};

const PYTHON: Language = { packages: new Set(), isFile: isPython, pattern: /\.\{?pyw?\b/ };

const CODE = new RegExp(
  `\\.\\{?(?:${[...EXTENSIONS].join('|')}|c|cc|cpp|cxx|cu|h|hpp|f|f\\d\\d|java|tex|ipynb)\\b`,
  'i',
);
const ANY: Language = { packages: new Set(), isFile: (name) => CODE.test(name), pattern: CODE };

/** A code file, a pattern of such files, or a folder that contains one. */
function isCode(dep: string, root: string, language: Language): boolean {
  const name = path.posix.basename(dep);
  if (language.packages.has(name) || language.isFile(name)) return true;
  if (/[*?[{]/.test(name)) return language.pattern.test(name);
  return extensionOf(name) === '' && holdsCode(path.join(root, dep), 3, language);
}

function holdsCode(folder: string, depth: number, language: Language): boolean {
  if (!statIfThere(folder)?.isDirectory()) return false;
  const entries = readdirSync(folder, { withFileTypes: true });
  return (
    entries.some((each) => each.isFile() && language.isFile(each.name)) ||
    (depth > 0 &&
      entries.some(
        (each) =>
          each.isDirectory() && holdsCode(path.join(folder, each.name), depth - 1, language),
      ))
  );
}
