/** Entry point: arguments in, exit code out. Only this file accesses `process`. */
import { closeSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type CommandContext, EXIT } from './cli/command.js';
import { COMMANDS, commandNamed, execute } from './cli/commands.js';
import { debugTo } from './cli/debug.js';
import { inFolder, notThere } from './cli/folder.js';
import { internalError } from './cli/internal-error.js';
import { outputTo } from './cli/output.js';
import { createTerminal, roomOn, type Screen, type Terminal, wantsColors } from './cli/terminal.js';
import type { Interruption } from './decide/options.js';
import type { Host } from './decide/project.js';
import { renderDiagnostic, UserError, userError } from './error.js';
import { isHangupIgnored } from './sys/hangup.js';
import { unless } from './sys/if-there.js';
import { INTERRUPTS } from './sys/interrupts.js';
import { namedPlace } from './sys/real-place.js';
import { refusalMessage } from './system-message.js';

async function main(line: readonly string[]): Promise<number> {
  const { folders, file, words: argv } = inFolder(line);
  for (const folder of folders) enter(folder);
  if (file !== undefined) pipelineFile = namedPlace(currentFolder(), file);
  // `pipe help run` is `pipe run --help`.
  const [name, ...rest] =
    argv[0] === 'help' && argv.length > 1 ? [...argv.slice(1), '--help'] : argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const { folded, overview } = await import('./cli/help.js');
    terminal.out(folded(overview(COMMANDS, host()), roomOn(terminal)));
    return name === undefined ? EXIT.mistake : EXIT.done;
  }
  if (name === '--version' || name === '-v') {
    terminal.out(`${host().version}\n`);
    return EXIT.done;
  }
  const command = await commandNamed(name);
  if (file !== undefined && ['init', 'schema', 'job'].includes(name))
    throw userError(
      'unknown-option',
      `pipe ${name} does not read a pipeline file`,
      'remove --file',
    );
  const ownWords = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (ownWords.some((word) => word === '--help' || word === '-h')) {
    const { folded, helpText, usageFor } = await import('./cli/help.js');
    terminal.out(folded(helpText(usageFor(command, rest)), roomOn(terminal)));
    return EXIT.done;
  }
  takeSignals();
  const context: CommandContext = {
    host: host(),
    terminal,
    get interruption() {
      isHeeded = true;
      return interruption;
    },
    // Ignored until the first use.
    onTimeLimit: (listener) => void process.on('SIGURG', listener),
  };
  return await execute(command, rest, context);
}

/** @throws UserError when the folder of `-C` cannot be entered */
function enter(folder: string): void {
  try {
    process.chdir(folder);
  } catch (error) {
    throw notThere(folder, (error as NodeJS.ErrnoException).code) ?? error;
  }
}

let pipelineFile: string | undefined;
let known: Host | undefined;

function host(): Host {
  const dist = __dirname;
  known ??= {
    cwd: currentFolder(),
    file: pipelineFile,
    env: process.env,
    dist,
    version: versionOf(dist),
    onSecrets: terminal.hide,
    debug: debugTo(process.env, terminal.err),
  };
  return known;
}

/** @throws UserError when the folder was deleted, or moved away under a link */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw userError(
      'no-folder',
      'the current folder no longer exists',
      'cd to a folder that exists',
    );
  }
}

