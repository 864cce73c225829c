/** Guesses a first stage for a project with existing code, for the user to complete. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { statIfThere } from '../sys/if-there.js';

interface FirstStage {
  readonly text: string;
  /** An assumption that the user should check. */
  readonly assumed: string;
}

interface Guess {
  readonly name: string;
  readonly cmd: string;
  readonly deps: readonly string[];
  readonly assumed: string;
}

/** Undefined in a project without a Snakefile, a Makefile or Python scripts. */
export function firstStage(project: string): FirstStage | undefined {
  const guess = fromSnakefile(project) ?? fromMakefile(project) ?? fromPython(project);
  return guess && { text: textOf(guess), assumed: guess.assumed };
}

function textOf({ name, cmd, deps, assumed }: Guess): string {
  const read = `[${deps.map((dep) => (/^[\w./-]+$/.test(dep) ? dep : JSON.stringify(dep))).join(', ')}]`;
  return `# A first stage. pipe init assumed that ${assumed}.
# List what the command reads under deps and what it writes under outs: pipe runs a stage again
# when something that it reads has changed, and keeps what it writes.
shell: bash

stages:
  ${name}:
    cmd: ${cmd}
    deps: ${read}    # files, folders and patterns, such as [data/raw, "data/*.csv"]
    outs: []    # files and folders, such as [model.pkl, reports/figures]
`;
}

function fromSnakefile(project: string): Guess | undefined {
  const file = ['Snakefile', 'workflow/Snakefile'].find((name) => isFile(project, name));
  if (file === undefined) return undefined;
  const assumed = `one stage runs all rules of ${file}; later, write a stage for each rule`;
  return { name: 'snakemake', cmd: 'snakemake --cores 1', deps: [file], assumed };
}

function fromMakefile(project: string): Guess | undefined {
  const file = ['GNUmakefile', 'makefile', 'Makefile'].find((name) => isFile(project, name));
  if (file === undefined) return undefined;
  const text = readFileSync(path.join(project, file), 'utf8');
  // The default goal: the first target with a plain name.
  const goal = /^(?!\.)([\w./-]+)(?:[ \t]+[\w./-]+)*[ \t]*::?(?!=)/m.exec(text)?.[1];
  const cmd = goal === undefined ? 'make' : `make ${goal}`;
  const first = goal === undefined ? '' : `, the first target of ${file}`;
  const assumed = `one stage runs ${cmd}${first}; later, write a stage for each rule`;
  return { name: 'make', cmd, deps: [file], assumed };
}

/** By the file that shows it: how a project starts Python in its environment. */
const LAUNCHERS = [
  ['uv.lock', 'uv run'],
  ['poetry.lock', 'poetry run python'],
  ['pdm.lock', 'pdm run python'],
  ['pixi.lock', 'pixi run python'],
  ['Pipfile.lock', 'pipenv run python'],
  ['.venv/bin/python', '.venv/bin/python'],
] as const;

const FOLDERS = ['', 'src', 'scripts'];
const USUAL = ['main.py', 'run.py', 'train.py', 'pipeline.py', 'prepare.py'];
const NO_STAGE =
  /^(?:_.*|test_.*|.*_test|conftest|setup|noxfile|fabfile|tasks|conf|settings|config|utils?)\.py$/;

function fromPython(project: string): Guess | undefined {
  const scripts = FOLDERS.flatMap((folder) =>
    pythonIn(path.join(project, folder)).map((name) => path.posix.join(folder, name)),
  );
  const file =
    scripts.find((script) => USUAL.includes(path.basename(script))) ??
    scripts.find((script) => isProgram(path.join(project, script)));
  if (file === undefined) return undefined;
  const name = path.basename(file, '.py').replace(/[^A-Za-z0-9_.-]/g, '-');
  const others = scripts.length - 1;
  const unused =
    others === 0
      ? ''
      : ` (${others} more Python ${others === 1 ? 'file was' : 'files were'} not used)`;
  const [, launcher = 'python3'] = LAUNCHERS.find(([name]) => isFile(project, name)) ?? [];
  const cmd = `${launcher} ${file}`;
  return { name, cmd, deps: [], assumed: `the pipeline begins with ${file}${unused}` };
}

function pythonIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^[\w.-]+\.py$/.test(entry.name))
    .map(({ name }) => name)
    .filter((name) => !NO_STAGE.test(name))
    .sort();
}

/** A script that does something when started, rather than a module. */
function isProgram(file: string): boolean {
  return /^if __name__ *== *['"]__main__['"]|^#!/m.test(readFileSync(file, 'utf8'));
}

function isFile(project: string, name: string): boolean {
  return statIfThere(path.join(project, name))?.isFile() === true;
}
