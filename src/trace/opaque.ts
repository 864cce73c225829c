/** Imports that cannot be traced: an error, unless the stage lists code among its deps. */
import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type Diagnostic, UserError } from '../error.js';
import { extensionOf, isAddon, isScript } from './loaders.js';

/** They stand for packages: one of these as a dep covers what is imported by a name. */
const PACKAGE_FILES = new Set([
  'package.json',
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
]);

/** @throws UserError with all of them when no dep is code that could be meant */
export function requireCovered(
  imports: readonly Diagnostic[],
  deps: readonly string[],
  root: string,
): void {
  if (imports.length === 0 || deps.some((dep) => isCode(dep, root))) return;
  throw new UserError(imports);
}

/** A file of code, a pattern of such, or a folder that holds some. */
function isCode(dep: string, root: string): boolean {
  const name = path.posix.basename(dep);
  if (PACKAGE_FILES.has(name) || isCodeFile(name)) return true;
  if (/[*?[{]/.test(name)) return /\.\{?(?:[cm]?[jt]sx?\b)/.test(name);
  return extensionOf(name) === '' && holdsCode(path.join(root, dep), 3);
}

function isCodeFile(name: string): boolean {
  return isScript(name) || isAddon(name);
}

function holdsCode(folder: string, depth: number): boolean {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return false;
  const entries = readdirSync(folder, { withFileTypes: true });
  return (
    entries.some((each) => each.isFile() && isCodeFile(each.name)) ||
    (depth > 0 &&
      entries.some(
        (each) => each.isDirectory() && holdsCode(path.join(folder, each.name), depth - 1),
      ))
  );
}
