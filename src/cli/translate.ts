/** `pipe init --from dvc.yaml`: reads the project's files, and checks that pipe accepts the result. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { translateDvc } from '../convert/dvc.js';
import { UserError, userError } from '../error.js';
import { loadPlan } from '../pipeline/load.js';
import type { Plan } from '../pipeline/plan.js';
import { statIfThere } from '../sys/if-there.js';
import { namedPlace } from '../sys/real-place.js';

interface Translated {
  readonly text: string;
  /** Omitted parts, and missing inputs. */
  readonly notes: readonly string[];
}

/** @throws UserError when the file is not a dvc.yaml in this folder, or has errors */
export function translate(written: string, project: string): Translated {
  const file = path.relative(project, namedPlace(project, written)).split(path.sep).join('/');
  if (file.startsWith('../') || path.isAbsolute(file))
    throw userError(
      'cannot-translate',
      `${written} is outside the current folder`,
      'pipeline.yaml is written to the current folder: cd to the folder that contains the project',
    );
  const text = readText(path.join(project, file));
  if (text === undefined)
    throw userError(
      'cannot-translate',
      existsSync(path.join(project, file)) ? `${written} is not a file` : `there is no ${written}`,
      'name the pipeline file of DVC, as in: pipe init --from dvc.yaml',
    );
  if (!/\.ya?ml$/.test(file))
    throw userError(
      'cannot-translate',
      `pipe init translates dvc.yaml, and ${written} is not a YAML file`,
      'without --from, pipe init writes a first stage for a project with a Makefile, a Snakefile or Python',
    );
  const read = (name: string) => readText(path.join(project, name));
  const translation = translateDvc(file, text, read);
  const plan = planOf(translation.text, file, project);
  return {
    text: translation.text,
    notes: [
      ...translation.notes.map((note) => `${note.file}:${note.line}: ${note.text}`),
      ...missingInputs(plan, project),
    ],
  };
}

/** Undefined unless it is a file. */
function readText(file: string): string | undefined {
  const isFile = statIfThere(file)?.isFile();
  return isFile ? readFileSync(file, 'utf8') : undefined;
}

function planOf(text: string, file: string, project: string): Plan {
  try {
    return loadPlan({ project, text });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const message = `${file} cannot be translated as it is: the resulting pipeline.yaml has these errors`;
    const hint = `nothing was written; change ${file}, or write pipeline.yaml by hand`;
    throw new UserError([{ code: 'cannot-translate', message, hint }, ...error.diagnostics]);
  }
}

/** Data that `dvc pull` fetches, and pipe reads in place. */
function missingInputs({ items }: Plan, project: string): readonly string[] {
  const paths = items.flatMap(({ deps }) =>
    deps.filter(({ made, glob, optional }) => !made && !glob && !optional).map((dep) => dep.path),
  );
  return [...new Set(paths)]
    .filter((name) => !existsSync(path.join(project, name)))
    .map((name) => {
      const isTracked = existsSync(path.join(project, `${name}.dvc`));
      return `${name} is missing${isTracked ? `: get it with  dvc pull ${name}.dvc` : ''}`;
    });
}
