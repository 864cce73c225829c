/** `pipe report`: the state of the pipeline as one HTML file. */
import { collectPage } from '../page/collect.js';
import { type Command, EXIT, VARIANT_OPTIONS, withProject } from './command.js';
import { standings } from './inspect-items.js';
import { outOption, pageFile, writePage } from './page-file.js';

const DEFAULT = 'cache/report.html';

export const command: Command = {
  command: 'report',
  positionals: '',
  summary:
    'Writes one HTML file that shows the pipeline: states and reasons, what each item is made of, all results, epochs, pictures and logs. Runs nothing.',
  options: [outOption(DEFAULT), ...VARIANT_OPTIONS],
  notes:
    'The file needs no network and no other file: open it in a browser, attach it, publish it.\nValues of secrets are masked in it.',
  async run(parsed, context) {
    const page = await withProject(parsed, context, (project) =>
      pageFile(project, context, parsed, DEFAULT, async (sourceOf) =>
        collectPage(project, await standings(project, [], { manifests: true }), sourceOf),
      ),
    );
    return writePage(page, context) ? EXIT.done : EXIT.failed;
  },
};
