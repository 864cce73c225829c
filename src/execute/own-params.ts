/**
 * Warns about a command that reads a params file itself, because it misses the values of `--set`
 * and profiles.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ItemHandle } from '../decide/build-context.js';
import { describeAction } from './failure.js';

export function warnOfOwnReading(handle: ItemHandle): void {
  const { build, item, code } = handle;
  const [first] = item.overridden ?? [];
  if (first === undefined || code.kind !== 'command') return;
  const scripts = Object.keys(code.scripts).map(
    (script) => [script, readFileSync(path.join(build.project.root, script), 'utf8')] as const,
  );
  const texts = [['its command', describeAction(item)], ...scripts] as const;
  if (texts.some(([, text]) => /\bPIPE_CONTEXT\b|\bpipe_run\b/.test(text))) return;
  for (const { file, param, by } of item.overridden ?? []) {
    const reader = texts.find(([, text]) => isNamed(file, text));
    if (reader === undefined) continue;
    const message = `${reader[0]} names ${file}, but ${by} changes ${param} only in the params that pipe passes on: read ${param} from the JSON file that PIPE_CONTEXT names, not from ${file}`;
    handle.warn(message);
    return;
  }
}

/** Matches whole paths: `old/params.yaml` does not name `params.yaml`. */
function isNamed(file: string, text: string): boolean {
  const escaped = file.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w./-])(?:\\./)?${escaped}(?![\\w./-])`).test(text);
}
