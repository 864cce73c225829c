/** Commands and options that people bring from make, DVC, Snakemake or Turborepo, and ours. */

const CLEAN =
  'no cleaning is needed before a run; `pipe cache gc` frees disk space by removing results that nothing needs, `pipe run --force` runs items again';

export const OTHER_COMMANDS: Readonly<Record<string, string>> = {
  repro: 'pipe run',
  reproduce: 'pipe run',
  exp: 'pipe run',
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
  show: 'pipe metrics',
  diff: 'pipe metrics diff',
  gc: 'pipe cache gc',
  prune: 'pipe cache gc',
  version: 'pipe --version',
};

/** Commands that have no counterpart here, and what to do instead. */
export const INSTEAD: Readonly<Record<string, string>> = {
  clean: CLEAN,
  clear: CLEAN,
  purge: CLEAN,
};

export const OTHER_OPTIONS: Readonly<Record<string, string>> = {
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
  '-p': '--profile',
  '-w': '--watch',
  '--keepgoing': '--keep-going',
};
