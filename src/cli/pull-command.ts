/**
 * `pipe pull`: fetches results from the remote cache, with everything that they depend on. Runs nothing.
 */
import { openProject } from '../decide/project.js';
import type { RunEvent } from '../event.js';
import { requireRemote } from '../remote/remote-config.js';
import { plural } from '../report/wording.js';
import { run } from '../run/run-pipeline.js';
import { type Command, EXIT, JSON_OPTION, VARIANT_OPTIONS, variantOf } from './command.js';
import { optionsOf, reporterFor } from './run-options.js';

export const command: Command = {
  command: 'pull',
  positionals: '[stage|item|pattern …]',
  summary:
    'Restores the named items and everything they depend on from the local and the remote cache. Without names, restores all items. Runs nothing.',
  options: [
    ...VARIANT_OPTIONS,
    { name: 'concurrency', value: 'n', help: 'items to restore at once (default: cores)' },
    { ...JSON_OPTION, help: 'print one JSON event per line on stdout' },
  ],
  notes: 'Exit: 0 everything is restored, 1 some results are not in the remote cache, 2 an error.',
  async run(parsed, context) {
    const report = reporterFor(parsed, context);
    const brief = briefly(report);
    const warn = (message: string) => report({ type: 'warning', message });
    const project = await openProject(context.host, variantOf(parsed), warn);
    requireRemote(project.plan.remote, project.env);
    const options = {
      ...optionsOf(parsed, context),
      remote: 'r',
      pull: brief,
      keepGoing: true,
    } as const;
    const { summary } = await run(project, options, parsed.flag('json') ? report : brief.emit);
    if (context.interruption.stop.aborted) return EXIT.interrupted;
    return summary.blocked + summary.failed > 0 ? EXIT.failed : EXIT.done;
  },
};

/** Reports items that lack their results because the remote cache is off as one: a warning has said why. */
function briefly(report: (event: RunEvent) => void) {
  let isOff = false;
  let count = 0;
  const emit = (event: RunEvent) => {
    if (event.type === 'item' && event.verdict === 'blocked' && isOff) {
      count++;
      return;
    }
    if (event.type === 'summary' && count > 0) {
      const message = `${plural(count, 'item')} not restored: the remote cache is not used`;
      report({ type: 'error', message });
    }
    report(event);
  };
  const onRemoteOff = () => {
    isOff = true;
  };
  return { emit, onRemoteOff };
}
