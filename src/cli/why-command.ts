/** `pipe why`: the most specific reasons why an item is not fresh. */
import { type Command, JSON_OPTION, LOOK_OPTION, requireItem, VARIANT_OPTIONS } from './command.js';
import { namedStandings, type Standing } from './inspect-items.js';

export const command: Command = {
  command: 'why',
  positionals: '<item|stage|pattern …>',
  summary: 'Explains why an item would run: what has changed since its last result.',
  options: [...VARIANT_OPTIONS, LOOK_OPTION, JSON_OPTION],
  async run(parsed, context) {
    requireItem(command, parsed);
    const all = await namedStandings(parsed, context);
    const { terminal } = context;
    if (parsed.flag('json')) terminal.json(all);
    else terminal.out(all.map(story).join(''));
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
