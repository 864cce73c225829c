/** What `pipe run` and `pipe watch` share: their options, and who tells the user what happens. */
import type { RunOptions } from '../decide/options.js';
import type { RunEvent } from '../event.js';
import { jsonReporter } from '../report/json.js';
import { liveReporter } from '../report/live/live.js';
import { plainReporter } from '../report/plain.js';
import { type Parsed, positive, type Usage } from './args.js';
import { type CommandContext, VARIANT_OPTIONS } from './command.js';

export const RUN_USAGE: Usage = {
  command: 'run',
  positionals: '[stage|item|pattern …]',
  summary:
    'Runs what is stale among the named stages or items and what they need; all without names.',
  options: [
    { name: 'only', help: 'the named ones alone, on their inputs as they are' },
    { name: 'force', help: 'run them even when they are fresh' },
    { name: 'dry', help: 'say what would be done, and do nothing' },
    { name: 'keep-going', short: 'k', help: 'after a failure run all that does not depend on it' },
    ...VARIANT_OPTIONS,
    { name: 'concurrency', value: 'n', help: 'cores to use (default: all)' },
    {
      name: 'frozen',
      choices: ['keys'],
      help: 'change nothing; exit 3 when anything would run or differ from pipeline.lock',
    },
    { name: 'watch', help: 'run again whenever a file changes that counts' },
    { name: 'summarize', value: 'file', help: 'write durations, verdicts and reasons as JSON' },
    { name: 'json', help: 'one event per line on stdout' },
  ],
  notes:
    '--frozen=keys is content when the keys are those of pipeline.lock: results need not be here.\nExit: 0 done, 1 a stage failed, 2 a mistake in arguments, pipeline.yaml or inputs,\n3 --frozen found a difference, 130 interrupted.',
};

/** The options of a run as the command line has them. */
export function optionsOf(parsed: Parsed, { interruption }: CommandContext): RunOptions {
  const concurrency = positive(parsed, 'concurrency');
  return {
    targets: parsed.positionals,
    only: parsed.flag('only'),
    force: parsed.flag('force'),
    dry: parsed.flag('dry'),
    frozen: parsed.flag('frozen') && (parsed.text('frozen') === 'keys' ? 'keys' : 'results'),
    keepGoing: parsed.flag('keep-going'),
    ...(concurrency === undefined ? {} : { concurrency }),
    interruption,
  };
}

/** JSON, a live view on a terminal, plain lines everywhere else. */
export function reporterFor(
  parsed: Parsed,
  { terminal }: CommandContext,
): (event: RunEvent) => void {
  if (parsed.flag('json')) return jsonReporter(terminal.out);
  const { out, screen } = terminal;
  if (screen === undefined || parsed.flag('dry') || parsed.flag('frozen'))
    return plainReporter(out);
  return liveReporter({ ...screen, write: out });
}
