/** Environment variables of a stage's process: those of the run, and those of docs/stage-protocol.md. */

interface Given {
  /** Variables that only other stages of the pipeline name as secrets. */
  readonly withheld?: Iterable<string>;
  /** A file for progress. */
  readonly progress: string;
  /** The file for PIPE_CONTEXT: see stage/context-file.ts. */
  readonly context: string;
  /** The GPUs that the process may use, as CUDA_VISIBLE_DEVICES names them. */
  readonly gpus?: string | undefined;
  /** Number of threads that libraries may start. */
  readonly threads?: number | undefined;
  /** For an incremental stage. */
  readonly epochs?: EpochVariables | undefined;
}

/** Environment variables of an incremental stage. */
export type EpochVariables = Readonly<
  Record<'PIPE_EPOCHS' | 'PIPE_EPOCH' | 'PIPE_STATE' | 'PIPE_COMMIT', string>
>;

/** Variables for one process: a run that a stage starts must not pass them on. */
const OF_ONE_PROCESS = [
  'PIPE_PROGRESS',
  'PIPE_CONTEXT',
  'PIPE_RUNNER_FD',
  'PIPE_EPOCHS',
  'PIPE_EPOCH',
  'PIPE_STATE',
  'PIPE_COMMIT',
];

/** Credentials of the remote cache, which no stage needs. */
const OF_THE_REMOTE = ['PIPE_REMOTE_TOKEN', 'PIPE_REMOTE_SIGNING_KEY'];

/** `Object.assign`: V8 takes thirty times as long for a literal with as many spreads, and 6 KB of memory. */
export function stageEnvironment(env: NodeJS.ProcessEnv, given: Given): NodeJS.ProcessEnv {
  const passed: NodeJS.ProcessEnv = { ...env };
  const withheld = [...OF_ONE_PROCESS, ...OF_THE_REMOTE, ...(given.withheld ?? [])];
  for (const name of withheld) delete passed[name];
  const { progress, context, gpus, threads, epochs } = given;
  const own = { PIPE_PROGRESS: progress, PIPE_CONTEXT: context, ...epochs };
  return Object.assign(defaultsFor(passed, threads), passed, own, variablesOf(gpus));
}

function variablesOf(gpus: string | undefined): NodeJS.ProcessEnv {
  if (gpus === undefined) return {};
  // nvidia-smi, which provides the indices, counts in bus order; CUDA by default puts the fastest
  // first.
  return { CUDA_VISIBLE_DEVICES: gpus, CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}

/** Variables for the number of threads: OpenMP's, and those of libraries that have their own. */
const THREADS = [
  'OMP_NUM_THREADS',
  'MKL_NUM_THREADS',
  'OPENBLAS_NUM_THREADS',
  'NUMEXPR_NUM_THREADS',
];

/** Defaults, which the user's values override. Libraries use OMP_NUM_THREADS if it is set. */
function defaultsFor(env: NodeJS.ProcessEnv, threads: number | undefined): NodeJS.ProcessEnv {
  // Otherwise Python writes its output in blocks of 8 KiB: a log would stay empty for minutes, and
  // a kill would lose its end.
  const defaults: NodeJS.ProcessEnv = { PYTHONUNBUFFERED: '1' };
  if (threads === undefined || env.OMP_NUM_THREADS !== undefined) return defaults;
  for (const name of THREADS) defaults[name] = String(threads);
  return defaults;
}
