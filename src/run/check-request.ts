/** Checks the request of the API: programs in JavaScript write it without a compiler. */
import type { RunOptions, Variant } from '../decide/options.js';
import { type Diagnostic, UserError } from '../error.js';
import { isTree } from '../json.js';
import { listed, nearest } from '../pipeline/document/suggest.js';

type Field =
  | Exclude<keyof RunOptions, 'interruption' | 'again' | 'pull'>
  | keyof Variant
  | 'cwd'
  | 'env'
  | 'onEvent'
  | 'signal';

interface Kind {
  /** As in `targets is …`. */
  readonly what: string;
  readonly accepts: (value: unknown) => boolean;
}

const TEXT: Kind = { what: 'a text', accepts: (value) => typeof value === 'string' };
const TEXTS: Kind = {
  what: 'a list of texts',
  accepts: (value) => Array.isArray(value) && value.every(TEXT.accepts),
};
const FLAG: Kind = { what: 'true or false', accepts: (value) => typeof value === 'boolean' };

const FIELDS: Readonly<Record<Field, Kind>> = {
  cwd: TEXT,
  targets: TEXTS,
  file: TEXT,
  profiles: TEXTS,
  set: TEXTS,
  only: FLAG,
  force: FLAG,
  dry: FLAG,
  keepGoing: FLAG,
  frozen: oneOf('results', 'keys', false),
  concurrency: {
    what: 'a whole number of at least 1',
    accepts: (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  },
  executor: TEXT,
  detach: FLAG,
  remote: oneOf('rw', 'r', 'off'),
  env: {
    what: 'an object with a text for each variable',
    accepts: (value) =>
      isTree(value) &&
      Object.values(value).every((each) => each === undefined || TEXT.accepts(each)),
  },
  onEvent: { what: 'a function', accepts: (value) => typeof value === 'function' },
  signal: { what: 'an AbortSignal', accepts: (value) => value instanceof AbortSignal },
};

/** @throws UserError that names each field that does not exist or has a wrong value */
export function checkRequest(request: unknown): void {
  if (!isTree(request)) throw new UserError(mistake(`it is ${shown(request)}, not an object`));
  const mistakes = Object.entries(request).flatMap(([name, value]): Diagnostic[] => {
    const kind = Object.hasOwn(FIELDS, name) ? FIELDS[name as Field] : undefined;
    if (kind === undefined) return [mistake(`it has no field ${name}`, hintFor(name))];
    if (value === undefined || kind.accepts(value)) return [];
    return [mistake(`${name} is ${kind.what}, not ${shown(value)}`)];
  });
  if (mistakes.length > 0) throw new UserError(mistakes);
}

function mistake(what: string, hint?: string): Diagnostic {
  const message = `the request of run() is wrong: ${what}`;
  return { code: 'wrong-request', message, ...(hint !== undefined && { hint }) };
}

function hintFor(name: string): string {
  const near = nearest(name, Object.keys(FIELDS));
  return near ? `did you mean "${near}"?` : listed(Object.keys(FIELDS), 'fields are');
}

function oneOf(...values: readonly (string | false)[]): Kind {
  const texts = values.map(shown);
  return {
    what: `${texts.slice(0, -1).join(', ')} or ${texts.at(-1)}`,
    accepts: (value) => values.includes(value as string),
  };
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (isTree(value)) return `an object of class ${value.constructor?.name ?? 'null'}`;
  return typeof value === 'function' ? 'a function' : String(value);
}
