/** `pipe why`: the most specific reasons why items are not fresh. */
import { type Command, JSON_OPTION, LOOK_OPTION, VARIANT_OPTIONS } from './command.js';
import { namedStandings, type Standing } from './inspect-items.js';

export const command: Command = {
  command: 'why',
  positionals: '[item|stage|pattern …]',
  summary:
    'Explains why an item would run: what has changed since its last result. Without names, explains each item that is not fresh.',
  options: [...VARIANT_OPTIONS, LOOK_OPTION, JSON_OPTION],
  async run(parsed, context) {
    const all = await namedStandings(parsed, context);
    const isNamed = parsed.positionals.length > 0;
    const told = isNamed ? all : all.filter(({ state }) => state !== 'fresh');
    const { terminal } = context;
    if (parsed.flag('json')) terminal.json(told);
    else if (told.length === 0) terminal.out(`pipe: ${all.length} fresh\n`);
    else terminal.out(told.map(story).join(''));
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
