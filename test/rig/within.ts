/**
 * Commands within the test's own process: the tool's code on real files, with real stages as
 * processes. Most of what a command costs is the start of its process. Promises about the process
 * itself (its signals, its streams, its end, what it leaves to the next one) are tested with
 * `Project` instead.
 */
import { fileURLToPath } from 'node:url';
import type { CommandContext } from '../../src/cli/command.js';
import { commandNamed, execute } from '../../src/cli/commands.js';
import { debugTo } from '../../src/cli/debug.js';
import { createTerminal } from '../../src/cli/terminal.js';
import { renderDiagnostic, UserError } from '../../src/error.js';
import { fastAnswer } from '../../src/noop/fast-path.js';
import { type Ended, Project, surroundings } from './project.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

/** The output of `pipe run` before the tool is loaded; undefined if it has to run. */
export function standingIn({ root, env }: Place, ...argv: readonly string[]): string | undefined {
  return fastAnswer({ cwd: root, argv: ['run', ...argv], env: surroundings(env), dist: DIST })
    .answer;
}

type Place = Pick<Project, 'root' | 'env'>;

/** The tool's own answer, without a stored one. */
export async function answerIn(
  { root, env }: Place,
  name: string,
  ...argv: readonly string[]
): Promise<Ended> {
  let out = '';
  let err = '';
  const terminal = createTerminal({
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    keyboard: () => undefined,
    isTerminal: false,
    screen: undefined,
    colors: false,
  });
  const never = new AbortController().signal;
  const code = await answer(name, argv, {
    host: {
      cwd: root,
      env: surroundings(env),
      dist: DIST,
      version: '0.1.0',
      onSecrets: terminal.hide,
      debug: debugTo(env, terminal.err),
    },
    terminal,
    interruption: { stop: never, kill: never },
    onTimeLimit: () => {},
  }).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    terminal.err(`${error.diagnostics.map(renderDiagnostic).join('\n\n')}\n`);
    return 2;
  });
  return { code, signal: null, out, err };
}

async function answer(
  name: string,
  argv: readonly string[],
  context: CommandContext,
): Promise<number> {
  return await execute(await commandNamed(name), argv, context);
}

/** A project whose commands run within this process; those that are started are processes. */
export class ProjectWithin extends Project {
  override async pipe(...args: string[]): Promise<Ended> {
    const [name = '', ...argv] = args;
    const said = name === 'run' ? standingIn(this, ...argv) : undefined;
    if (said === undefined) return await answerIn(this, name, ...argv);
    return { code: 0, signal: null, out: `${said}\n`, err: '' };
  }
}