function versionOf(dist: string): string {
  const text = readFileSync(path.join(dist, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

const stop = new AbortController();
const kill = new AbortController();
const interruption: Interruption = { stop: stop.signal, kill: kill.signal };

/** The command handles the interrupt itself. A command that only reads has nothing to clean up. */
let isHeeded = false;

/**
 * The first interrupt asks the stages to end, a second one kills them, and a third one ends pipe
 * itself: by then something hangs. SIGQUIT (Ctrl-\) kills them at once.
 */
function takeSignals(): void {
  const interrupt = () => {
    if (kill.signal.aborted || !isHeeded) process.exit(EXIT.interrupted);
    (stop.signal.aborted ? kill : stop).abort();
  };
  // Under nohup the run outlives the terminal. Checked once, because the parent processes that show
  // it may end. Most commands end within a second, and never need to check.
  let outlives: boolean | undefined;
  const outlivesTerminal = () => (outlives ??= isHangupIgnored(process.env));
  setTimeout(outlivesTerminal, 1000).unref();
  process.once('SIGHUP', leaveGoneTerminal);
  for (const signal of INTERRUPTS)
    process.on(signal, () => {
      if (signal !== 'SIGHUP' || !outlivesTerminal()) interrupt();
    });
  process.on('SIGQUIT', () => {
    stop.abort();
    interrupt();
  });
}

/**
 * In `pipe status | head`, head closes the pipe, and the output has no reader. A command that only
 * prints then ends successfully. A run stops as if interrupted, so that it leaves nothing behind.
 * On a full disk it also stops, and fails. Only a run that outlives its closed terminal (nohup,
 * disown) continues.
 */
function openTerminal(): Terminal {
  const { write: err } = outputTo(
    () => process.stderr,
    () => {},
  );
  const { write: out, drained } = outputTo(
    () => process.stdout,
    (error) => {
      if (error.code === 'EIO' && process.stdout.isTTY) return leaveGoneTerminal();
      stop.abort();
      if (error.code === 'EPIPE') return;
      err(`pipe: error: stdout cannot be written: ${refusalMessage(error) ?? error.message}\n`);
      process.once('exit', () => {
        process.exitCode = EXIT.failed;
      });
    },
  );
  const isTerminal = process.stdout.isTTY === true;
  const screen = screenOf();
  const colors = wantsColors(process.env, screen !== undefined);
  return createTerminal({ out, err, drained, keyboard, isTerminal, screen, colors });
}

/** At exit Node restores the terminal, and dumps core when it is gone. It ignores closed streams. */
function leaveGoneTerminal(): void {
  process.once('exit', () => {
    const { isatty } = process.getBuiltinModule('node:tty');
    for (const stream of [0, 1, 2]) if (!isatty(stream)) unless(['EBADF'], () => closeSync(stream));
  });
}

/** Keys arrive one by one, without Enter; Ctrl-C stays an interrupt. */
function keyboard(): Terminal['onKey'] {
  const { stdin } = process;
  if (!stdin.isTTY) return undefined;
  return (listener) => {
    const onData = (data: Buffer) => {
      const key = data.toString();
      if (key === '\x03') process.kill(process.pid, 'SIGINT');
      else listener(key);
    };
    // The terminal is closed, so no key will arrive.
    stdin.on('error', () => stdin.off('data', onData));
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
  };
}

const terminal = openTerminal();
let hasCrashed = false;

/** An uncaught exception is a bug, but must not leave stages behind: end them, then pipe. */
process.on('uncaughtException', (error) => {
  if (hasCrashed) process.exit(EXIT.failed);
  hasCrashed = true;
  process.exitCode = EXIT.failed;
  terminal.err(internalError(error, __dirname));
  stop.abort();
  kill.abort();
  // Anything that waits for the broken part would wait forever.
  setTimeout(() => process.exit(EXIT.failed), LAST_SECONDS * 1000).unref();
});

/** A process that survives SIGKILL for this long will not end. */
const LAST_SECONDS = 10;

main(process.argv.slice(2)).then(
  (code) => {
    if (hasCrashed) process.exit(EXIT.failed);
    // Node removes its signal handlers before a process has ended normally: one more signal would
    // then determine the exit code.
    if (code === EXIT.interrupted) process.exit(code);
    process.exitCode = code;
  },
  (error: unknown) => void afterSignals(error).then(() => fail(error)),
);

/** A signal to the group may reach esbuild, whose end is then noticed, before this process. */
const SIGNAL_MS = 500;

/** Lets a signal be handled first, which ends the wait: it may be the cause of the error. */
async function afterSignals(error: unknown): Promise<void> {
  const { setTimeout: delay } = await import('node:timers/promises');
  const ms = isEndOfEsbuild(error) ? SIGNAL_MS : 0;
  await delay(ms, undefined, { signal: stop.signal }).catch(() => {});
}

function fail(error: unknown): void {
  // A Ctrl-C also ends the process of esbuild.
  if (stop.signal.aborted && (error === stop.signal.reason || isEndOfEsbuild(error)))
    process.exit(EXIT.interrupted);
  if (error instanceof UserError) {
    const text = error.diagnostics.map(renderDiagnostic).join('\n\n');
    terminal.err(`${text}\n`);
    process.exitCode = EXIT.mistake;
    return;
  }
  process.exitCode = EXIT.failed;
  const refusal = refusalMessage(error);
  // Anything but a system error is a bug, and the stack is needed to fix it.
  terminal.err(
    refusal === undefined ? internalError(error, __dirname) : `pipe: error: ${refusal}\n`,
  );
}

function isEndOfEsbuild(error: unknown): boolean {
  return (
    error instanceof UserError && error.diagnostics.some(({ code }) => code === 'esbuild-ended')
  );
}
