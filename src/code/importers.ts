/** Importers among the local files of a trace. */
import path from 'node:path';
import { type Diagnostic, UserError } from '../error.js';
import type { Metafile } from './esbuild.js';
import { placeOfImport } from './esbuild-errors.js';
import type { Observed } from './observed.js';
import { readManifest } from './package.js';
import { isOutside, upward } from './project-paths.js';

/** Local files in the order in which the entry reaches them, each with its first importer. */
export function importersOf(
  metafile: Metafile,
  entry: string,
  seen: Observed,
): Map<string, string | undefined> {
  const found = new Map<string, string | undefined>([[entry, undefined]]);
  const inputs = Object.keys(metafile.inputs);
  for (const file of found.keys()) {
    for (const each of metafile.inputs[file]?.imports ?? []) {
      for (const imported of meantBy(each, file, inputs)) {
        if (found.has(imported) || !seen.files.has(path.resolve(seen.root, imported))) continue;
        found.set(imported, file);
      }
    }
  }
  return found;
}

type Import = Metafile['inputs'][string]['imports'][number];

function meantBy(each: Import, importer: string, inputs: readonly string[]): readonly string[] {
  if (isOpen(each)) {
    const pattern = openPattern(path.join(path.dirname(importer), each.path));
    return inputs.filter((input) => pattern.test(input)).sort();
  }
  return each.external === true ? [] : [each.path];
}

/** In esbuild's notation: a `*` within a name, a `**` for folders. */
function openPattern(open: string): RegExp {
  const parts = open.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`);
}

/** An import with an open path, such as `import('./kinds/' + kind + '.js')`: esbuild bundles all matches. */
export function hasOpenImports(metafile: Metafile): boolean {
  return Object.values(metafile.inputs).some(({ imports }) => imports.some(isOpen));
}

function isOpen({ external, path: imported }: Import): boolean {
  return external === true && imported.includes('*');
}

/**
 * Refuses files outside the project, which another clone would not have. A package linked from
 * there is allowed: package.json names it.
 *
 * @throws UserError
 */
export function refuseOutsiders(
  importers: ReadonlyMap<string, string | undefined>,
  metafile: Metafile,
  seen: Observed,
): void {
  const mistakes: Diagnostic[] = [];
  for (const [file, importer] of importers) {
    if (!isOutside(file) || importer === undefined || isOutside(importer)) continue;
    if (isLinkedPackage(file, importer, metafile, seen)) continue;
    const original = specifierOf(importer, file, metafile);
    const place = original === undefined ? undefined : placeOfImport(importer, original, seen);
    mistakes.push({
      code: 'import-outside',
      message: `${importer} imports ${file}, which is outside the project`,
      ...(place === undefined ? {} : { place }),
      hint: 'move it into the project, or make it a package that the project links (`npm install ../folder`)',
    });
  }
  if (mistakes.length > 0) throw new UserError(mistakes);
}

function specifierOf(importer: string, file: string, metafile: Metafile): string | undefined {
  return metafile.inputs[importer]?.imports.find((each) => each.path === file)?.original;
}

/** Imported by the name of its package. */
function isLinkedPackage(
  file: string,
  importer: string,
  metafile: Metafile,
  seen: Observed,
): boolean {
  const specifier = specifierOf(importer, file, metafile) ?? '';
  if (/^[./]/.test(specifier)) return false;
  for (const folder of upward(path.dirname(path.resolve(seen.root, file)))) {
    const name = readManifest(path.join(folder, 'package.json'))?.name;
    if (name !== undefined) return specifier === name || specifier.startsWith(`${name}/`);
  }
  return false;
}
