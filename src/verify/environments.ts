/**
 * Installed packages in a fresh folder. They are not inputs, so their folders are linked. A tool
 * such as `uv run` finds its build files and the environment of the project, and changes neither.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { copyFile } from '../cache/files/copy-tree.js';
import { hexOf, newSnapshot } from '../code/fs-snapshot.js';
import { pathsIn } from '../code/named-scripts.js';
import { isOutside, within } from '../code/project-paths.js';
import { environmentAt, type Machine } from '../code/python/find-interpreter.js';
import { projectFolders } from '../code/python/project-folders.js';
import type { Environment } from '../code/python/python-environment.js';
import { environmentOf } from '../code/python/python-environment.js';
import { Reads } from '../code/python/trace-reads.js';
import type { Code } from '../decide/code.js';
import type { Item } from '../pipeline/plan.js';
import { parentOf } from '../sys/is-within.js';
import { makeFolder } from '../sys/make-folder.js';

/** Files that environment tools read in the project's folder. */
const BUILD_FILES = (
  'pyproject.toml uv.lock uv.toml .python-version poetry.lock poetry.toml Pipfile Pipfile.lock ' +
  'pdm.lock pdm.toml .pdm-python requirements.lock hatch.toml pixi.toml pixi.lock'
).split(' ');

interface Asked {
  readonly words: readonly string[];
  /** Names an environment to the tool. */
  readonly variable: string;
}

/**
 * Tools that keep the environment outside the project, under a name derived from its path, and how
 * to query it.
 */
const ASK: Readonly<Record<string, Asked>> = {
  poetry: { words: ['env', 'info', '--path'], variable: 'VIRTUAL_ENV' },
  pipenv: { words: ['--venv'], variable: 'VIRTUAL_ENV' },
  hatch: { words: ['env', 'find'], variable: 'HATCH_ENV_TYPE_VIRTUAL_PATH' },
};

/** Variables that keep a tool from changing the environment. */
const UNCHANGED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  uv: { UV_NO_SYNC: '1' },
  pixi: { PIXI_NO_INSTALL: 'true', PIXI_FROZEN: 'true' },
};

interface Places {
  readonly from: string;
  readonly to: string;
}

export interface Environments {
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
  for (const folder of environmentsIn(from)) linkInstalled(places, folder);
  for (const file of pathsIn(action)) {
    const folder = environmentOf(file, (where) => existsSync(path.join(from, where)));
    if (folder !== undefined) linkInstalled(places, folder);
  }
  const scripts = code.executed.map(parentOf);
  const machine: Machine = {
    snapshot: newSnapshot(from, (file) => hexOf(path.join(from, file))),
    env,
  };
  for (const { folder, environment, from: chosen = folder, projects = [] } of code.programs) {
    if (environment === undefined || environment.kind === 'conda') continue;
    const found = environmentAt(environment, path.join(machine.snapshot.root, chosen), machine);
    const tool = environment.kind === 'project' ? environment.tool : '';
    const place =
      typeof found === 'string' ? found : askFor(environment, path.join(from, chosen), env);
    if (place !== undefined) {
      const inner = within(machine.snapshot.root, place);
      if (typeof found !== 'string') variables[ASK[tool]!.variable] ??= place;
      // pixi also keeps its settings there.
      else if (!isOutside(inner))
        linkInstalled(places, tool === 'pixi' ? path.dirname(path.dirname(inner)) : inner);
      // With these files but without the environment, the tool would create another environment
      // here.
      if (tool !== '')
        bringBuildFiles(
          places,
          projectFolders([folder, chosen, ...projects, ...scripts], new Reads(machine.snapshot)),
        );
      Object.assign(variables, UNCHANGED[tool]);
    } else if (typeof found !== 'string') missing.push(`${found.message}: ${found.hint}`);
  }
  return { variables, missing };
}

/** Undefined if the tool has no environment for the project. */
function askFor(environment: Environment, cwd: string, env: NodeJS.ProcessEnv): string | undefined {
  const { tool, name } = environment as Extract<Environment, { kind: 'project' }>;
  const asked = ASK[tool];
  if (asked === undefined) return undefined;
  const words = name === undefined ? asked.words : [...asked.words, name];
  const { status, stdout } = spawnSync(tool, words, { cwd, env, encoding: 'utf8' });
  const place = status === 0 ? stdout.trim() : '';
  return existsSync(path.join(place, 'pyvenv.cfg')) ? place : undefined;
}

/** What `make train` or a script of the project may use, whose commands are not known. */
function environmentsIn(root: string): string[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter((each) => each.isDirectory());
  const names = folders.map((each) => each.name);
  return names.filter((name) => existsSync(path.join(root, name, 'pyvenv.cfg')));
}

function bringBuildFiles({ from, to }: Places, folders: readonly string[]): void {
  for (const folder of folders) {
    for (const name of BUILD_FILES) {
      const [source, target] = [path.join(from, folder, name), path.join(to, folder, name)];
      if (!existsSync(source) || existsSync(target)) continue;
      makeFolder(path.dirname(target));
      copyFile(source, target);
    }
  }
}

export function linkPackages(places: Places, folder: string): void {
  linkInstalled(places, path.join(folder, 'node_modules'));
}

/** The folder is installed, not made by a stage, and its versions are inputs, so it is linked. */
function linkInstalled({ from, to }: Places, folder: string): void {
  const [installed, link] = [path.join(from, folder), path.join(to, folder)];
  if (!existsSync(installed) || existsSync(link)) return;
  makeFolder(path.dirname(link));
  symlinkSync(installed, link);
}
