/**
 * Installed packages in a fresh folder. They are not inputs, so their folders are linked. A tool
 * such as `uv run` finds its build files and the environment of the project, and changes neither.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { copyFile } from '../cache/files/copy-tree.js';
import { newSnapshot } from '../code/fs-snapshot.js';
import { pathsIn } from '../code/named-scripts.js';
import { isOutside, parentOf, upward, within } from '../code/project-paths.js';
import { environmentAt, type Machine } from '../code/python/find-interpreter.js';
import { environmentOf } from '../code/python/programs.js';
import type { Code } from '../decide/code.js';
import type { Item } from '../pipeline/plan.js';

/** Files that environment tools read in the project's folder. */
const BUILD_FILES = (
  'pyproject.toml uv.lock uv.toml .python-version poetry.lock poetry.toml Pipfile Pipfile.lock ' +
  'pdm.lock pdm.toml .pdm-python requirements.lock'
).split(' ');

/**
 * Tools that keep the environment outside the project, under a name derived from its path, and how
 * to query it.
 */
const ASK: Readonly<Record<string, readonly string[]>> = {
  poetry: ['env', 'info', '--path'],
  pipenv: ['--venv'],
};

interface Places {
  readonly from: string;
  readonly to: string;
}

export interface Environments {
  /** Variables for the execution. */
  readonly variables: Readonly<Record<string, string>>;
  /** Environments that are missing, for a failed execution. */
  readonly missing: readonly string[];
}

/** `env`: the environment of the execution. */
export function bringEnvironments(
  places: Places,
  env: NodeJS.ProcessEnv,
  { action }: Item,
  code: Code,
): Environments {
  const variables: Record<string, string> = {};
  const missing: string[] = [];
  if (action.kind === 'module' || code.kind === 'module') return { variables, missing };
  const { from } = places;
  for (const file of pathsIn(action)) {
    const folder = environmentOf(file, (where) => existsSync(path.join(from, where)));
    if (folder !== undefined) linkInstalled(places, folder);
  }
  const machine: Machine = { snapshot: newSnapshot(from, () => undefined), env };
  for (const { folder, environment } of code.programs) {
    if (environment === undefined || environment.kind === 'conda') continue;
    const found = environmentAt(environment, path.join(machine.snapshot.root, folder), machine);
    const isOfTool = environment.kind === 'project' && environment.name === undefined;
    const start = path.join(from, folder);
    const place =
      typeof found === 'string' ? found : isOfTool && askFor(environment.tool, start, env);
    if (typeof place === 'string') {
      const inner = within(machine.snapshot.root, place);
      if (typeof found !== 'string') variables.VIRTUAL_ENV = place;
      else if (!isOutside(inner)) linkInstalled(places, inner);
      // With these files but without the environment, the tool would create another environment
      // here.
      if (isOfTool) bringBuildFiles(places, [folder, ...Object.keys(code.scripts).map(parentOf)]);
      if (isOfTool && environment.tool === 'uv') variables.UV_NO_SYNC = '1';
    } else if (typeof found !== 'string') missing.push(`${found.message}: ${found.hint}`);
  }
  return { variables, missing };
}

/** Undefined if the tool has no environment for the project. */
function askFor(tool: string, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  const words = ASK[tool];
  if (words === undefined) return undefined;
  const { status, stdout } = spawnSync(tool, words, { cwd, env, encoding: 'utf8' });
  const place = status === 0 ? stdout.trim() : '';
  return existsSync(path.join(place, 'pyvenv.cfg')) ? place : undefined;
}

/** The files in the folders and above them. */
function bringBuildFiles({ from, to }: Places, folders: readonly string[]): void {
  for (const folder of new Set(folders.flatMap(withParents))) {
    for (const name of BUILD_FILES) {
      const [source, target] = [path.join(from, folder, name), path.join(to, folder, name)];
      if (!existsSync(source) || existsSync(target)) continue;
      mkdirSync(path.dirname(target), { recursive: true });
      copyFile(source, target);
    }
  }
}

function withParents(folder: string): string[] {
  return [...upward(`/${folder}`)].map((each) => each.slice(1));
}

export function linkPackages(places: Places, folder: string): void {
  linkInstalled(places, path.join(folder, 'node_modules'));
}

/** The folder is installed, not made by a stage, and its versions are inputs, so it is linked. */
function linkInstalled({ from, to }: Places, folder: string): void {
  const [installed, link] = [path.join(from, folder), path.join(to, folder)];
  if (!existsSync(installed) || existsSync(link)) return;
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(installed, link);
}
