/** For a missing path: finds a similar existing one that the user may have meant. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { unlessFailed } from '../sys/if-there.js';
import { nearest } from './document/suggest.js';
import { PIPELINE_FILE } from './root.js';

interface LookAlike {
  /** Relative to the project. */
  readonly path: string;
  /** Encodings of accents, if the names look the same on a screen. */
  readonly encodings?: { readonly there: string; readonly wanted: string };
}

/** Follows the path to the first missing name, and finds a similar name there. */
export function lookAlike(root: string, wanted: string): LookAlike | undefined {
  const names = wanted.split('/');
  for (const [at, name] of names.entries()) {
    const above = names.slice(0, at);
    const there = namesIn(path.join(root, ...above));
    if (there.includes(name)) continue;
    const same = there.find((each) => each.normalize() === name.normalize());
    const similar = same ?? nearest(name, there);
    if (similar === undefined) return undefined;
    const found = [...above, similar, ...names.slice(at + 1)].join('/');
    if (same === undefined) return existsSync(path.join(root, found)) ? { path: found } : undefined;
    return { path: found, encodings: { there: formOf(same), wanted: formOf(name) } };
  }
  return undefined;
}

/** The hint for a missing path; undefined when no path is similar. */
export function lookAlikeHint(root: string, wanted: string): string | undefined {
  const variable = variableIn(wanted);
  if (variable !== undefined)
    return `pipe does not expand ${variable} in a path: link the folder into the project (ln -s "${variable}" data), or write \${name} for a param or an axis`;
  const found = lookAlike(root, wanted);
  if (found === undefined) return undefined;
  const { path: there, encodings } = found;
  if (encodings === undefined) return `did you mean "${there}"?`;
  return `a name that looks the same exists, but its accents are encoded differently (${encodings.there}, here ${encodings.wanted}): copy the name from the output of ls, or rename the file`;
}

/** A shell variable, such as `$DATA` in `$DATA/faces`. */
export function variableIn(wanted: string): string | undefined {
  return /(?<![^/])\$\w+/.exec(wanted)?.[0];
}

function formOf(text: string): string {
  return text === text.normalize('NFC') ? 'NFC' : 'NFD';
}

/** What to do in a folder without a pipeline at or above it. */
export function startHint(cwd: string): string {
  if (namesIn(cwd).includes(PIPELINE_FILE))
    return `${PIPELINE_FILE} is a link to a file that does not exist: correct the link, or remove it`;
  const misnamed = misnamedAbove(cwd);
  if (misnamed !== undefined) return `rename ${misnamed} to ${PIPELINE_FILE}`;
  return namesIn(cwd).includes('dvc.yaml')
    ? 'run `pipe init --from dvc.yaml` to translate the dvc.yaml here'
    : 'run `pipe init` to start one here';
}

/** The nearest pipeline file with a wrong name, at or above a folder: `pipeline.yml`, `../Pipeline.yaml`. */
function misnamedAbove(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    const name = namesIn(folder).find((each) => /^pipelines?\.ya?ml$/i.test(each));
    if (name !== undefined) return path.relative(cwd, path.join(folder, name));
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** A missing or unreadable folder has no candidates. */
function namesIn(folder: string): string[] {
  return unlessFailed(() => readdirSync(folder)) ?? [];
}
