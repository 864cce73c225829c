/** What leaves by stdout and stderr: no secret is in it, and nothing of others that a terminal obeys. */
import type { Host } from '../decide/project.js';
import { concealing } from '../decide/secrets.js';
import { jsonText, printable } from '../printable.js';

export interface Terminal {
  /** Text of any origin, without what a terminal would obey. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** A value as JSON. */
  readonly json: (value: unknown) => void;
  readonly jsonLine: (value: unknown) => void;
  /** Text that is to reach stdout as it is: a log for a file, colours of our own around printable text. */
  readonly raw: (text: string) => void;
  /** Values that are masked in all text from now on. */
  readonly hide: (values: readonly string[]) => void;
  /** Calls back with each key; undefined when there is no keyboard. The result lets go of it. */
  readonly onKey: ((listener: (key: string) => void) => () => void) | undefined;
  /** True when a terminal is at the other end of stdout, whatever it can do. */
  readonly isTerminal: boolean;
  /** A terminal there that can move its cursor; undefined for all else. */
  readonly screen: Screen | undefined;
  /** Whether text on stdout may have colors. */
  readonly colors: boolean;
}

export interface Screen {
  size(): { readonly columns: number; readonly rows: number };
  onResize(listener: () => void): () => void;
}

/** Width for tables: that of the screen. Undefined elsewhere, so that a program gets whole texts. */
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

/** What a terminal is made of. */
export interface Ends extends Pick<Terminal, 'isTerminal' | 'screen' | 'colors'> {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly keyboard: () => Terminal['onKey'];
}

export function createTerminal({ out, err, keyboard, ...rest }: Ends): Terminal {
  let secrets: readonly string[] = [];
  let conceal = concealing(secrets);
  const line = together(out);
  return {
    out: (text) => out(conceal.text(printable(text))),
    err: (text) => err(conceal.text(printable(text))),
    json: (value) => out(`${jsonText(conceal.value(value), 2)}\n`),
    jsonLine: (value) => line(`${jsonText(conceal.value(value))}\n`),
    raw: (text) => out(conceal.text(text)),
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

/** Lines of one moment leave in one write, which costs as much for one as for a hundred. */
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
