/** Normalizes paths of the file to paths within the project, with `/` between names, without `.` or `..`. */

import { isWithin } from '../../sys/is-within.js';
import { isAbsurd, MOST_ALTERNATIVES } from '../braces.js';
import type { Mistake } from '../document/diagnostics.js';
import { isGlob, unescapeGlob } from '../glob.js';
import type { Template } from './fill-placeholders.js';

/** Outs are written here; the rest of the cache folder is reserved for pipe. */
const OUT_FOLDER = 'cache/out';
const CACHE_FOLDER = 'cache';

type Normal = { readonly path: string } | { readonly mistake: Mistake };

export function normalisePath(written: string): Normal {
  const shape = shapeMistake(written);
  if (shape) return { mistake: shape };
  const names: string[] = [];
  for (const name of written.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return { mistake: outside(written) };
  }
  if (names.length === 0) return { mistake: wholeProject(written) };
  return { path: names.join('/') };
}

const ABSOLUTE = /^(?:\/|[A-Za-z]:[\\/]|~(?:\/|$))/;

function shapeMistake(written: string): Mistake | undefined {
  if (written === '') return { code: 'bad-path', message: 'a path cannot be empty' };
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(written)) {
    return {
      code: 'bad-path',
      message: `"${written}" is an address, not a path`,
      hint: 'fetch it in a separate stage and read its out',
    };
  }
  if (ABSOLUTE.test(written)) return absolute(written);
  return undefined;
}

/**
 * "/" separates names on every system. A backslash is only allowed in a dep, where it escapes a
 * character of a pattern. Values of axes and params are literal.
 */
export function slashMistake({ text, parts }: Template, isDep: boolean): Mistake | undefined {
  if (ABSOLUTE.test(text)) return absolute(text);
  const idle = isDep ? /\\(?![\\*?[\]{},])/ : /\\/;
  if (!parts.some((part) => typeof part === 'string' && idle.test(part.replaceAll('\\\\', ''))))
    return undefined;
  const meant = text.replaceAll('\\ ', ' ').replace(/\\(?![*?[\]{},])/g, '/');
  return {
    code: 'bad-path',
    message: `"${text}" contains a backslash; a path is written with "/"`,
    hint: `write "${meant}"`,
  };
}

function absolute(written: string): Mistake {
  return {
    code: 'path-outside',
    message: `"${written}" is an absolute path`,
    hint: 'paths begin at pipeline.yaml, as in data/faces; for data stored elsewhere, make a link and use its name: ln -s … data',
  };
}

function outside(written: string): Mistake {
  return {
    code: 'path-outside',
    message: `"${written}" leads out of the project`,
    hint: 'a stage reads and writes inside the project; for data stored elsewhere, make a link and use its name: ln -s … data',
  };
}

function wholeProject(written: string): Mistake {
  return {
    code: 'bad-path',
    message: `"${written}" is the whole project`,
    hint: 'name files or folders in it',
  };
}

/** The one name that a plain object cannot hold. In a list, a path is its own name. */
export const NO_NAME = '__proto__';

export function noName(what: 'dep' | 'out'): Mistake {
  return {
    code: 'bad-name',
    message: `the ${what} cannot be called "${NO_NAME}"`,
    hint: `give it another name, as in: { file: ${NO_NAME} }`,
  };
}

type DepPath = { readonly path: string; readonly glob: boolean } | { readonly mistake: Mistake };

/** A dep: a path or a pattern, but not a file that pipe itself writes. */
export function depPath(written: string): DepPath {
  const glob = isGlob(written);
  const normal = normalisePath(glob ? written : unescapeGlob(written));
  if ('mistake' in normal) return normal;
  const { path } = normal;
  if (glob && isAbsurd(path)) return { mistake: tooManyChoices(path) };
  if (!isWithin(path, CACHE_FOLDER) || isWithin(path, OUT_FOLDER)) return { path, glob };
  const message = `"${path}" belongs to pipe's own cache`;
  return {
    mistake: {
      code: 'path-protected',
      message,
      hint: `a stage can read only ${OUT_FOLDER}/ of it`,
    },
  };
}

