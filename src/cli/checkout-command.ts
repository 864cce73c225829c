/** `pipe checkout`: the outs of any recorded result, in a new folder. */
import path from 'node:path';
import { userError } from '../error.js';
import { bytes } from '../report/wording.js';
import { resultsOf } from '../results/all-results.js';
import { checkout } from '../results/checkout.js';
import { rowNamed, SHORT } from '../results/select-rows.js';
import { namedPlace } from '../sys/real-place.js';
import { type Command, JSON_OPTION, VARIANT_OPTIONS, withProject } from './command.js';

export const command: Command = {
  command: 'checkout',
  positionals: '<result> <folder>',
  summary: 'Copies the outs of a recorded result from the cache into a new folder.',
  options: [...VARIANT_OPTIONS, JSON_OPTION],
  notes:
    'A result is a key or the start of one, as `pipe results` prints it, an item (the result of its current\nkey, else its newest one), or item@revision (its result in the pipeline.lock of that git revision).\nThe workspace does not change.',
  async run(parsed, context) {
    const { host, terminal } = context;
    const [name, folder] = parsed.positionals;
    if (name === undefined || folder === undefined)
      throw userError(
        'no-item',
        'pipe checkout needs a result and a folder',
        'for example `pipe checkout 1a2b3c4d best/`; `pipe results` lists the keys',
      );
    await withProject(parsed, context, async (project) => {
      const row = await rowNamed(project, await resultsOf(project, terminal.warn), name);
      const outs = await checkout(project, row, namedPlace(host.cwd, folder));
      const { key, item } = row;
      if (parsed.flag('json')) return terminal.json({ key, item, outs });
      const lines = outs.map(
        (out) => `  ${path.relative(host.cwd, out.path)} (${out.name}, ${bytes(out.size)})\n`,
      );
      terminal.out(`${item}, result ${key.slice(0, SHORT)}:\n${lines.join('')}`);
    });
  },
};
