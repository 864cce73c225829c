/** Axis values from files: the names that a pattern matches, or the lines of a file. */

import { lastName } from '../../sys/is-within.js';
import { isAbsurd } from '../braces.js';
import { type AstNode, child } from '../document/ast.js';
import { lineOf } from '../document/source-text.js';
import { isGlob } from '../glob.js';
import type { PlanFiles } from '../plan-files.js';
import { type AxisValue, BAD_VALUE, isItemText } from './axis-value.js';
import { fill, type Means, parseTemplate } from './fill-placeholders.js';
import { namedFile } from './named-file.js';
import { planFile, slashMistake, tooManyChoices } from './paths.js';

export interface FileMeans extends Means {
  readonly files: PlanFiles;
}

/** The values of `{ glob, strip }` or `{ lines }`; undefined after an error. */
export function valuesOfFiles(node: AstNode, means: FileMeans): readonly AxisValue[] | undefined {
  const [glob, strip, lines] = ['glob', 'strip', 'lines'].map((key) => child(node, key));
  const mistake = (message: string, hint: string, at = node) => {
    means.diagnostics.add({ code: 'bad-axis', message, hint }, at.span);
    return undefined;
  };
  if (!glob && !lines)
    return mistake(
      'the axis names no files',
      'write { glob: "data/*.csv" } or { lines: names.txt }',
    );
  if (glob && lines)
    return mistake('an axis takes glob or lines, not both', 'make two axes of them, or two stages');
  if (lines && strip)
    return mistake('strip requires glob: lines are taken as they are', 'remove it', strip);
  return lines ? valuesOfLines(lines, means) : valuesOfNames(glob!, strip, means);
}

function textOf(node: AstNode, isPattern: boolean, means: Means): string | undefined {
  const template = parseTemplate(String(node.value), node, means.diagnostics);
  const slash = slashMistake(template, isPattern);
  if (slash === undefined) return fill(template, means);
  means.diagnostics.add(slash, node.span);
  return undefined;
}

/** Base names of the matches, without the suffix `strip`. */
function valuesOfNames(
  node: AstNode,
  strip: AstNode | undefined,
  means: FileMeans,
): readonly AxisValue[] | undefined {
  const { files, diagnostics } = means;
  const written = textOf(node, true, means);
  if (written === undefined) return undefined;
  const mistake = (message: string, hint: string, code = 'bad-axis') => {
    diagnostics.add({ code, message, hint }, node.span);
    return undefined;
  };
  if (!isGlob(written))
    return mistake(
      `"${written}" has no wild card`,
      `for the entries of the folder, write "${written}/*"`,
    );
  const named = planFile(written);
  const shape = 'mistake' in named ? named.mistake : isAbsurd(written) && tooManyChoices(written);
  if ('mistake' in named || shape) {
    if (shape) diagnostics.add(shape, node.span);
    return undefined;
  }
  const matches = files.matches(named.path);
  if ('mistake' in matches) {
    diagnostics.add(matches.mistake, node.span);
    return undefined;
  }
  if (matches.paths.length === 0)
    return mistake(
      `nothing matches "${named.path}", so the axis has no values`,
      'add a file, or correct the pattern: it begins at the folder of pipeline.yaml',
    );
  return valuesOfPaths(matches.paths, String(strip?.value ?? ''), mistake);
}

function valuesOfPaths(
  paths: readonly string[],
  strip: string,
  mistake: (message: string, hint: string) => undefined,
): readonly AxisValue[] | undefined {
  const byValue = new Map<string, string>();
  let sound = true;
  for (const path of paths) {
    const name = lastName(path);
    const value = name.slice(0, name.length - strip.length);
    const other = byValue.get(value);
    byValue.set(value, other ?? path);
    const [message, hint] = !name.endsWith(strip)
      ? [
          `${path} does not end with "${strip}"`,
          'use a pattern that matches only names with that ending',
        ]
      : !isItemText(value)
        ? [`${path} gives the value "${value}", which ${BAD_VALUE.message}`, BAD_VALUE.hint]
        : other !== undefined
          ? [`${other} and ${path} both give the value "${value}"`, ONE_FOLDER]
          : [];
    if (message === undefined) continue;
    mistake(message, hint as string);
    sound = false;
  }
  return sound ? [...byValue.keys()].map((value) => ({ value })) : undefined;
}

const ONE_FOLDER =
  'folders and the end that strip removes are not part of the value: rename one, or narrow the pattern';

/** One value for each line, except blank lines and comments. */
function valuesOfLines(node: AstNode, means: FileMeans): readonly AxisValue[] | undefined {
  const written = textOf(node, false, means);
  const at = { node, key: 'lines' };
  const found =
    written === undefined ? undefined : namedFile(written, at, means.files, means.diagnostics);
  if (found === undefined) return undefined;
  const { file, diagnostics } = found;
  const { source } = diagnostics;
  const before = diagnostics.count;
  const starts = new Map<string, number>();
  for (const { 0: line, index } of source.text.matchAll(/[^\r\n]+/g)) {
    const value = line.trim();
    if (value === '' || value.startsWith('#')) continue;
    const start = index + line.indexOf(value);
    const span = { start, end: start + value.length };
    const first = starts.get(value);
    if (first === undefined) starts.set(value, start);
    else {
      const message = `the value "${value}" is already in line ${lineOf(source, first)}`;
      diagnostics.add({ code: 'bad-axis', message, hint: 'remove one of them' }, span);
    }
    if (isItemText(value)) continue;
    const message = `the value "${value}" ${BAD_VALUE.message}`;
    diagnostics.add({ code: 'bad-axis', message, hint: BAD_VALUE.hint }, span);
  }
  if (starts.size === 0) {
    const message = `${file} has no values for the axis`;
    means.diagnostics.add(
      { code: 'bad-axis', message, hint: 'write one value on each line' },
      node.span,
    );
  }
  return diagnostics.count > before ? undefined : [...starts.keys()].map((value) => ({ value }));
}
