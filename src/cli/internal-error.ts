/** Formats an internal error: its stack trace names lines of src/, not columns of dist/pipe.cjs. */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import path from 'node:path';

/** @param bundle absolute path of the command's file; its source map is in the same folder */
export function internalError(error: unknown, bundle: string): string {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return `pipe: internal error\n${withSourceLines(stack, bundle)}\n`;
}

/** Loads the map only here, so that a run without internal error does not pay for it. */
function withSourceLines(stack: string, bundle: string): string {
  const [before = '', ...positions] = stack.split(`${bundle}:`);
  if (positions.length === 0 || !existsSync(`${bundle}.map`)) return stack;
  try {
    const map = new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8')));
    const named = positions.map((text) =>
      text.replace(/^(\d+):(\d+)/, (position, line, column) => {
        return sourceOf(map, Number(line), Number(column)) ?? `${bundle}:${position}`;
      }),
    );
    return [before, ...named].join('');
  } catch (refused) {
    return `${stack}\n(${bundle}.map cannot be read, so no source lines are shown: ${refused})`;
  }
}

/** A stack counts lines and columns from 1, a map from 0. Source paths are relative to the map. */
function sourceOf(map: SourceMap, line: number, column: number): string | undefined {
  const entry = map.findEntry(line - 1, column - 1);
  if (!('originalSource' in entry)) return undefined;
  const source = path.join('/', entry.originalSource).slice(1);
  return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
