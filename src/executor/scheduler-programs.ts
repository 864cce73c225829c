/** Calls the programs of a batch system, and detects a call that another run has left running. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { allPids, environmentOf, statOf } from '../sys/proc.js';

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
}

/** Runs in a separate session, so that Ctrl-C does not interrupt a submission halfway. Never rejects. */
export function runProgram(argv: readonly string[], { cwd, env, mark }: Call): Promise<Called> {
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
    child.once('error', (error) => resolve({ code: 127, out: '', err: error.message }));
    child.once('close', (code) => resolve({ code: code ?? 1, ...texts }));
  });
}

/** True while a process on this machine, perhaps of a killed run, is making the submission. */
export function isBeingSubmitted(name: string): boolean {
  return allPids().some(
    (pid) => environmentOf(pid, SUBMISSION) === name && statOf(pid)?.zombie === false,
  );
}

/** Splits a text into words as a shell does, with quotes, but expands nothing. */
export function splitWords(text: string): string[] {
  const words = text.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  return words.map((word) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single),
  );
}
