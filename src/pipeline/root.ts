/** Finds the project: the nearest folder with a pipeline.yaml. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export const PIPELINE_FILE = 'pipeline.yaml';

/** Name of the pipeline file in its project, for messages; `file` is an absolute path. */
export function pipelineName(root: string, file: string | undefined): string {
  return file === undefined ? PIPELINE_FILE : path.relative(root, file);
}

/** At or above a folder; undefined if there is none. */
export function rootAbove(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, PIPELINE_FILE))) return folder;
    if (path.dirname(folder) === folder) return undefined;
  }
}
