/** The live view of a run on a terminal: what is going on below, what has ended above. */
import type { RunEvent } from '../../event.js';
import { mapTexts, printable } from '../../printable.js';
import { plainLines, type Write } from '../plain.js';
import { frame, type Size } from './lines.js';
import { LiveScreen } from './screen.js';
import { after, emptyState } from './state.js';

export interface LiveTerminal {
  readonly write: Write;
  size(): Size;
  /** Calls back when the size has changed; the result lets go of it. */
  onResize(listener: () => void): () => void;
  readonly colors: boolean;
}

/** More often than this nobody sees; and a run that ends before shows no frame at all. */
const EVERY_MS = 100;

/** The times move on when nothing happens. */
const TICK_MS = 1000;

export function liveReporter(terminal: LiveTerminal): (event: RunEvent) => void {
  const screen = new LiveScreen(terminal.write, terminal.colors);
  const now = () => performance.now() / 1000;
  const size = () => known(terminal.size());
  let state = emptyState(now());
  let stays: string[] = [];
  let planned: NodeJS.Timeout | undefined;
  let tick: NodeJS.Timeout | undefined;
  let letGo = () => {};

  const draw = () => {
    clearTimeout(planned);
    planned = undefined;
    screen.draw(stays, frame(state, size(), now()), size());
    stays = [];
  };
  const begin = () => {
    end();
    // A run that dies of a bug must not be kept alive by its view.
    tick = setInterval(draw, TICK_MS).unref();
    letGo = terminal.onResize(draw);
  };
  const end = () => {
    clearInterval(tick);
    clearTimeout(planned);
    planned = undefined;
    letGo();
    letGo = () => {};
    screen.draw(stays, [], size());
    stays = [];
  };

  return (told) => {
    const event = mapTexts(told, printable);
    if (event.type === 'run') begin();
    state = after(state, event, now());
    stays.push(...lasting(event));
    if (event.type === 'summary') end();
    else planned ??= setTimeout(draw, EVERY_MS);
  };
}

/** Some terminals, as those of tests and of serial lines, do not tell their size. */
function known({ columns, rows }: Size): Size {
  return { columns: columns || 80, rows: rows || 24 };
}

/** The lines of an event that stay on the screen. What goes on is in the frame. */
function lasting(event: RunEvent): string[] {
  switch (event.type) {
    case 'run':
    case 'start':
    case 'waiting':
    case 'progress':
    case 'epoch':
      return [];
    case 'warning':
    case 'error':
    case 'difference':
    case 'collected':
    case 'item':
    case 'summary':
      return plainLines(event, false);
    default:
      return event satisfies never;
  }
}
