/** Runs with nothing to do within the test's process, and what the next one would be told. */
import { fileURLToPath } from 'node:url';
import { command } from '../../src/cli/run.js';
import { standing } from '../../src/still.js';
import type { Project } from './project.js';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

/** What the command line prints in a project before anything of the tool is loaded; undefined: it runs. */
export function standingIn(
  { root, env }: Pick<Project, 'root' | 'env'>,
  ...argv: string[]
): string | undefined {
  return standing({ cwd: root, argv: ['run', ...argv], env: surroundings(env), dist: DIST });
}

/** In ms. A time without fractions, be it by chance, is taken for one of a clock of two seconds. */
const LONGEST_TICK = 5_000;

/**
 * Runs a project with nothing to do until its answer is kept: not before its newest file is older
 * than the tick of the clock. False when a run has something to do or to say.
 */
export async function runUntilStill(project: Project, ...argv: string[]): Promise<boolean> {
  const { root, env } = project;
  const never = new AbortController().signal;
  for (const until = Date.now() + LONGEST_TICK; Date.now() < until; ) {
    let said = '';
    const write = (text: string) => {
      said += text;
    };
    const code = await command.run(argv, {
      host: { cwd: root, env: surroundings(env), dist: DIST, version: '0.1.0' },
      terminal: { out: write, err: write, onKey: undefined, screen: undefined },
      interruption: { stop: never, kill: never },
    });
    if (code !== 0 || !/^pipe: 0 ran, 0 restored, \d+ fresh\n$/.test(said)) return false;
    if (standingIn(project, ...argv) !== undefined) return true;
  }
  return false;
}

function surroundings(own: Readonly<Record<string, string>>) {
  return { PATH: process.env.PATH, HOME: process.env.HOME, ...own };
}
