/** The live view of a run on a terminal: a frame of active items below the lines of finished ones. */
import type { RunEvent } from '../../event.js';
import { mapTexts, printable } from '../../printable.js';
import { runLines, type Write } from '../run-lines.js';
import { frame, type Size } from './lines.js';
import { after, emptyState } from './live-state.js';
import { LiveScreen } from './screen.js';

interface LiveTerminal {
  readonly write: Write;
  size(): Size;
  /** Calls back on a resize; returns the function that unsubscribes. */
  onResize(listener: () => void): () => void;
  readonly colors: boolean;
}

/**
 * Milliseconds between two frames. More frames would not be visible, and a shorter run shows none
 * at all.
 */
const EVERY_MS = 100;

/** Updates the elapsed times while nothing else happens. */
const TICK_MS = 1000;

export function liveReporter(terminal: LiveTerminal): (event: RunEvent) => void {
  const screen = new LiveScreen(terminal.write, terminal.colors);
  const now = () => performance.now() / 1000;
  const size = () => known(terminal.size());
  let state = emptyState(now());
  let stays: string[] = [];
  const linesOfRun = runLines(isLasting);
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
    // Unref, because the view must not keep a run alive that dies of a bug.
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
    stays.push(...linesOfRun(event));
    if (event.type === 'summary') end();
    else planned ??= setTimeout(draw, EVERY_MS);
  };
}

/** Some terminals (in tests, on serial lines) do not report their size. */
function known({ columns, rows }: Size): Size {
  return { columns: columns || 80, rows: rows || 24 };
}

/** True if the lines of an event stay on the screen. The frame shows everything in progress. */
function isLasting(event: RunEvent): boolean {
  switch (event.type) {
    case 'run':
    case 'start':
    case 'waiting':
    case 'progress':
    case 'epoch':
    case 'transfer':
      return false;
    case 'warning':
    case 'error':
    case 'difference':
    case 'collected':
    case 'item':
    case 'summary':
      return true;
    default:
      return event satisfies never;
  }
}
