/** `pipe run`: the targets and what they need, or nothing when all is fresh. */
import type { RunEvent } from '../event.js';
import { jsonReporter } from '../report/json.js';
import { liveReporter } from '../report/live/live.js';
import { plainReporter } from '../report/plain.js';
import { openProject } from '../run/project.js';
import { run } from '../run/run.js';
import type { RunOptions } from '../run/work.js';
import { type Parsed, parse, positive, type Usage } from './args.js';
import { type Command, type CommandContext, EXIT, VARIANT_OPTIONS, variantOf } from './command.js';

export const usage: Usage = {
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
      help: 'change nothing; exit 3 when anything would run or differ from pipeline.lock',
    },
    { name: 'watch', help: 'run again whenever a file changes that counts' },
    { name: 'summarize', value: 'file', help: 'write durations, verdicts and reasons as JSON' },
    { name: 'json', help: 'one event per line on stdout' },
  ],
  notes:
    'Exit: 0 done, 1 a stage failed, 2 a mistake in arguments, pipeline.yaml or inputs,\n3 --frozen found a difference, 130 interrupted.',
};

export const command: Command = {
  usage,
  async run(argv, context) {
    const parsed = parse(usage, argv);
    if (parsed.flag('watch')) {
      const { watch } = await import('./watch.js');
      return watch(parsed, context);
    }
    const options = optionsOf(parsed, context);
    const emit = reporterFor(parsed, context);
    const warn = (message: string) => emit({ type: 'warning', message });
    const project = await openProject(context.host, variantOf(parsed), warn);
    const { summary } = await run(project, options, emit);
    if (context.interruption.stop.aborted) return EXIT.interrupted;
    if (summary.failed > 0) return EXIT.failed;
    return options.frozen && summary.ran > 0 ? EXIT.difference : EXIT.done;
  },
};

export function optionsOf(parsed: Parsed, { interruption }: CommandContext): RunOptions {
  const concurrency = positive(parsed, 'concurrency');
  return {
    targets: parsed.positionals,
    only: parsed.flag('only'),
    force: parsed.flag('force'),
    dry: parsed.flag('dry'),
    frozen: parsed.flag('frozen'),
    keepGoing: parsed.flag('keep-going'),
    ...(concurrency === undefined ? {} : { concurrency }),
    interruption,
  };
}

export function reporterFor(
  parsed: Parsed,
  { terminal }: CommandContext,
): (event: RunEvent) => void {
  if (parsed.flag('json')) return jsonReporter(terminal.out);
  const { out, screen } = terminal;
  if (screen === undefined || parsed.flag('dry')) return plainReporter(out);
  return liveReporter({ ...screen, write: out });
}
