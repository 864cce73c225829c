/** Errors in a stage's code: esbuild's messages, with place and hint. */
import path from 'node:path';
import type { Diagnostic, Place } from '../error.js';
import type { Location, Message } from './esbuild.js';
import type { Observed } from './observed.js';
import { packageName } from './package.js';

export function diagnosticOf(message: Message, seen: Observed): Diagnostic {
  const place = message.location === null ? undefined : placeOf(message.location, seen);
  return { ...meaningOf(message), ...(place === undefined ? {} : { place }) };
}

const UNRESOLVED = /^Could not resolve "(.*)"$/;
const UNREADABLE = /^Cannot read (file|directory) "(.*)": (.*)$/;
const NO_EXPORT = /^No matching export in "(.*)" for import "(.*)"$/;

function meaningOf({ text }: Message): Diagnostic {
  const unresolved = UNRESOLVED.exec(text)?.[1];
  if (unresolved !== undefined) return unresolvedImport(unresolved);
  const missing = NO_EXPORT.exec(text);
  if (missing) {
    return { code: 'export-not-found', message: `${missing[1]} has no export "${missing[2]}"` };
  }
  const unreadable = UNREADABLE.exec(text);
  if (unreadable) {
    const [, kind, name, reason] = unreadable;
    return unreadableOf(`the ${kind === 'file' ? 'file' : 'folder'} ${name}`, reason);
  }
  return { code: 'stage-syntax', message: text };
}

export function unreadableOf(what: string, reason: string | undefined): Diagnostic {
  const message = `${what} cannot be read (${reason})`;
  return { code: 'unusable-file', message, hint: 'replace it, or change its permissions' };
}

function unresolvedImport(specifier: string): Diagnostic {
  const code = 'import-not-found';
  if (/^[./]/.test(specifier)) {
    return {
      code,
      message: `there is no file "${specifier}"`,
      hint: 'create it, or correct the path',
    };
  }
  if (/^(#|[a-z]+:)/.test(specifier)) {
    return { code, message: `"${specifier}" cannot be resolved`, hint: 'correct the import' };
  }
  const name = packageName(specifier);
  const message =
    name === specifier
      ? `the package "${name}" cannot be found`
      : `"${specifier}" cannot be found: the package "${name}" is not installed, or has no such export`;
  return { code, message, hint: `run \`npm install ${name}\`, or correct the import` };
}

/** An import or require whose path is only known at run time. */
export function untraceable(message: Message, seen: Observed): Diagnostic {
  const word = message.id === 'unsupported-dynamic-import' ? 'import()' : 'require';
  return {
    ...diagnosticOf(message, seen),
    code: 'import-untraceable',
    message: `the path of this ${word} is computed, so pipe cannot detect changes in the module that it loads`,
    hint: 'write the path as a string, or list what may be loaded under `deps:` of the stage',
  };
}

/** Longer lines are minified code, too long to show. */
const LONGEST = 200;

/** esbuild counts columns from 0, in UTF-8 bytes, and includes the prologue in the line. */
function placeOf({ file, line, column, length, lineText }: Location, seen: Observed): Place {
  const before = utf16(lineText, 0, column);
  const marked = utf16(lineText, column, column + length);
  const prologue = seen.files.get(path.resolve(seen.root, file))?.prologue?.text;
  const at = prologue === undefined ? -1 : lineText.indexOf(prologue);
  const added = prologue !== undefined && at >= 0 ? prologue : '';
  const start = at >= 0 && before.length > at ? before.length - added.length : before.length;
  const text = added === '' ? lineText : lineText.replace(added, '');
  const shown = text.length > LONGEST ? Math.max(0, start - LONGEST / 2) : 0;
  return {
    file,
    line,
    column: start - shown + 1,
    length: Math.max(1, marked.length),
    text: text.slice(shown, shown + LONGEST),
  };
}

function utf16(text: string, from: number, to: number): string {
  return Buffer.from(text).subarray(from, to).toString();
}

/** Searches the text for the import, because esbuild does not report its place. */
export function placeOfImport(file: string, specifier: string, seen: Observed): Place | undefined {
  const bytes = seen.files.get(path.resolve(seen.root, file))?.bytes;
  if (bytes === undefined) return undefined;
  const lines = Buffer.from(bytes).toString('utf8').split(/\r?\n/);
  for (const quote of ["'", '"', '`']) {
    const quoted = `${quote}${specifier}${quote}`;
    const line = lines.findIndex((each) => each.includes(quoted));
    if (line < 0) continue;
    const text = lines[line] as string;
    const column = text.indexOf(quoted) + 1;
    return { file, line: line + 1, column, length: quoted.length, text };
  }
  return undefined;
}
