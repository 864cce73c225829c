/** Starts a process of its own group; for a bundled stage see launch-module.ts. Unaware of how it ends. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { bytesOf, isRaw } from '../sys/raw-text.js';

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
  | { readonly error: NodeJS.ErrnoException };

/** A started process: the group's leader. */
export interface Launched {
  /** Undefined when it could not be started: then `ended` says why. */
  readonly pid: number | undefined;
  readonly stdout: ChildProcess['stdout'];
  readonly stderr: ChildProcess['stderr'];
  /** Resolves when the process itself has ended; what it started may live on. */
  readonly ended: Promise<RawEnd>;
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
    // Some refusals are thrown (an argument list that is too long), others are an event.
    const end = { error: error as NodeJS.ErrnoException };
    return { pid: undefined, stdout: null, stderr: null, ended: Promise.resolve(end) };
  }
}

/** Node passes on text alone: values that are none are set by a shell, which becomes the process. */
function withRawValues(env: NodeJS.ProcessEnv): { env: NodeJS.ProcessEnv; words: string[] } {
  const raw = Object.entries(env).filter(
    ([name, value]) => isRaw(value ?? '') && /^[A-Za-z_]\w*$/.test(name),
  );
  if (raw.length === 0) return { env, words: [] };
  const others = { ...env };
  for (const [name] of raw) delete others[name];
  // The dot keeps line feeds at the end of the value.
  const sets = raw.map(
    ([name, value]) =>
      `${name}=$(printf %b '${octal(value as string)}.'); ${name}=\${${name}%.}; export ${name};`,
  );
  return { env: others, words: ['/bin/sh', '-c', `${sets.join(' ')} exec "$@"`, 'sh'] };
}

function octal(value: string): string {
  return [...bytesOf(value)].map((byte) => `\\0${byte.toString(8)}`).join('');
}

/** The child of any spawning function, as what we need of it. */
export function launched(child: ChildProcess): Launched {
  const ended = new Promise<RawEnd>((resolve) => {
    child.once('error', (error) => resolve({ error }));
    child.once('exit', (code, signal) => resolve(signal ? { signal } : { code: code ?? 0 }));
  });
  return { pid: child.pid, stdout: child.stdout, stderr: child.stderr, ended };
}
