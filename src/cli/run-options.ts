/** The options of `pipe run` and `pipe watch`, and the choice of reporter. */
import type { RunOptions } from '../decide/options.js';
import { userError } from '../error.js';
import type { RunEvent } from '../event.js';
import { liveReporter } from '../report/live/live.js';
import { plainReporter } from '../report/run-lines.js';
import { positive } from './args.js';
import { type CommandContext, REMOTE_OPTION, VARIANT_OPTIONS } from './command.js';
import type { Parsed, Usage } from './command-usage.js';

/** Options for one run, which watch mode does not accept. */
export const NOT_WITH_WATCH: readonly string[] = ['dry', 'frozen', 'force', 'summarize', 'detach'];

export const RUN_USAGE: Usage = {
  command: 'run',
  positionals: '[stage|item|pattern …]',
  summary:
    'Runs the named stages or items and everything they depend on, if stale. Without names, runs all.',
  options: [
    { name: 'only', help: 'run only the named items, with existing inputs' },
    { name: 'force', help: 'run items even if they are fresh' },
    { name: 'dry', help: 'print what would run, and run nothing' },
    {
      name: 'keep-going',
      short: 'k',
      help: 'continue after a failure with items that do not depend on it',
    },
    ...VARIANT_OPTIONS,
    { name: 'concurrency', value: 'n', help: 'cores to use (default: all)' },
    {
      name: 'executor',
      value: 'name',
      help: 'where items run: local, slurm, or an executor of pipe.local.yaml',
    },
    {
      name: 'detach',
      help: 'submit jobs for all items, in dependency order, and exit',
    },
    {
      name: 'frozen',
      choices: ['keys'],
      help: 'change nothing; exit 3 if anything would run or differs from pipeline.lock',
    },
    REMOTE_OPTION,
    { name: 'watch', help: 'run again whenever a relevant file changes' },
    {
      name: 'summarize',
      value: 'file',
      help: 'write durations, verdicts and reasons to a JSON file',
    },
    { name: 'json', help: 'print one JSON event per line on stdout' },
  ],
  notes:
    '--frozen=keys only compares keys with pipeline.lock; results need not be cached.\nExit: 0 done, 1 a stage failed, 2 an error in arguments, pipeline.yaml or\ninputs, 3 --frozen found a difference, 130 interrupted.',
};

export function optionsOf(parsed: Parsed, { interruption }: CommandContext): RunOptions {
  const concurrency = positive(parsed, 'concurrency');
  const executor = parsed.text('executor');
  return {
    targets: parsed.positionals,
    only: parsed.flag('only'),
    force: parsed.flag('force'),
    dry: parsed.flag('dry'),
    frozen: parsed.flag('frozen') && (parsed.text('frozen') === 'keys' ? 'keys' : 'results'),
    keepGoing: parsed.flag('keep-going'),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(executor === undefined ? {} : { executor }),
    ...(parsed.flag('detach') ? { detach: true } : {}),
    ...remoteOption(parsed),
    interruption,
  };
}

/** @throws UserError for another value */
export function remoteOption(parsed: Parsed): Pick<RunOptions, 'remote'> {
  const remote = parsed.text('remote');
  if (remote === undefined) return {};
  if (remote === 'rw' || remote === 'r' || remote === 'off') return { remote };
  throw userError(
    'option-value',
    `"${remote}" is not a valid value for --remote`,
    'use rw, r or off',
  );
}

/** JSON, a live view on a terminal, plain lines everywhere else. */
export function reporterFor(
  parsed: Parsed,
  { terminal }: CommandContext,
): (event: RunEvent) => void {
  const { out, raw, screen, colors } = terminal;
  if (parsed.flag('json')) return terminal.jsonLine;
  if (screen === undefined || parsed.flag('dry') || parsed.flag('frozen'))
    return plainReporter(out);
  return liveReporter({ ...screen, colors, write: raw });
}