/** Validates a pattern below a dep; refuses syntax of .gitignore that has no meaning here. */
export function excludeMistake(pattern: string): Mistake | undefined {
  if (isAbsurd(pattern)) return tooManyChoices(pattern);
  const mistake = (what: string, hint: string): Mistake => ({
    code: 'bad-exclude',
    message: `"${pattern}" ${what}`,
    hint,
  });
  if (pattern.startsWith('!'))
    return mistake(
      'would undo an exclusion',
      'list only files to exclude: exclude has no exceptions',
    );
  if (pattern.split('/').includes('..'))
    return mistake('leads out of the dep', 'write the pattern relative to the folder of the dep');
  if (pattern.replaceAll('/', '') === '' || pattern === '.')
    return mistake('names nothing', 'name what does not count, as in "*.tmp" or "notes/"');
  return undefined;
}

export function tooManyChoices(pattern: string): Mistake {
  const shown = pattern.length > 80 ? `${pattern.slice(0, 80)}…` : pattern;
  return {
    code: 'bad-path',
    message: `the pattern "${shown}" stands for more than ${MOST_ALTERNATIVES} paths, or nests its braces too deep`,
    hint: 'only choices that contain a "/" or "**" are multiplied: write them as several deps, or use * instead',
  };
}

/** A file from which the plan is made: pipe reads it before any stage runs. */
export function planFile(written: string): Normal {
  const normal = normalisePath(written);
  if ('mistake' in normal || !isWithin(normal.path, CACHE_FOLDER)) return normal;
  return {
    mistake: {
      code: 'path-protected',
      message: `"${normal.path}" is written by runs, and pipe reads it before anything runs`,
      hint: `keep it outside of ${CACHE_FOLDER}/; what a stage writes can only be a dep`,
    },
  };
}

/** Files protected from outs, and why; edges.ts adds the modules of `run:`. */
const PROTECTED: readonly (readonly [path: string, what: string])[] = [
  ['pipeline.yaml', 'the pipeline itself'],
  ['pipeline.lock', "pipe's lock file"],
  ['.git', "the project's history"],
  ['node_modules', 'installed packages'],
];

/** A run removes old outs first, so an out may not cover hand-written files. */
export function outMistake(path: string): Mistake | undefined {
  if (/[*?]/.test(path)) {
    const message = `the out "${path}" is a pattern; an out is one path`;
    return { code: 'bad-path', message, hint: 'name the folder that contains the files' };
  }
  if (isWithin(OUT_FOLDER, path) || (isWithin(path, CACHE_FOLDER) && !isWithin(path, OUT_FOLDER))) {
    return {
      code: 'path-protected',
      message: `"${path}" belongs to pipe's own cache`,
      hint: `write below ${OUT_FOLDER}/`,
    };
  }
  for (const [file, what] of PROTECTED) {
    if (isWithin(file, path) || isWithin(path, file)) return overwrites(path, file, what);
  }
  return undefined;
}

export function overwrites(path: string, file: string, what: string): Mistake {
  const how =
    path === file ? 'is' : isWithin(path, file) ? `is inside ${file},` : `contains ${file},`;
  return {
    code: 'path-protected',
    message: `the out "${path}" ${how} ${what}`,
    hint: 'outs are removed before a run: choose another path, such as one below cache/out/',
  };
}

const SCRIPT = /\.[cm]?[jt]sx?$/;

/** A command line instead of a path. */
const RUNNER = /^(?:node|npx|tsx|ts-node|bun|deno|python3?|sh|bash) +\S/;

export function scriptMistake(path: string): Mistake | undefined {
  if (RUNNER.test(path)) {
    return {
      code: 'not-a-module',
      message: `"${path}" is a command, and run takes a module`,
      hint: `write  cmd: ${path}`,
    };
  }
  if (SCRIPT.test(path)) return undefined;
  return {
    code: 'not-a-module',
    message: `"${path}" is not a TypeScript or JavaScript file`,
    hint: `run takes a module; for anything else use cmd, as in: cmd: ${interpreter(path)} ${path}`,
  };
}

function interpreter(path: string): string {
  if (path.endsWith('.py')) return 'python3';
  if (path.endsWith('.R') || path.endsWith('.r')) return 'Rscript';
  return 'sh';
}
