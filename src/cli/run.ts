/** `pipe run`: the targets and what they need, or nothing when all is fresh. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { openProject } from '../run/project.js';
import { type RunResult, run } from '../run/run.js';
import { type Parsed, parse } from './args.js';
import { type Command, EXIT, variantOf } from './command.js';
import { optionsOf, RUN_USAGE, reporterFor } from './running.js';

export const command: Command = {
  usage: RUN_USAGE,
  async run(argv, context) {
    const parsed = parse(RUN_USAGE, argv);
    if (parsed.flag('watch')) {
      const { watch } = await import('./watch.js');
      return watch(parsed, context);
    }
    const options = optionsOf(parsed, context);
    const emit = reporterFor(parsed, context);
    const warn = (message: string) => emit({ type: 'warning', message });
    const isFrozen = options.frozen !== false;
    const project = await openProject(context.host, variantOf(parsed), warn, isFrozen);
    const result = await run(project, options, emit);
    summarize(parsed, context.host.cwd, result);
    const { summary, differences } = result;
    if (context.interruption.stop.aborted) return EXIT.interrupted;
    if (summary.failed > 0) return EXIT.failed;
    return isFrozen && summary.ran + differences > 0 ? EXIT.difference : EXIT.done;
  },
};

/** `--summarize`: durations, verdicts and reasons of every item, for whoever reads JSON. */
function summarize(parsed: Parsed, cwd: string, { summary, items }: RunResult): void {
  const file = parsed.text('summarize');
  if (file === undefined) return;
  writeFileSync(path.resolve(cwd, file), `${JSON.stringify({ summary, items }, null, 2)}\n`);
}
