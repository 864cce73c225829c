/** Formats an internal error: its stack trace names lines of src/, not columns of the files in dist/. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';

/** @param dist absolute path of the folder with the command's files and their source maps */
export function internalError(error: unknown, dist: string): string {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return `pipe: internal error\n${withSourceLines(stack, dist)}\n`;
}

/** Loads a map only here, so that a run without internal error does not pay for it. */
function withSourceLines(stack: string, dist: string): string {
  const maps = new Map<string, SourceMap | undefined>();
  const refusals: string[] = [];
  const mapOf = (file: string): SourceMap | undefined => {
    if (!maps.has(file)) maps.set(file, existsSync(file) ? readMap(file, refusals) : undefined);
    return maps.get(file);
  };
  const [before = '', ...parts] = stack.split(`${dist}${path.sep}`);
  const named = parts.map((text) => {
    const [position, name, line, column] = /^(\w+\.cjs):(\d+):(\d+)/.exec(text) ?? [];
    const map = position && mapOf(path.join(dist, `${name}.map`));
    const source = map && sourceOf(map, Number(line), Number(column));
    return source ? source + text.slice(position.length) : `${dist}${path.sep}${text}`;
  });
  return [[before, ...named].join(''), ...refusals].join('\n');
}

function readMap(file: string, refusals: string[]): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
  } catch (refused) {
    refusals.push(`(${file} cannot be read, so no source lines are shown: ${refused})`);
    return undefined;
  }
}

/** A stack counts lines and columns from 1, a map from 0. Source paths are relative to the map. */
function sourceOf(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalSource' in entry)) return undefined;
  const source = path.join('/', entry.originalSource).slice(1);
  return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
