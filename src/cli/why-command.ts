/** `pipe why`: the most specific reasons why an item is not fresh. */
import { userError } from '../error.js';
import { parse, type Usage } from './args.js';
import {
  type Command,
  EXIT,
  JSON_OPTION,
  LOOK_OPTION,
  VARIANT_OPTIONS,
  withProject,
} from './command.js';
import { type Standing, standings } from './inspect-items.js';
import { remoteOption } from './run-options.js';

const usage: Usage = {
  command: 'why',
  positionals: '<item|stage|pattern …>',
  summary: 'Explains why an item would run: what has changed since its last result.',
  options: [...VARIANT_OPTIONS, LOOK_OPTION, JSON_OPTION],
};

export const command: Command = {
  usage,
  async run(argv, context) {
    const parsed = parse(usage, argv);
    const targets = parsed.positionals;
    if (targets.length === 0) {
      throw userError(
        'no-item',
        'pipe why needs an item',
        'for example `pipe why train@faces`; `pipe status` lists the items',
      );
    }
    const all = await withProject(parsed, context, (project) =>
      standings(project, targets, {
        only: true,
        warn: context.terminal.warn,
        ...remoteOption(parsed),
      }),
    );
    const { terminal } = context;
    if (parsed.flag('json')) terminal.json(all);
    else terminal.out(all.map(story).join(''));
    return EXIT.done;
  },
};

function story({ item, state, reasons }: Standing): string {
  if (state === 'fresh') return `${item} is fresh\n`;
  const head = {
    restorable: 'would be restored from the cache',
    stale: 'would run',
    missing: 'cannot run',
    unknown: 'may run',
  }[state];
  return `${item} ${head}:\n${reasons.map(({ text }) => `  ${text}\n`).join('')}`;
}
