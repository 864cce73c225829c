/** Commands and options of make, DVC, Snakemake, Hydra, W&B and other tools, and their equivalents. */

const CLEAN =
  'no cleaning is needed before a run; `pipe cache gc` frees disk space by removing results that nothing needs, `pipe run --force` runs items again';

export const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  repro: 'pipe run',
  reproduce: 'pipe run',
  make: 'pipe run',
  build: 'pipe run',
  start: 'pipe run',
  exec: 'pipe run',
  all: 'pipe run',
  dag: 'pipe graph',
  list: 'pipe status',
  ls: 'pipe status',
  validate: 'pipe status',
  check: 'pipe status',
  lint: 'pipe status',
  rulegraph: 'pipe graph',
  show: 'pipe metrics',
  diff: 'pipe metrics diff',
  data: 'pipe status',
  summary: 'pipe status',
  root: 'pipe doctor',
  du: 'pipe cache stats',
  gc: 'pipe cache gc',
  fetch: 'pipe pull',
  prune: 'pipe cache gc',
  version: 'pipe --version',
  resume: 'pipe run',
  restart: 'pipe run',
  retry: 'pipe run',
  compare: 'pipe results diff',
  history: 'pipe results',
  ps: 'pipe status',
  info: 'pipe status',
  describe: 'pipe why',
  inspect: 'pipe why',
  tensorboard: 'pipe ui',
  dashboard: 'pipe ui',
  serve: 'pipe ui',
  server: 'pipe ui',
  sync: 'pipe push',
};

const TAKEN =
  'pipe run fetches results from the remote cache automatically; pipe pull fetches them and runs nothing';
const DOWNLOAD =
  'download it in a separate stage, with the file as its out: cmd: curl -fsSo ${outs.raw} <address>';
const TRIALS =
  'pipe run --set train.lr=0.1 tries another value, and pipe results lists and compares all results';
export const EDIT = 'edit pipeline.yaml: stages, deps and outs are declared only there';
const SWEEP =
  'list the values as an axis under `matrix:` of the stage: pipe run makes one item for each';
const STOP =
  'press Ctrl-C where pipe run runs, or send SIGTERM to its process: finished epochs stay';
const FROZEN = 'pipe has no frozen stages: pipe run --only <stage …> runs only the named ones';

/** Advice where no command is equivalent. */
export const OTHER_COMMAND_WAYS: Readonly<Record<string, string>> = {
  clean: CLEAN,
  clear: CLEAN,
  purge: CLEAN,
  add: 'name the file or folder under deps of the stage that reads it: pipe compares its content',
  remove: EDIT,
  move: EDIT,
  mv: EDIT,
  commit: 'pipe run records results automatically; commit pipeline.yaml and pipeline.lock to git',
  unprotect: 'pipe run restores outs from the cache, as plain files that you may edit',
  import: DOWNLOAD,
  'import-url': DOWNLOAD,
  get: DOWNLOAD,
  'get-url': DOWNLOAD,
  update: DOWNLOAD,
  exp: TRIALS,
  experiments: TRIALS,
  queue: TRIALS,
  sweep: SWEEP,
  tune: SWEEP,
  multirun: SWEEP,
  set: 'to try another value: pipe run --set train.lr=0.1; to keep it, edit pipeline.yaml',
  stop: STOP,
  cancel: STOP,
  kill: STOP,
  freeze: FROZEN,
  unfreeze: FROZEN,
  config: 'pipe has no config command: use pipeline.yaml, options and PIPE_… variables',
  destroy: 'remove the folder cache/, pipeline.yaml and pipeline.lock',
  unlock: 'pipe run takes over the lock of a dead run automatically',
  touch: 'pipe compares content, not times: an item whose inputs are the same is fresh',
};

