/** Calls the programs of a batch system, and detects a call that another run has left running. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { send } from '../process/process-marks.js';
import { environmentOf, findProcesses, statOf } from '../sys/proc.js';

export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Environment variable that marks the process of a submission. */
const SUBMISSION = 'PIPE_SUBMISSION';

interface Call {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** The name of the submission. */
  readonly mark?: string | undefined;
  /** How long it may take. */
  readonly limitMs?: number;
}

/** The exit code of a temporary failure, as in sysexits.h, and of a program that took too long. */
export const TRY_AGAIN = 75;

/** The exit code of a program that cannot be started, as in a shell. */
export const NOT_STARTED = 127;

/** Much longer than Slurm's programs try, so only a program that hangs takes this long. */
const LIMIT_MS = 5 * 60_000;

/** Runs in a separate session, so that Ctrl-C does not interrupt a submission halfway. Never rejects. */
export function runProgram(
  argv: readonly string[],
  { cwd, env, mark, limitMs = LIMIT_MS }: Call,
): Promise<Called> {
  const [program = '', ...args] = argv;
  const options: SpawnOptions = {
    cwd,
    env: mark === undefined ? env : { ...env, [SUBMISSION]: mark },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  };
  const child = spawn(program, args, options);
  const texts = { out: '', err: '' };
  for (const [name, stream] of [
    ['out', child.stdout],
    ['err', child.stderr],
  ] as const)
    stream?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  return new Promise((resolve) => {
    const end = (called: Called) => {
      clearTimeout(limit);
      resolve(called);
    };
    const limit = setTimeout(() => {
      if (child.pid !== undefined) send(-child.pid, 'SIGKILL');
      // A process outside the group may still have them open.
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
      const err = `${program} did not answer within ${limitMs / 1000} s`;
      end({ code: TRY_AGAIN, out: '', err });
    }, limitMs);
    child.once('error', (error) => end({ code: NOT_STARTED, out: '', err: error.message }));
    child.once('close', (code) => end({ code: code ?? 1, ...texts }));
  });
}

/** True while a process on this machine, perhaps of a killed run, is making the submission, or may be about to. */
export function isBeingSubmitted(name: string): boolean {
  const submitting = findProcesses((pid) => {
    const submission = environmentOf(pid, SUBMISSION);
    if (submission === 'hidden') return false;
    const mayBe = submission === 'starting' || submission.value === name;
    return mayBe && statOf(pid)?.zombie === false;
  });
  return submitting.length > 0;
}

/** Splits a text into words as a shell does, with quotes, but expands nothing. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single),
  );
}
