/** `pipe run`: the targets and what they need, or nothing when all is fresh. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RunResult } from '../decide/options.js';
import { openProject, readOnlyFor } from '../decide/project.js';
import { userError } from '../error.js';
import type { RunEvent } from '../event.js';
import { fastAnswer } from '../noop/fast-path.js';
import { summaryLine } from '../report/wording.js';
import { noteAnswer } from '../run/keep-answer.js';
import { run } from '../run/run-pipeline.js';
import { statIfThere } from '../sys/if-there.js';
import { namedPlace } from '../sys/real-place.js';
import { type Command, EXIT, variantOf } from './command.js';
import type { Parsed } from './command-usage.js';
import { requireOwnFile, wrote } from './output.js';
import { NOT_WITH_WATCH, optionsOf, RUN_USAGE, reporterFor } from './run-options.js';

export const command: Command = {
  ...RUN_USAGE,
  async run(parsed, context) {
    if (parsed.flag('watch')) {
      const against = NOT_WITH_WATCH.find((name) => parsed.flag(name));
      if (against !== undefined) {
        throw userError(
          'option-conflict',
          `--watch and --${against} cannot be combined`,
          'leave one of them out',
        );
      }
      const { watch } = await import('./watch-command.js');
      return watch(parsed, context);
    }
    const options = optionsOf(parsed, context);
    const summarized = summaryFile(parsed, context.host.cwd);
    const report = reporterFor(parsed, context);
    let said = 0;
    const emit = (event: RunEvent) => {
      if (!(event.type in QUIET)) said++;
      report(event);
    };
    const warn = (message: string) => emit({ type: 'warning', message });
    const isFrozen = options.frozen !== false;
    const fastPath =
      context.host.debug && fastAnswer({ ...context.host, argv: ['run', ...parsed.argv] });
    const project = await openProject(context.host, variantOf(parsed), warn, readOnlyFor(options));
    if (fastPath?.answer === undefined && fastPath !== undefined)
      project.debug?.(`fast path: not taken, ${fastPath.reason}`);
    if (!isPlain(parsed)) project.cache.readSet.close();
    const result = await run(project, options, emit);
    const isSummarized =
      summarized === undefined ||
      wrote(summarized, () => writeFileSync(summarized, summaryText(result)), context.terminal.err);
    const { summary, differences, errors } = result;
    // The command line alone does not say where the file is.
    if (said === 0 && isPlain(parsed) && project.variant.file === undefined) {
      noteAnswer(project, result, ['run', ...parsed.argv], summaryLine(summary));
    }
    if (context.interruption.stop.aborted) return EXIT.interrupted;
    if (summary.failed + errors.length > 0) return EXIT.failed;
    if (isFrozen && summary.ran + differences > 0) return EXIT.difference;
    return isSummarized ? EXIT.done : EXIT.failed;
  },
};

/** When all is fresh, only the summary line is printed, not these events. */
const QUIET = { run: true, item: true, summary: true };

/** Options whose output is more than that line, or that execute fresh items: no answer is stored. */
export const WITHOUT_ANSWER: readonly string[] = ['dry', 'force', 'frozen', 'json', 'summarize'];

function isPlain(parsed: Parsed): boolean {
  return !WITHOUT_ANSWER.some((name) => parsed.flag(name));
}

/**
 * Target of `--summarize`.
 *
 * @throws UserError when it is not writable or another file, before the work starts
 */
function summaryFile(parsed: Parsed, cwd: string): string | undefined {
  const name = parsed.text('summarize');
  if (name === undefined) return undefined;
  const file = namedPlace(cwd, name);
  const isWritable = statIfThere(path.dirname(file))?.isDirectory() === true;
  if (!isWritable || statIfThere(file)?.isDirectory()) {
    throw userError(
      'option-value',
      `--summarize cannot write ${name}`,
      'name a file in an existing folder',
    );
  }
  requireOwnFile('--summarize', name, file, '{\n  "summary": {');
  return file;
}

/** Durations, verdicts and reasons of every item, as JSON. */
function summaryText({ summary, items }: RunResult): string {
  return `${JSON.stringify({ summary, items }, null, 2)}\n`;
}
