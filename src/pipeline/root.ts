/** Finds the project: the nearest folder with a pipeline.yaml. */
import { existsSync } from 'node:fs';
import path from 'node:path';

export const PIPELINE_FILE = 'pipeline.yaml';

/**
 * The nearest pipeline file with a wrong name, at or above a folder: `pipeline.yml`, `../Pipeline.yaml`.
 * `namesIn` gives no names for a folder that cannot be listed.
 */
export function misnamedAbove(
  cwd: string,
  namesIn: (folder: string) => readonly string[],
): string | undefined {
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    const name = namesIn(folder).find((each) => /^pipelines?\.ya?ml$/i.test(each));
    if (name !== undefined) return path.relative(cwd, path.join(folder, name));
    if (path.dirname(folder) === folder) return undefined;
  }
}

/** Name of the pipeline file in its project, for messages; `file` is an absolute path. */
export function pipelineName(root: string, file: string | undefined): string {
  return file === undefined ? PIPELINE_FILE : path.relative(root, file);
}

/** At or above a folder; undefined when there is none. */
export function rootAbove(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = path.dirname(folder)) {
    if (existsSync(path.join(folder, PIPELINE_FILE))) return folder;
    if (path.dirname(folder) === folder) return undefined;
  }
}
