/** `pipe status`: one line for each item, fresh or why not. */
import { mapTexts, printable } from '../printable.js';
import { parse, type Usage } from './args.js';
import { type Command, EXIT, JSON_OPTION, VARIANT_OPTIONS, withProject } from './command.js';
import { type Standing, standings } from './inspect.js';
import { paint } from './paint.js';

const usage: Usage = {
  command: 'status',
  positionals: '[stage|item|pattern …]',
  summary: 'Shows for each item whether it is fresh, and if not, why. Runs nothing.',
  options: [...VARIANT_OPTIONS, JSON_OPTION],
  notes:
    "fresh        a record exists for today's key, and the outs on disk match it\nrestorable   the result is in the cache; a run puts the outs back\nstale        a run executes it\nmissing      an input does not exist\nunknown      depends on the outs of an item that must run first",
};

export const command: Command = {
  usage,
  async run(argv, context) {
    const parsed = parse(usage, argv);
    const targets = parsed.positionals;
    const all = await withProject(parsed, context, (project) =>
      standings(project, targets, targets.length > 0),
    );
    const { json, raw, colors } = context.terminal;
    if (parsed.flag('json')) json(all);
    else raw(table(mapTexts(all, printable), colors));
    return EXIT.done;
  },
};

function table(all: readonly Standing[], colors: boolean): string {
  const width = Math.max(0, ...all.map(({ item }) => item.length));
  return all
    .map(({ item, state, reasons }) => {
      const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : '';
      const why = reasons[0] === undefined ? '' : `  ${reasons[0].text}${more}`;
      const told = why === '' ? state : state.padEnd(10);
      return `${item.padEnd(width)}  ${colors ? paint(told, state) : told}${why}\n`;
    })
    .join('');
}
