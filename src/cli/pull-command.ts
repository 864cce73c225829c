/**
 * `pipe pull`: fetches results from the remote cache, with everything that they depend on. Runs nothing.
 */
import { openProject } from '../decide/project.js';
import { requireRemote } from '../remote/remote-config.js';
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
    const warn = (message: string) => report({ type: 'warning', message });
    const project = await openProject(context.host, variantOf(parsed), warn);
    requireRemote(project.plan.remote, project.env);
    const options = {
      ...optionsOf(parsed, context),
      remote: 'r',
      pull: true,
      keepGoing: true,
    } as const;
    const { summary } = await run(project, options, report);
    if (context.interruption.stop.aborted) return EXIT.interrupted;
    return summary.blocked + summary.failed > 0 ? EXIT.failed : EXIT.done;
  },
};
