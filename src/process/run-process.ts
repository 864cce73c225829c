/** Executes an action as a process group and always ends the whole process tree. Does not know items. */
import { closeSync, existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startFault } from '../sys/start-fault.js';
import { lastLines, openLog, writeMasked } from './execution-log.js';
import { launchCommand } from './fork-client.js';
import { Meter } from './meter.js';
import type { Group } from './orphans.js';
import type { Ending, Outcome } from './outcome.js';
import { MARK, newMark } from './process-marks.js';
import { ProcessTree } from './process-tree.js';
import type { Launched, Output, RawEnd, StartError } from './spawn.js';
import type { Module } from './spawn-module.js';
import { type Cause, isAborted, type Limits, Termination } from './termination.js';

export type Command =
  /** A command for `/bin/sh -e -c`, or for bash. */
  | { readonly kind: 'shell'; readonly shell?: 'bash'; readonly command: string }
  /** Without a shell. */
  | { readonly kind: 'argv'; readonly argv: readonly string[] }
  /** A bundled TypeScript stage. */
  | ({ readonly kind: 'module' } & Module);

export interface Execution extends Limits {
  readonly command: Command;
  readonly cwd: string;
  /**
   * Purpose, such as `train@faces`: identifies the enclosing execution to a run that the process
   * starts.
   */
  readonly doing?: string;
  /** The whole environment, except the mark by which child processes are found. */
  readonly env: NodeJS.ProcessEnv;
  /** Path of the log; its folder is created if needed. */
  readonly log: string;
  /** The file for a shell command that is too long for an argument. */
  readonly script?: string;
  /** dist/fork-server.cjs; without it, this process starts all commands itself. */
  readonly forkServer?: string;
  /** Called with the group's leader once it has started. */
  readonly onStart?: (group: Group) => void;
  /** Values to mask in the log. If there are none, the process writes to the log directly. */
  readonly secrets?: readonly string[];
  /** Called once if writing the log fails; the process continues. */
  readonly onLogLost?: (error: Error) => void;
}

/** A failing line fails the command; with bash, so does a failure in a pipe or an unset variable. */
const SHELLS = {
  sh: ['/bin/sh', '-e'],
  bash: ['bash', '-euo', 'pipefail'],
} as const;

const NOT_STARTED: Outcome = { ending: { how: 'stopped' }, seconds: 0, tail: [], left: [] };

/**
 * Never rejects because of what the process does: see Ending. Resolves when none of its processes
 * is left.
 */
export async function execute(execution: Execution): Promise<Outcome> {
  if (isAborted(execution.stop) || isAborted(execution.kill)) return NOT_STARTED;
  const started = performance.now();
  const mark = newMark(execution.env, execution.doing);
  const log = openLog(execution.log);
  let isTold = false;
  const onLost = (error: Error) => {
    if (!isTold) execution.onLogLost?.(error);
    isTold = true;
  };
  try {
    const { secrets = [] } = execution;
    const output = secrets.length === 0 ? log : 'pipe';
    const child = await start(execution, mark, output);
    const streams = [child.stdout, child.stderr].filter((each) => each != null);
    const written = streams.map((stream) => writeMasked(stream, log, secrets, onLost));
    const { leader } = child;
    const refused = leader && announce(leader, execution);
    const limits = refused ? { ...execution, kill: [AbortSignal.abort()] } : execution;
    const { ending, left, usage } = await supervise(child, { leader, mark }, limits);
    // An escaped process may hold the pipe open: do not wait for it.
    if (left.length > 0) for (const stream of streams) stream.destroy();
    await Promise.all(written);
    if (refused) throw refused.error;
    const seconds = (performance.now() - started) / 1000;
    const failed = ending.how !== 'exit' || ending.code !== 0;
    return { ending, seconds, tail: failed ? lastLines(execution.log) : [], left, usage };
  } finally {
    // A file server may now refuse an operation that it accepted before.
    try {
      closeSync(log);
    } catch (error) {
      onLost(error as Error);
    }
  }
}

/** If the start cannot be noted, the process must not continue without a record of it. */
function announce(leader: Group, { onStart }: Execution): { error: unknown } | undefined {
  try {
    onStart?.(leader);
    return undefined;
  } catch (error) {
    return { error };
  }
}

async function start(execution: Execution, mark: string, output: Output): Promise<Launched> {
  const { command, cwd, forkServer } = execution;
  const options = { cwd, env: { ...execution.env, [MARK]: mark }, output };
  switch (command.kind) {
    case 'shell':
      return launchCommand(
        [...SHELLS[command.shell ?? 'sh'], ...shellWords(execution, command)],
        options,
        forkServer,
      );
    case 'argv':
      return launchCommand(command.argv, options, forkServer);
    case 'module': {
      // Lazy import: it takes long, and a run of plain commands does not need it.
      const { launchModule } = await import('./spawn-module.js');
      return launchModule(command, options);
    }
    default:
      return command satisfies never;
  }
}

/** Limit for one argument, including the final NUL: MAX_ARG_STRLEN of Linux. */
const ARGUMENT_LIMIT = 128 * 1024;

function shellWords({ script }: Execution, { command }: Command & { kind: 'shell' }): string[] {
  if (script === undefined || Buffer.byteLength(command) < ARGUMENT_LIMIT) return ['-c', command];
  writeFileSync(script, command, { mode: 0o600 });
  return [script];
}

/** Waits for the end of the process tree, and ends it if needed. */
async function supervise(
  child: Launched,
  { leader, mark }: { readonly leader: Group | undefined; readonly mark: string },
  execution: Execution,
): Promise<Pick<Outcome, 'ending' | 'left' | 'usage'>> {
  if (leader === undefined) {
    return { ending: endingOf(await child.ended, undefined, execution), left: [] };
  }
  const termination = new Termination(new ProcessTree(leader, mark), execution);
  const meter = new Meter(leader);
  const raw = await child.ended;
  const measured = meter.ended();
  // A termination requested after the process ended by itself has no effect.
  const { cause } = termination;
  const left = await termination.complete();
  return { ending: endingOf(raw, cause, execution), left, usage: await measured };
}

function endingOf(raw: RawEnd, cause: Cause | undefined, execution: Execution): Ending {
  if ('error' in raw) return { how: 'unstartable', message: refusal(raw.error, execution) };
  if (cause === 'timeout') return { how: 'timeout', after: execution.timeout ?? 0 };
  if (cause === 'stopped') return { how: 'stopped' };
  return 'signal' in raw ? { how: 'signal', signal: raw.signal } : { how: 'exit', code: raw.code };
}

function programOf(command: Command): string {
  if (command.kind === 'argv') return command.argv[0] ?? '';
  return command.kind === 'shell' ? SHELLS[command.shell ?? 'sh'][0] : process.execPath;
}

/** Why the system did not start it, and what to do. */
function refusal(error: StartError, { command, cwd }: Execution): string {
  const program = programOf(command);
  if (!existsSync(cwd)) return `the folder ${cwd} does not exist`;
  const fault = program.includes('/') && startFault(path.resolve(cwd, program), program);
  if (fault) return fault;
  switch (error.code) {
    case 'ENOENT':
      if (command.kind === 'shell' && command.shell === 'bash')
        return '`bash` not found: install it, or remove `shell: bash`';
      return `program "${program}" not found: is it installed, and its folder in PATH?`;
    case 'EACCES':
      return `"${program}" is not executable: run chmod +x on it`;
    case 'E2BIG':
      return `the command is longer than the system allows: pass the list in a file`;
    default:
      return `"${program}" cannot be started: ${error.message}`;
  }
}
