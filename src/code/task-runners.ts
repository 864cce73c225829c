/**
 * Programs that start commands from a file of the project, or build its code: `make train`,
 * `npm run train`, `cargo run`. Pure.
 */
import { inProject, withParents } from './project-paths.js';
import { programName, type SimpleCommand } from './shell-commands.js';

interface TaskRunner {
  readonly name: RegExp;
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

const TASK_RUNNERS: readonly TaskRunner[] = [
  {
    name: /^g?make$/,
    files: ['GNUmakefile', 'makefile', 'Makefile'],
    option: /^(?:-f|--file|--makefile)$/,
  },
  {
    name: /^just$/,
    files: ['justfile', 'Justfile', '.justfile'],
    searches: true,
    option: /^(?:-f|--justfile)$/,
  },
  {
    name: /^(?:npm|pnpm|yarn|bun)$/,
    files: ['package.json'],
    searches: true,
    verb: /^(?:run|run-script|test|t|start)$/,
  },
  { name: /^task$/, files: ['Taskfile.yml', 'Taskfile.yaml'], searches: true },
  { name: /^rake$/, files: ['Rakefile', 'rakefile', 'Rakefile.rb'], searches: true },
  {
    name: /^snakemake$/,
    files: ['Snakefile', 'workflow/Snakefile'],
    option: /^(?:-s|--snakefile)$/,
  },
  { name: /^tox$/, files: ['tox.ini', 'pyproject.toml', 'setup.cfg'] },
  { name: /^nox$/, files: ['noxfile.py'] },
  { name: /^inv(?:oke)?$/, files: ['tasks.py'], searches: true },
  { name: /^fab$/, files: ['fabfile.py'], searches: true },
  { name: /^doit$/, files: ['dodo.py'] },
  { name: /^scons$/, files: ['SConstruct'] },
  { name: /^ninja$/, files: ['build.ninja'] },
  { name: /^dvc$/, files: ['dvc.yaml'], verb: /^(?:repro|exp)$/ },
  { name: /^mlflow$/, files: ['MLproject'], verb: /^run$/ },
  { name: /^kedro$/, files: [], verb: /^run$/ },
  { name: /^nextflow$/, files: ['nextflow.config'], verb: /^run$/ },
  {
    name: /^cargo$/,
    files: ['Cargo.toml', 'Cargo.lock'],
    searches: true,
    verb: /^(?:run|r|build|b|test|t|bench)$/,
    builds: true,
  },
  {
    name: /^go$/,
    files: ['go.mod', 'go.sum'],
    searches: true,
    verb: /^(?:run|build|test|install)$/,
    builds: true,
  },
  { name: /^cmake$/, files: ['CMakeLists.txt'], verb: /^--build$/, builds: true },
  { name: /^mvnw?$/, files: ['pom.xml'], builds: true },
  { name: /^gradlew?$/, files: ['build.gradle', 'build.gradle.kts'], builds: true },
  { name: /^dotnet$/, files: [], verb: /^(?:run|build|test)$/, builds: true },
];

/** Matches every command that starts one of them. */
export const TASK_HINT =
  /(?:^|[^\w.-])(?:g?make|just|p?npm|yarn|bun|task|rake|snakemake|tox|nox|inv(?:oke)?|fab|doit|scons|ninja|dvc|mlflow|kedro|nextflow|cargo|go|cmake|mvnw?|gradlew?|dotnet)(?![\w.-])/;

interface TaskFiles {
  /** What pipe does not follow: `the commands that make starts`. */
  readonly beyond: string;
  /** Paths relative to the project that may exist. */
  readonly files: readonly string[];
}

/** `at`: the index of the program's word. Undefined if the program does not run tasks. */
export function taskFiles({ folder, words }: SimpleCommand, at: number): TaskFiles | undefined {
  const runner = programName(words[at]);
  const found = TASK_RUNNERS.find((each) => each.name.test(runner));
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
