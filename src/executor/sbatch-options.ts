/** The options of sbatch: resources, the site's and the stage's, and those that pipe needs. */
import type { Request, Submission } from './scheduler.js';
import { splitWords } from './scheduler-programs.js';

interface Flags {
  /** sbatch options for every job. */
  readonly flags: readonly string[];
}

/** Shells and Node ignore the signal by default. */
export const NOTICE_SECONDS = 20;

export function sbatchArguments(submission: Submission, site: Flags): string[] {
  const { name, count, request, after, script, outputPattern, folder, detached } = submission;
  return [
    'sbatch',
    ...resourceFlags(request),
    ...allFlags(submission, site),
    // Otherwise a preempted job would start again by itself, in addition to the one that a run
    // submits for it.
    ...(detached ? ['--requeue', `--signal=B:URG@${NOTICE_SECONDS}`] : ['--no-requeue']),
    ...(after.length > 0
      ? [`--dependency=afterok:${after.join(':')}`, '--kill-on-invalid-dep=yes']
      : []),
    '--parsable',
    `--job-name=${name}`,
    `--chdir=${folder}`,
    `--output=${outputPattern}`,
    ...(count > 1 ? [`--array=0-${count - 1}`] : []),
    script,
  ];
}

/** All on one node: `--gpus` alone may spread them over several. */
export function resourceFlags({ cpu, memory, gpu, time }: Request): string[] {
  return [
    '--nodes=1',
    '--ntasks=1',
    `--cpus-per-task=${Math.max(1, Math.ceil(cpu))}`,
    ...(memory > 0 ? [`--mem=${Math.ceil(memory / 2 ** 20)}M`] : []),
    ...(gpu > 0 ? [`--gres=gpu:${gpu}`] : []),
    // Slurm accepts whole minutes.
    ...(time === undefined ? [] : [`--time=${Math.max(1, Math.ceil(time / 60))}`]),
  ];
}

/** Options that the user has written; sbatch uses the last occurrence of each. */
export function allFlags(
  { request }: Pick<Submission, 'request'>,
  { flags }: Flags,
): readonly string[] {
  return [...flags, ...splitWords(request.flags ?? '')];
}

interface Unusable {
  readonly letter?: string;
  readonly why: string;
}

/** Options of jobs that a run could not follow. */
const UNUSABLE: Readonly<Record<string, Unusable>> = {
  array: { letter: 'a', why: 'pipe divides the items into jobs itself' },
  clusters: {
    letter: 'M',
    why: 'it does not reach squeue and scancel; set the variable SLURM_CLUSTERS',
  },
  'test-only': { why: 'it submits no job' },
  wait: { letter: 'W', why: 'pipe waits for its jobs itself' },
};

/** Why one of the options cannot be used; undefined if all can. */
export function unusableOption(words: readonly string[]): string | undefined {
  for (const [name, { why }] of Object.entries(UNUSABLE))
    if (words.some((word) => namesOf(name).some((each) => isOption(word, each))))
      return `--${name} cannot be used: ${why}`;
  return undefined;
}

/** The option's name, and its letter. */
export function namesOf(option: string): readonly string[] {
  const letter = UNUSABLE[option]?.letter;
  return letter === undefined ? [option] : [option, letter];
}

/** `--name`, `--name=value`, `-n`, `-nvalue`. */
export function isOption(word: string, name: string): boolean {
  if (name.length === 1) return word.startsWith(`-${name}`) && !word.startsWith('--');
  return word === `--${name}` || word.startsWith(`--${name}=`);
}
