/** `pipe report`: the state of the pipeline as one HTML file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Project } from '../decide/project.js';
import { userError } from '../error.js';
import { collectPage } from '../page/collect.js';
import { pageText } from '../page/page-html.js';
import { embedding } from '../page/page-pictures.js';
import { plural } from '../report/wording.js';
import { parse, type Usage } from './args.js';
import { type Command, EXIT, VARIANT_OPTIONS, withProject } from './command.js';
import { standings } from './inspect-items.js';
import { wrote } from './output.js';

const DEFAULT = 'cache/report.html';

const usage: Usage = {
  command: 'report',
  positionals: '',
  summary:
    'Writes one HTML file that shows the pipeline: states and reasons, what each item is made of, all results, epochs, pictures and logs. Runs nothing.',
  options: [
    { name: 'out', value: 'file', help: `the file to write (default: ${DEFAULT} in the project)` },
    ...VARIANT_OPTIONS,
  ],
  notes:
    'The file needs no network and no other file: open it in a browser, attach it, publish it.\nValues of secrets are masked in it.',
};

export const command: Command = {
  usage,
  async run(argv, context) {
    const parsed = parse(usage, argv);
    const { host, terminal } = context;
    const { file, html } = await withProject(parsed, context, async (project) => {
      const file = target(project, parsed.text('out'));
      let leftOut = 0;
      const pictures = embedding(project.cache, () => leftOut++);
      const model = await collectPage(project, await standings(project, []), pictures);
      const notes =
        leftOut === 0 ? [] : [`${plural(leftOut, 'picture')} left out: too large for one file`];
      return {
        file,
        html: pageText(host.dist, 'file', { ...model, notes: [...model.notes, ...notes] }).html,
      };
    });
    const write = () => {
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, html);
    };
    const shown = path.relative(host.cwd, file);
    if (!wrote(shown, write, terminal.err)) return EXIT.failed;
    terminal.out(`${shown}\n`);
    return EXIT.done;
  },
};

/**
 * Absolute path of the file.
 *
 * @throws UserError when the pipeline reads or writes it: then the page would make an item stale
 */
function target({ root, cwd, plan }: Project, name: string | undefined): string {
  const file = name === undefined ? path.join(root, DEFAULT) : path.resolve(cwd, name);
  const within = (where: string) => `${file}/`.startsWith(`${path.join(root, where)}/`);
  for (const item of plan.items) {
    const named = [...item.outs, ...item.deps.filter(({ glob }) => !glob)];
    const taken = named.find((each) => within(each.path));
    if (taken === undefined) continue;
    throw userError(
      'option-value',
      `--out cannot be ${name}: ${taken.path} belongs to ${item.id}`,
      'name a file that the pipeline neither reads nor writes',
    );
  }
  return file;
}
