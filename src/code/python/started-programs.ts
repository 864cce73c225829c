/** Programs that Python code starts: `subprocess.run([sys.executable, "work.py"])`, `os.system("…")`. Pure. */
import { literalIn, pathAt, type SearchFolder } from './search-folders.js';
import type { PlaceInFile, TokenReader } from './token-reader.js';

export interface Started {
  /** A command for the shell. */
  readonly command?: string;
  /** Or a list of words; undefined for a computed word. */
  readonly words?: readonly (string | SearchFolder | undefined)[];
  /** Its working directory, if the call names one; `computed` if that is computed. */
  readonly folder?: SearchFolder | 'computed';
  readonly place: PlaceInFile;
}

/** Functions that take a command for the shell, or a list of words. */
const CALLS = new Set(
  (
    'run Popen call check_call check_output getoutput getstatusoutput system popen ' +
    'create_subprocess_shell'
  ).split(' '),
);
/** Functions that take each word as an argument; those of `os` after a path or a mode. */
const WORD_CALLS: Readonly<Record<string, number>> = {
  create_subprocess_exec: 0,
  execl: 1,
  execlp: 1,
  spawnl: 2,
  spawnlp: 2,
};

/** Undefined if the call at a token starts nothing that its text names. */
export function startedAt(reader: TokenReader, at: number): Omit<Started, 'place'> | undefined {
  const name = reader.text(at);
  const first = WORD_CALLS[name];
  if (first === undefined && !CALLS.has(name)) return undefined;
  const elements = reader.elements(at + 1);
  const named = elements.find(
    (each) => reader.text(each) === 'cwd' && reader.text(each + 1) === '=',
  );
  const folder =
    named === undefined
      ? {}
      : { folder: pathAt(reader.tokens, named + 2) ?? ('computed' as const) };
  if (first !== undefined) {
    const own = elements.slice(first).filter((each) => reader.text(each + 1) !== '=');
    return { words: own.map((each) => wordAt(reader, each)), ...folder };
  }
  const start = reader.text(at + 2) === 'args' && reader.text(at + 3) === '=' ? at + 4 : at + 2;
  const list = reader.dotted(start) === 'shlex.split' ? start + 4 : start;
  if (reader.text(list) === '[') {
    const words = reader.elements(list).map((each) => wordAt(reader, each));
    return { words, ...folder };
  }
  const command = literalIn(reader.tokens[list]) ?? formatted(reader.text(list));
  return command === undefined ? undefined : { command, ...folder };
}

/** `sys.executable` is this Python. */
function wordAt(reader: TokenReader, at: number): string | SearchFolder | undefined {
  const name = reader.dotted(at);
  if (name === 'sys.executable') return 'python';
  if (reader.text(at) === 'str' && reader.dotted(at + 2) === 'sys.executable') return 'python';
  return reader.literal(at) ?? pathAt(reader.tokens, at);
}

/** An inserted value becomes a word that the shell would expand. */
function formatted(text: string): string | undefined {
  const body = /^f(?:'([^'\\]*)'|"([^"\\]*)")$/i.exec(text);
  return (body?.[1] ?? body?.[2])
    ?.replaceAll('{sys.executable}', 'python')
    .replace(/\{[^{}]*\}/g, '$x');
}
