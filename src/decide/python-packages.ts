/** `packages: python`: versions of the interpreter and of what the code of a command imports. */

import type { TracedScripts } from '../code/found-scripts.js';
import type { FsSnapshot } from '../code/fs-snapshot.js';
import { within } from '../code/project-paths.js';
import { locate } from '../code/python/find-interpreter.js';
import { Distributions, type Versions } from '../code/python/installed-distributions.js';
import { type Asking, type Interpreter, interpreterAt } from '../code/python/interpreter.js';
import type { Program } from '../code/python/programs.js';
import type { TraceCache } from '../code/trace-cache.js';
import { type Diagnostic, UserError } from '../error.js';
import { getOrMake } from '../lists.js';
import type { Item } from '../pipeline/plan.js';
import { type Project, planPlaces } from './project.js';

interface PythonOptions {
  readonly snapshot: FsSnapshot;
  readonly traceCache: TraceCache;
  /** Called before Python starts, because Python reads files that the snapshot does not record. */
  readonly unseen: () => void;
}

type Imports = Pick<TracedScripts, 'programs' | 'external'>;

interface Used {
  readonly interpreter: Interpreter;
  /** Absolute path. */
  readonly file: string;
}

export const NO_VERSIONS: Versions = { versions: {}, files: {}, folders: [] };

type Mistake = Pick<Diagnostic, 'code' | 'message' | 'hint'>;

/** The environments of one run, each read once. */
export class PythonPackages {
  readonly #project: Project;
  readonly #distributions: Distributions;
  readonly #asking: Asking;
  readonly #interpreters = new Map<string, Promise<Interpreter>>();
  /** Items may share their scripts. */
  readonly #known = new Map<Imports, Versions>();

  constructor(project: Project, { snapshot, traceCache, unseen }: PythonOptions) {
    const { env } = project;
    this.#project = project;
    this.#distributions = new Distributions(snapshot, traceCache);
    const ask: Asking['ask'] = async (file, program, folder) => {
      unseen();
      const { askPython } = await import('../process/python.js');
      return askPython(file, program, { folder, env });
    };
    this.#asking = { snapshot, env, traceCache, ask };
  }

  /**
   * Version by name for the manifest: `python` for the interpreter, `python:torch` for a
   * distribution.
   *
   * @throws UserError when the item requests versions and its Python cannot be determined
   */
  async of(item: Item, scripts: Imports): Promise<Versions> {
    const { action } = item;
    const { programs } = scripts;
    if (item.packages === undefined || action.kind === 'module') return NO_VERSIONS;
    if (programs.length === 0) {
      if (item.packages === 'inherited') return NO_VERSIONS;
      throw await this.#mistake(item, WITHOUT_PYTHON);
    }
    const known = this.#known.get(scripts);
    if (known !== undefined) return known;
    const found = this.#versionsOf(scripts, await this.#usedBy(item, programs));
    this.#known.set(scripts, found);
    return found;
  }

  #versionsOf({ external: imported }: Imports, used: readonly Used[]): Versions {
    const several = used.length > 1;
    const versions: Record<string, string> = {};
    const files: Record<string, string> = {};
    const folders: string[] = [];
    for (const { file, interpreter } of used) {
      const place = within(this.#asking.snapshot.root, file);
      const found = this.#distributions.versionsOf(imported, interpreter);
      const suffix = several ? ` (${place})` : '';
      versions[`python${suffix}`] = interpreter.version;
      for (const [name, version] of Object.entries(found.versions))
        versions[`python:${name}${suffix}`] = version;
      Object.assign(files, found.files);
      folders.push(...found.folders);
    }
    return { versions, files, folders };
  }

  /** Each interpreter once. Commands that only name a script, such as `cp x.py out`, have none. */
  async #usedBy(item: Item, programs: readonly Program[]): Promise<Used[]> {
    const used = new Map<string, Used>();
    for (const program of programs) {
      if (program.unclear !== undefined) throw await this.#mistake(item, unclear(program.unclear));
      const file = locate(program, this.#asking);
      if (file === undefined) continue;
      if (typeof file !== 'string')
        throw await this.#mistake(item, { code: 'python-not-found', ...file });
      used.set(file, { file, interpreter: await this.#interpreter(file, program.folder) });
    }
    if (used.size === 0)
      throw await this.#mistake(
        item,
        unclear('none of its programs is Python, or a script for it'),
      );
    return [...used.values()];
  }

  #interpreter(file: string, folder: string): Promise<Interpreter> {
    const name = JSON.stringify([file, folder]);
    return getOrMake(this.#interpreters, name, () => interpreterAt(file, folder, this.#asking));
  }

  async #mistake(item: Item, mistake: Mistake): Promise<UserError> {
    const place = (await planPlaces(this.#project)).packages(item.id);
    const message = `${mistake.message} (stage "${item.stage}")`;
    return new UserError([{ ...mistake, message, ...(place && { place }) }]);
  }
}

const WITHOUT_PYTHON: Mistake = {
  code: 'packages-without-python',
  message: 'packages: python needs a cmd that names a Python script, and this one names none',
  hint: 'name the script in the cmd, or list a lock file such as uv.lock under deps',
};

function unclear(reason: string): Mistake {
  return {
    code: 'python-unclear',
    message: `pipe cannot determine which Python the cmd starts: ${reason}`,
    hint: 'name the interpreter, as in .venv/bin/python train.py, or write `packages: none` in the stage and list a lock file under deps',
  };
}
