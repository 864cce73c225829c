/** Text for stdout and stderr: masks secrets, and removes control sequences from foreign text. */
import type { Host } from '../decide/project.js';
import { concealing } from '../decide/secrets.js';
import { jsonText, printable } from '../printable.js';

export interface Terminal {
  /** Text of any origin; control sequences are removed. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** A warning as a line on stderr. */
  readonly warn: (message: string) => void;
  readonly json: (value: unknown) => void;
  readonly jsonLine: (value: unknown) => void;
  /** Unfiltered text for stdout: a log for a file, or pipe's own colours around printable text. */
  readonly raw: (text: string) => void;
  /** Resolves when little of the text for stdout is still in memory. */
  readonly drained: () => Promise<void>;
  /** Values to mask in all text from now on. */
  readonly hide: (values: readonly string[]) => void;
  /** Calls back for each key; undefined without a keyboard. Returns a function that stops the callbacks. */
  readonly onKey: ((listener: (key: string) => void) => () => void) | undefined;
  /** True when stdout is a terminal, of any kind. */
  readonly isTerminal: boolean;
  /** A terminal with cursor movement; else undefined. */
  readonly screen: Screen | undefined;
  /** Whether text on stdout may have colors. */
  readonly colors: boolean;
}

export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  onResize(listener: () => void): () => void;
}

/** Width of the screen, for tables. Undefined if there is no screen, so that programs get uncut text. */
export function roomOn({ screen }: Pick<Terminal, 'screen'>): number | undefined {
  // A terminal that does not know its size says 0.
  return screen?.size().columns || undefined;
}

/** FORCE_COLOR decides before NO_COLOR does, as in Node; an empty variable counts as not set. */
export function wantsColors(env: Host['env'], isScreen: boolean): boolean {
  const { FORCE_COLOR: force = '', NO_COLOR: no = '' } = env;
  if (force !== '') return force !== '0' && force !== 'false';
  return no === '' && isScreen;
}

/** The streams of a terminal. */
interface Ends extends Pick<Terminal, 'isTerminal' | 'screen' | 'colors'> {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Default: the text does not wait. */
  readonly drained?: Terminal['drained'];
  readonly keyboard: () => Terminal['onKey'];
}

export function createTerminal({ out, err, keyboard, drained, ...rest }: Ends): Terminal {
  let secrets: readonly string[] = [];
  let conceal = concealing(secrets);
  const line = together(out);
  const toErr = (text: string) => err(conceal.text(printable(text)));
  return {
    out: (text) => out(conceal.text(printable(text))),
    err: toErr,
    warn: (message) => toErr(`warning: ${message}\n`),
    json: (value) => out(`${jsonText(conceal.value(value), 2)}\n`),
    jsonLine: (value) => line(`${jsonText(conceal.value(value))}\n`),
    raw: (text) => out(conceal.text(text)),
    drained: drained ?? (() => Promise.resolve()),
    hide(values) {
      secrets = [...new Set([...secrets, ...values])];
      conceal = concealing(secrets);
    },
    get onKey() {
      return keyboard();
    },
    ...rest,
  };
}

/** Collects the lines of one tick into one write, since each write has a fixed cost. */
function together(out: (text: string) => void): (line: string) => void {
  let lines = '';
  return (line) => {
    if (lines === '')
      queueMicrotask(() => {
        const all = lines;
        lines = '';
        out(all);
      });
    lines += line;
  };
}
