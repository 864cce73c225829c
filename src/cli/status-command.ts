/** `pipe status`: one line for each item, fresh or why not. */
import { mapTexts, printable } from '../printable.js';
import { largest } from '../report/fit.js';
import { LEAST_DESC } from '../report/graph-text.js';
import { cut, cutMiddle, pad, widthOf } from '../report/live/text-columns.js';
import { type Command, JSON_OPTION, LOOK_OPTION, NO_STAGES, VARIANT_OPTIONS } from './command.js';
import { namedStandings, type Standing } from './inspect-items.js';
import { paint } from './paint.js';
import { roomOn } from './terminal.js';

export const command: Command = {
  command: 'status',
  positionals: '[stage|item|pattern …]',
  summary: 'Shows for each item whether it is fresh, and if not, why. Runs nothing.',
  options: [...VARIANT_OPTIONS, LOOK_OPTION, JSON_OPTION],
  notes:
    'fresh        a record exists for the current key, and the outs on disk match it\nrestorable   the result is in the cache; a run would restore the outs\nstale        a run would execute the item\nmissing      an input does not exist\nunknown      not known before an item that it depends on has run',
  async run(parsed, context) {
    const all = await namedStandings(parsed, context);
    const { terminal } = context;
    if (parsed.flag('json')) terminal.json(all);
    else if (all.length === 0) terminal.out(NO_STAGES);
    else terminal.raw(table(mapTexts(all, printable), terminal.colors, roomOn(terminal)));
  },
};

/** Width of the item's name on a narrow terminal, as a fraction of the terminal's width. */
const NAME_PART = 0.4;

const STATE_WIDTH = 10;

function table(all: readonly Standing[], colors: boolean, room = Number.POSITIVE_INFINITY): string {
  const most = Math.max(8, Math.floor(room * NAME_PART));
  const nameWidth = Math.min(largest(all.map(({ item }) => widthOf(item))), most);
  const left = room - nameWidth - STATE_WIDTH - 2 * GAP.length;
  return withoutRepeats(all)
    .map((standing) => {
      const { item, state } = standing;
      const rest = restOf(standing, left);
      const told = rest === '' ? state : state.padEnd(STATE_WIDTH);
      const cells = [
        pad(cutMiddle(item, nameWidth), nameWidth),
        colors ? paint(told, state) : told,
      ];
      return `${[...cells, ...(rest === '' ? [] : [rest])].join(GAP)}\n`;
    })
    .join('');
}

const GAP = '  ';

/** After what went wrong comes what to do about it, mostly the same for all items of a stage. */
const FAILURE = /^(failed last time: [^:(]*(?:\([^)]*\)[^:(]*)*): ./;

/** A path or the name of an item. */
const OWN_WORD = /\S*[/.@]\S*/g;

/** What to do about a failure appears once in each stage. `pipe why` prints it for each item. */
function withoutRepeats(all: readonly Standing[]): Standing[] {
  const shown = new Set<string>();
  return all.map((standing) => {
    const [first, ...others] = standing.reasons;
    const brief = first?.kind === 'failed' ? FAILURE.exec(first.text)?.[1] : undefined;
    if (first === undefined || brief === undefined) return standing;
    const [stage] = standing.item.split('@');
    const kind = `${stage} ${brief.replace(OWN_WORD, '…')}`;
    if (!shown.has(kind)) {
      shown.add(kind);
      return standing;
    }
    return { ...standing, reasons: [{ ...first, text: brief }, ...others] };
  });
}

/** The reason, then the description. If there is room for only one, the reason. */
function restOf({ reasons: [first, ...others], desc }: Standing, room: number): string {
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  const why = first === undefined ? '' : first.text + more;
  const about = desc === undefined ? '' : `# ${desc}`;
  const both = [why, about].filter((text) => text !== '').join(GAP);
  if (widthOf(both) <= room) return both;
  if (why !== '') return cutMiddle(why, room);
  return room < LEAST_DESC ? '' : cut(about, room);
}