const OTHER_OPTIONS: Readonly<Record<string, string>> = {
  '-j': '--concurrency',
  '-c': '--concurrency',
  '--jobs': '--concurrency',
  '--cores': '--concurrency',
  '--parallel': '--concurrency',
  '--workers': '--concurrency',
  '-n': '--dry',
  '--dry-run': '--dry',
  '--dryrun': '--dry',
  '-f': '--force',
  '-B': '--force',
  '--no-cache': '--force',
  '--forceall': '--force',
  '-s': '--only',
  '--single-item': '--only',
  '-S': '--set',
  '--set-param': '--set',
  '-w': '--watch',
  '--keepgoing': '--keep-going',
  '--always-make': '--force',
  '--forcerun': '--force',
  '-R': '--force',
  '-F': '--force',
  '--just-print': '--dry',
  '--recon': '--dry',
  '--config': '--set',
  '--configfile': '--profile',
  '--allow-missing': '--frozen',
  '--allowed-rules': '--only',
  '--param': '--set',
  '--params': '--set',
};

const CONTENT = OTHER_COMMAND_WAYS.touch as string;
const AGAIN = 'an interrupted run leaves no partial results: pipe run computes what is missing';
const ENVIRONMENT =
  'name the environment in the command, as in: cmd: conda run -n lab python3 train.py';
const PARAM = 'to set a param: --set <path>=<value>, as in --set train.epochs=50';
const RESUME =
  'pipe run continues an interrupted training automatically, after its last finished epoch';
const OUTPUT = 'pipe log <item> prints the output of a stage; PIPE_DEBUG=1 explains each decision';
const GPU =
  'write `resources: { gpu: 1 }` in the stage; PIPE_GPUS chooses the GPUs of this machine';
const ALL = 'without names, pipe run runs all stages';
const OTHER_FILE = 'to read another pipeline file: pipe --file <path> run';

const UNTIL = 'name the stage or item: pipe run <item> runs it and what it needs';

/** Advice where no option of the command is equivalent. */
const OTHER_OPTION_WAYS: Readonly<Record<string, string>> = {
  '-p': 'for a profile of params: --profile <name>; pipe prints the command of each failed item',
  '--printshellcmds': 'pipe prints the command of each failed item',
  '-P': ALL,
  '--all-pipelines': ALL,
  '--pipeline': ALL,
  '-t': CONTENT,
  '--touch': CONTENT,
  '--rerun-incomplete': AGAIN,
  '--rerun-triggers': CONTENT,
  '--unlock': OTHER_COMMAND_WAYS.unlock as string,
  '--use-conda': ENVIRONMENT,
  '--sdm': ENVIRONMENT,
  '--software-deployment-method': ENVIRONMENT,
  '--use-singularity': ENVIRONMENT,
  '--use-apptainer': ENVIRONMENT,
  '-U': UNTIL,
  '--until': UNTIL,
  '--directory': 'to start in another folder: pipe -C <folder> run',
  '--snakefile': OTHER_FILE,
  '--makefile': OTHER_FILE,
  '--dag': 'for a picture of the graph: pipe graph --dot',
  '--rulegraph': 'for a picture of the graph: pipe graph --dot',
  '-l': 'to list the items: pipe status',
  '--list': 'to list the items: pipe status',
  '--summary': 'to list the items: pipe status',
  '--no-commit': 'pipe keeps each result; pipe run --dry shows what would run',
  '--pull': TAKEN,
  '--multirun': SWEEP,
  '--epochs': PARAM,
  '--seed': PARAM,
  '--lr': PARAM,
  '--resume': RESUME,
  '--continue': RESUME,
  '--restart-times': 'write `retries:` in the stage',
  '-v': OUTPUT,
  '--verbose': OUTPUT,
  '--debug': OUTPUT,
  '--gpu': GPU,
  '--gpus': GPU,
  '--cloud': 'to compare with the remote cache: pipe status --remote r',
};

/** The equivalent of another tool's option; `-j4` and `--cores=4` are -j and --cores. */
export function ourOption(written: string): string | undefined {
  const name = nameOf(written);
  return Object.hasOwn(OTHER_OPTIONS, name) ? OTHER_OPTIONS[name] : undefined;
}

/** The hint for an option that is not among the command's options `known`. */
export function otherOption(written: string, known: readonly string[]): string | undefined {
  const [name, word] = [nameOf(written), ourOption(written)];
  if (word !== undefined && known.includes(word)) return `did you mean ${word}?`;
  return Object.hasOwn(OTHER_OPTION_WAYS, name) ? OTHER_OPTION_WAYS[name] : undefined;
}

function nameOf(written: string): string {
  return written.replace(/=.*$/s, '').replace(/^(-[A-Za-z]).+$/, '$1');
}
