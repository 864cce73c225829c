/** The entry point: arguments in, exit code out. Only this file touches the process. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { EXIT, type Screen, type Terminal } from './cli/command.js';
import { COMMANDS } from './cli/commands.js';
import type { Interruption } from './decide/options.js';
import type { Host } from './decide/project.js';
import { renderDiagnostic, UserError, userError } from './error.js';
import { nearest } from './pipeline/document/suggest.js';

async function main(argv: readonly string[]): Promise<number> {
  // `pipe help run` is `pipe run --help`.
  const [name, ...rest] =
    argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1), '--help'] : argv;
  const stop = new AbortController();
  const terminal = openTerminal(() => stop.abort());
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    terminal.out(overview());
    return name === undefined ? EXIT.mistake : EXIT.done;
  }
  if (name === '--version' || name === '-v') {
    terminal.out(`${host().version}\n`);
    return EXIT.done;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    const near = nearest(name, Object.keys(COMMANDS));
    throw userError(
      'unknown-command',
      `unknown command "${name}"`,
      near === undefined ? 'see `pipe --help`' : `did you mean "pipe ${near}"?`,
    );
  }
  const { command } = await entry.load();
  if (rest.some((word) => word === '--help' || word === '-h')) {
    const { helpText, usageFor } = await import('./cli/args.js');
    terminal.out(helpText(usageFor(command.usage, rest)));
    return EXIT.done;
  }
  return await command.run(rest, { host: host(), terminal, interruption: interruption(stop) });
}

function overview(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return `pipe: experiment pipelines that never recompute a finished epoch\n\nusage: pipe <command> [options]\n\n${rows.join('\n')}\n\nEvery command has --help, and "pipe help run" is "pipe run --help".\n`;
}

let known: Host | undefined;

function host(): Host {
  const dist = __dirname;
  known ??= { cwd: currentFolder(), env: process.env, dist, version: versionOf(dist) };
  return known;
}

/** @throws UserError when it was deleted, or moved away under a link */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw userError('no-folder', 'the folder that you are in is gone', 'cd to one that is there');
  }
}

function versionOf(dist: string): string {
  const text = readFileSync(path.join(dist, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/**
 * The first SIGINT, SIGTERM or SIGHUP asks the stages to end, a second one ends them at once, and
 * a third us: by then something hangs.
 */
function interruption(stop: AbortController): Interruption {
  const kill = new AbortController();
  const interrupt = () => {
    if (kill.signal.aborted) process.exit(EXIT.interrupted);
    (stop.signal.aborted ? kill : stop).abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
  return { stop: stop.signal, kill: kill.signal };
}

/**
 * `pipe status | head` closes its end: nobody reads on. What only prints is done with it; a run
 * whose reader is gone is stopped like an interrupted one, so that it leaves nothing behind.
 */
function openTerminal(onClosed: () => void): Terminal {
  let closed = false;
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    closed = true;
    onClosed();
  };
  // Node makes each of its streams when it is first asked for: what a run does not use, it need not wait for.
  const writer = (open: () => NodeJS.WriteStream) => {
    let stream: NodeJS.WriteStream | undefined;
    return (text: string) => {
      stream ??= open().on('error', onError);
      if (!closed) stream.write(text);
    };
  };
  return {
    out: writer(() => process.stdout),
    err: writer(() => process.stderr),
    get onKey() {
      return keyboard();
    },
    screen: screenOf(),
  };
}

/** Keys come one by one, without Enter; Ctrl-C is among them and stays an interrupt. */
function keyboard(): Terminal['onKey'] {
  const { stdin } = process;
  if (!stdin.isTTY) return undefined;
  return (listener) => {
    const onData = (data: Buffer) => {
      const key = data.toString();
      if (key === '\x03') process.kill(process.pid, 'SIGINT');
      else listener(key);
    };
    stdin.setRawMode(true).resume().on('data', onData);
    return () => void stdin.off('data', onData).setRawMode(false).pause();
  };
}

/** A live view needs a terminal that can move its cursor; CI logs cannot. */
function screenOf(): Screen | undefined {
  const { stdout, env } = process;
  if (
    !stdout.isTTY ||
    env.TERM === 'dumb' ||
    (env.CI !== undefined && env.CI !== '' && env.CI !== 'false')
  ) {
    return undefined;
  }
  return {
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    onResize: (listener) => {
      stdout.on('resize', listener);
      return () => stdout.off('resize', listener);
    },
    colors: env.NO_COLOR === undefined || env.NO_COLOR === '',
  };
}

main(process.argv.slice(2)).then(
  (code) => {
    // Node takes its signal handlers away before a process that just ends is gone: one more signal
    // would then be what it ends with, and not this code.
    if (code === EXIT.interrupted) process.exit(code);
    process.exitCode = code;
  },
  async (error: unknown) => {
    if (error instanceof UserError) {
      process.stderr.write(`${error.diagnostics.map(renderDiagnostic).join('\n\n')}\n`);
      process.exitCode = EXIT.mistake;
      return;
    }
    process.exitCode = EXIT.failed;
    const { refusalMessage } = await import('./system-message.js');
    const refusal = refusalMessage(error);
    // What the system did not refuse is a bug of ours: its stack is what we need to mend it.
    process.stderr.write(
      refusal === undefined
        ? `pipe: internal error\n${error instanceof Error ? error.stack : String(error)}\n`
        : `pipe: error: ${refusal}\n`,
    );
  },
);
