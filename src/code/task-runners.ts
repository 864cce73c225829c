/**
 * Programs that start commands from a file of the project, or build its code: `make train`,
 * `npm run train`, `cargo run`. Pure.
 */
import { byName } from '../lists.js';
import { inProject, withParents } from './project-paths.js';
import { programName, type SimpleCommand } from './shell-commands.js';

interface TaskRunner {
  /** The files that it reads in its working directory. */
  readonly files: readonly string[];
  /** True if it otherwise reads these files in a folder above. */
  readonly searches?: true;
  /** The option to name another file. */
  readonly option?: RegExp;
  /** One of these words must follow. */
  readonly verb?: RegExp;
  /** True if it builds code. */
  readonly builds?: true;
}

const MAKEFILES = { files: ['GNUmakefile', 'makefile', 'Makefile'] };
const JUSTFILES = { files: ['justfile', 'Justfile', '.justfile'] };
const SNAKEFILES = { files: ['Snakefile', 'workflow/Snakefile'] };
const GRADLE = { files: ['build.gradle', 'build.gradle.kts'] };

const TASK_RUNNERS = byName<TaskRunner>([
  ['make gmake', { ...MAKEFILES, option: /^(?:-f|--file|--makefile)$/ }],
  ['just', { ...JUSTFILES, searches: true, option: /^(?:-f|--justfile)$/ }],
  [
    'npm pnpm yarn bun',
    { files: ['package.json'], searches: true, verb: /^(?:run|run-script|test|t|start)$/ },
  ],
  ['task', { files: ['Taskfile.yml', 'Taskfile.yaml'], searches: true }],
  ['rake', { files: ['Rakefile', 'rakefile', 'Rakefile.rb'], searches: true }],
  ['snakemake', { ...SNAKEFILES, option: /^(?:-s|--snakefile)$/ }],
  ['tox', { files: ['tox.ini', 'pyproject.toml', 'setup.cfg'] }],
  ['nox', { files: ['noxfile.py'] }],
  ['inv invoke', { files: ['tasks.py'], searches: true }],
  ['fab', { files: ['fabfile.py'], searches: true }],
  ['doit', { files: ['dodo.py'] }],
  ['scons', { files: ['SConstruct'] }],
  ['ninja', { files: ['build.ninja'] }],
  ['dvc', { files: ['dvc.yaml'], verb: /^(?:repro|exp)$/ }],
  ['mlflow', { files: ['MLproject'], verb: /^run$/ }],
  ['kedro', { files: [], verb: /^run$/ }],
  ['nextflow', { files: ['nextflow.config'], verb: /^run$/ }],
  [
    'cargo',
    {
      files: ['Cargo.toml', 'Cargo.lock'],
      searches: true,
      verb: /^(?:run|r|build|b|test|t|bench)$/,
      builds: true,
    },
  ],
  [
    'go',
    {
      files: ['go.mod', 'go.sum'],
      searches: true,
      verb: /^(?:run|build|test|install)$/,
      builds: true,
    },
  ],
  ['cmake', { files: ['CMakeLists.txt'], verb: /^--build$/, builds: true }],
  ['mvn mvnw', { files: ['pom.xml'], builds: true }],
  ['gradle gradlew', { ...GRADLE, builds: true }],
  ['dotnet', { files: [], verb: /^(?:run|build|test)$/, builds: true }],
]);

export const TASK_RUNNER_NAMES: readonly string[] = [...TASK_RUNNERS.keys()];

interface TaskFiles {
  /** What pipe does not follow: `the commands that make starts`. */
  readonly beyond: string;
  /** Paths relative to the project that may exist. */
  readonly files: readonly string[];
}

/** `at`: the index of the program's word. Undefined if the program does not run tasks. */
export function taskFiles({ folder, words }: SimpleCommand, at: number): TaskFiles | undefined {
  const runner = programName(words[at]);
  const found = TASK_RUNNERS.get(runner);
  if (found === undefined) return undefined;
  const behind = words.slice(at + 1);
  const { verb, option, searches, builds } = found;
  const beyond = builds ? `the code that ${runner} builds` : `the commands that ${runner} starts`;
  if (verb !== undefined && !behind.some((word) => verb.test(word ?? ''))) return undefined;
  if (behind.includes('--version')) return undefined;
  if (folder === undefined) return { beyond, files: [] };
  const named =
    option && behind[behind.findIndex((word) => option.test(word ?? '')) + 1 || Infinity];
  if (named !== undefined) return { beyond, files: inProject(folder, named) };
  const folders = searches ? withParents(folder) : [folder];
  const files = folders.flatMap((from) => found.files.flatMap((name) => inProject(from, name)));
  return { beyond, files };
}
