/** Keys of other tools, and their equivalents in pipe. */

/** The equivalent key of a stage or of the file. */
export const OTHER_WORDS: Readonly<Record<string, string>> = {
  output: 'outs',
  outputs: 'outs',
  input: 'deps',
  inputs: 'deps',
  ignore: 'exclude',
  dependencies: 'deps',
  command: 'cmd',
  do: 'cmd',
  script: 'run',
  foreach: 'matrix',
  environment: 'env',
  always_changed: 'always',
  tasks: 'stages',
  rules: 'stages',
  steps: 'stages',
  jobs: 'stages',
  vars: 'params',
};

const ORDER = 'list the files that the stage reads under deps: pipe derives the order from them';
const FOLDER =
  'commands run in the folder of pipeline.yaml: write  cmd: cd folder && …; deps and outs stay relative to pipeline.yaml';
const CACHED = 'remove it: pipe keeps every out in its cache';
const PERSIST = 'pipe removes an out before its stage runs; to continue from it, use epochs';

/** Advice for keys of an out. */
export const OUT_WAYS: Readonly<Record<string, string>> = { cache: CACHED, persist: PERSIST };

/** Advice where no single key is equivalent. */
export const OTHER_WAYS: Readonly<Record<string, string>> = {
  wdir: FOLDER,
  cwd: FOLDER,
  workdir: FOLDER,
  working_directory: FOLDER,
  needs: ORDER,
  depends_on: ORDER,
  dependsOn: ORDER,
  cache: CACHED,
  persist: PERSIST,
  frozen:
    'pipe has no frozen stages; to run without this one, name all others: pipe run --only <stage> …',
  foreach: 'write a matrix, as in: matrix: { city: [paris, rome] }, and use its value as ${city}',
  do: 'move its keys into the stage itself',
  vars: 'write the values under params:, and use one as ${name}',
  name: 'the name of a stage is its key: stages: { name: { cmd: … } }',
  threads: 'write resources: { cpu: 4 }',
};
