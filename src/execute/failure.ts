/** Messages about failed executions. */

import { existsSync } from 'node:fs';
import path from 'node:path';
import { commandText } from '../code/script-texts.js';
import { pagePath, type Reader } from '../doc-pages.js';
import type { Failure } from '../event.js';
import { lookAlike, variableIn } from '../pipeline/look-alike.js';
import type { Item, Out } from '../pipeline/plan.js';
import { lastLines } from '../process/execution-log.js';
import { describeEnding, type Outcome, succeeded } from '../process/outcome.js';
import { startFault, withoutReturns } from '../sys/start-fault.js';

/** `log`: path from `root`. */
export function failureOf(
  item: Item,
  message: string,
  outcome: Outcome,
  log: string,
  root: string,
): Failure {
  const { ending, tail } = outcome;
  return {
    message,
    command: describeAction(item),
    ...(ending.how === 'exit' ? { exitCode: ending.code } : {}),
    ...(ending.how === 'signal' ? { signal: ending.signal } : {}),
    log,
    // A command may print why it wrote no out, and succeed.
    tail: succeeded(outcome) ? lastLines(path.join(root, log)) : tail,
  };
}

export function describeAction({ action }: Item): string {
  return action.kind === 'module' ? action.file : commandText(action);
}

const KILLED = 'the kernel does this if the memory is full (`dmesg` says so)';

/** Meaning of these codes in a shell. */
const SHELL_CODES: Readonly<Record<number, string>> = {
  126: 'a program cannot be executed (start a script with its interpreter, as in python3 x.py, or make it executable: chmod +x)',
  127: 'a command was not found (is it installed, and its folder in PATH?)',
  137: `a program was killed by SIGKILL: ${KILLED}`,
};

interface Around {
  readonly reader: Reader;
  /** The folder in which the command ran. */
  readonly root: string;
  /** The fault of a script that the item executes, if one is known. */
  readonly flaw: string | undefined;
}

export function endText(item: Item, outcome: Outcome, around: Around): string {
  const meaning = meaningOf(item, outcome, around);
  return `${describeEnding(outcome.ending)}${meaning === undefined ? '' : `: ${meaning}`}`;
}

function meaningOf(
  item: Item,
  { ending, tail }: Outcome,
  { reader, root, flaw }: Around,
): string | undefined {
  if (tail.some((line) => line.startsWith(NO_PIPE_RUN)))
    return `this Python does not find pipe_run (install it there, or set PYTHONPATH: see ${pagePath('python.md', reader)})`;
  if (ending.how === 'signal') return ending.signal === 'SIGKILL' ? KILLED : undefined;
  if (ending.how !== 'exit') return undefined;
  const unmade = flaw ?? unmadeFolder(item, tail, root);
  if (item.action.kind !== 'shell') return unmade;
  const name = ending.code === 126 || ending.code === 127 ? unstarted(tail) : undefined;
  const fault = name === undefined ? undefined : startFault(path.resolve(root, name), name);
  // A script whose first line is `#!/usr/bin/env python3`.
  const hasReturns = ending.code === 127 && tail.some((line) => /^.*env: .*\\r/.test(line));
  if (fault !== undefined || unmade !== undefined || hasReturns) return fault ?? unmade ?? RETURNS;
  const isPython = ending.code === 127 && tail.some((line) => NO_PYTHON.test(line));
  return isPython ? 'there is no program "python" here: write python3' : SHELL_CODES[ending.code];
}

/** On Debian, the name without a number is an optional package. */
const NO_PYTHON = /\bpython: (?:command )?not found/;

const RETURNS = `the script has Windows line ends: ${withoutReturns('…')}`;

/** An out folder that the command expects to exist. */
function unmadeFolder({ outs }: Item, tail: readonly string[], root: string): string | undefined {
  const names = (line: string, out: string) =>
    line.includes(`${out}/`) || (/non-?existent director/i.test(line) && line.includes(out));
  const lines = tail.filter((line) => ABSENCE.test(line));
  const found = outs.find(
    (out) => !existsSync(path.join(root, out.path)) && lines.some((line) => names(line, out.path)),
  );
  if (found === undefined) return undefined;
  return `pipe removes an out before a run, so the folder ${found.path} did not exist: let the command create it (mkdir -p ${found.path})`;
}

const ABSENCE = /no such file|non-?existent|does not exist|cannot (?:create|open)|ENOENT/i;

/** The file that the shell could not start, by its message. */
function unstarted(tail: readonly string[]): string | undefined {
  const message = /(\S*\/\S*): (?:not found|cannot execute|permission denied|is a directory)/i;
  return tail.map((line) => message.exec(line)?.[1]).findLast((name) => name !== undefined);
}

const NO_PIPE_RUN = "ModuleNotFoundError: No module named 'pipe_run'";

/**
 * Message about outs that are missing after the process succeeded, and where it may have written
 * instead.
 *
 * @param flaw the fault of a script that the item executes, if one is known
 */
export function unwrittenText(
  root: string,
  item: Item,
  absent: readonly Pick<Out, 'path'>[],
  flaw: string | undefined,
): string {
  const paths = absent.map((out) => out.path).join(', ');
  if (flaw !== undefined) return `did not write ${paths}: ${flaw}`;
  for (const out of absent) {
    const variable = variableIn(out.path);
    if (variable !== undefined)
      return `did not write ${paths}: pipe does not replace ${variable} in the path of an out`;
    const found = writtenInstead(root, item, out.path);
    if (found !== undefined)
      return `did not write ${paths}, but ${found} exists: make the command write to ${paths}, or name ${found} as the out`;
  }
  return `did not write ${paths}: make the command write there, or correct the path under outs`;
}

/**
 * A file whose name differs only in case (Result.txt), or that has the same name in the command's
 * folder.
 */
function writtenInstead(root: string, item: Item, out: string): string | undefined {
  const similar = lookAlike(root, out)?.path;
  if (similar !== undefined && plainName(similar) === plainName(out)) return similar;
  const name = path.basename(out);
  const folders = ['', ...foldersEntered(item)];
  return folders
    .map((folder) => path.posix.join(folder, name))
    .find((each) => each !== out && existsSync(path.join(root, each)));
}

function plainName(name: string): string {
  return name.normalize().toLowerCase();
}

/** The folders that a command enters by `cd`. */
function foldersEntered({ action }: Item): string[] {
  if (action.kind !== 'shell') return [];
  return [...action.command.matchAll(/\bcd +([\w./-]+)/g)].map(([, folder]) => folder as string);
}
