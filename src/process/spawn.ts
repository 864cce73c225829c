/** Starts a process in its own group; for a bundled stage see spawn-module.ts. Does not know how it ends. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { statOf } from '../sys/proc.js';
import { bytesOf, isRaw } from '../sys/raw-text.js';
import type { Group } from './orphans.js';

export type Output = number | 'pipe';

export interface LaunchOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file descriptor for stdout and stderr, or `pipe`. */
  readonly output: Output;
}

export type RawEnd =
  | { readonly code: number }
  | { readonly signal: string }
  | { readonly error: StartError };

/** Plain data, so that the fork server can send it. */
export interface StartError {
  readonly message: string;
  readonly code?: string;
}

/** A started process: the group's leader. */
export interface Launched {
  /** Undefined if the start failed: `ended` then gives the reason. */
  readonly leader: Group | undefined;
  readonly stdout: ChildProcess['stdout'];
  readonly stderr: ChildProcess['stderr'];
  /** Resolves when the process itself has ended; its children may continue. */
  readonly ended: Promise<RawEnd>;
}

const leaders = new Set<number>();

/** Until this process knows of the end, `isLeader` is true. */
export function noteLeader(pid: number, ended: Promise<unknown>): void {
  leaders.add(pid);
  void ended.then(() => leaders.delete(pid));
}

/**
 * True for a process that was started here or by the fork server, and that has not ended, as far as is
 * known.
 */
export function isLeader(pid: number): boolean {
  return leaders.has(pid);
}

export function launch(argv: readonly string[], options: LaunchOptions): Launched {
  const { cwd, output } = options;
  const { env, words } = withRawValues(options.env);
  const [program = '', ...args] = [...words, ...argv];
  const spawnOptions: SpawnOptions = {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', output, output],
  };
  try {
    return launched(spawn(program, args, spawnOptions));
  } catch (error) {
    // Node throws some errors (a long argument list) and emits others.
    return unstarted({ error: startError(error as NodeJS.ErrnoException) });
  }
}

/** Node passes on only text, so a shell sets values that are not UTF-8, then execs the process. */
export function withRawValues(env: NodeJS.ProcessEnv): { env: NodeJS.ProcessEnv; words: string[] } {
  const raw = Object.entries(env).filter(
    ([name, value]) => isRaw(value ?? '') && /^[A-Za-z_]\w*$/.test(name),
  );
  if (raw.length === 0) return { env, words: [] };
  const others = { ...env };
  for (const [name] of raw) delete others[name];
  // The dot preserves line feeds at the end of the value.
  const sets = raw.map(
    ([name, value]) =>
      `${name}=$(printf %b '${octal(value as string)}.'); ${name}=\${${name}%.}; export ${name};`,
  );
  return { env: others, words: ['/bin/sh', '-c', `${sets.join(' ')} exec "$@"`, 'sh'] };
}

function octal(value: string): string {
  return [...bytesOf(value)].map((byte) => `\\0${byte.toString(8)}`).join('');
}

export function unstarted(end: RawEnd): Launched {
  return { leader: undefined, stdout: null, stderr: null, ended: Promise.resolve(end) };
}

function startError({ message, code }: NodeJS.ErrnoException): StartError {
  return { message, ...(code !== undefined && { code }) };
}

/** Adapts the child of any spawning function. */
export function launched(child: ChildProcess): Launched {
  const { pid } = child;
  const ended = new Promise<RawEnd>((resolve) => {
    child.once('error', (error) => resolve({ error: startError(error) }));
    child.once('exit', (code, signal) => resolve(signal ? { signal } : { code: code ?? 0 }));
  });
  if (pid !== undefined) noteLeader(pid, ended);
  keepNice(child);
  // It is reaped in a later turn, so until then the system knows its start.
  const leader = pid === undefined ? undefined : { pid, start: statOf(pid)?.start ?? '' };
  return { leader, stdout: child.stdout, stderr: child.stderr, ended };
}

/**
 * Linux may schedule each session as one group, with a nice value for the group (sched(7), autogroup). A new
 * session starts at 0, so without this a stage of `nice pipe run` would compete as if it were not nice.
 */
function keepNice(child: ChildProcess): void {
  const nice = getPriority();
  const isOver = child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  if (nice <= 0 || isOver) return;
  try {
    writeFileSync(`/proc/${child.pid}/autogroup`, String(nice));
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    // The system allows a user one change in 0.1 s.
    if (code === 'EAGAIN') setTimeout(keepNice, 110 + 100 * Math.random(), child).unref();
    // Otherwise there are no such groups here, or the process has just ended.
    else if (syscall === undefined) throw error;
  }
}
