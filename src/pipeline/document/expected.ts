/** The words of a mistake in a value: its code, what was expected, and a hint. */

export interface Expected {
  readonly code: string;
  /** `expected …, got the text "x"`. */
  readonly text: string;
  readonly hint?: string;
}

const value = (text: string) => ({ code: 'wrong-value', text }) as const;

/** By the name that schema.ts gives to the spot. */
export const EXPECTED = {
  text: value('a text'),
  map: value('a map'),
  list: value('a list'),
  flag: value('true or false'),
  scalar: value('a text, a number, or true or false'),
  count: value('a whole number from 0'),
  every: value('a whole number from 1'),
  positive: value('a number above 0'),
  deviation: value('a number from 0'),
  path: value('a path'),
  paths: value('a map of names to paths, or a list of paths'),
  dep: value('a path, or { path, optional: true }, or { path, exclude: ["*.tmp"] }'),
  axis: value('a list of values, or a param such as ${datasets}'),
  command: value('a command, or a list of its words'),
  shell: value('sh or bash'),
  stage: value('a map, the description of a stage'),
  cores: value('a number of cores above 0, or a param such as ${cores}'),
  gpus: value('a whole number of GPUs, or a param such as ${gpus}'),
  retries: value('a whole number from 0, or a param such as ${retries}'),
  epochs: value('a whole number from 1, or a param such as ${train.epochs}'),
  mode: value('max or min'),
  objective: value('a path into the metrics such as val.ssim, or { metric, mode }'),
  duration: {
    code: 'bad-duration',
    text: 'a time such as 90s, 30m, 2h or 1h30m, or a number of seconds',
  },
  size: {
    code: 'bad-size',
    text: 'a number of bytes, or a size such as 500M or 4G (powers of 1024)',
  },
  name: {
    code: 'bad-name',
    text: 'a name of letters, digits, "_", "-" and "."',
    hint: 'it begins with a letter, a digit or "_"',
  },
  variable: {
    code: 'bad-name',
    text: 'the name of an environment variable',
    hint: 'letters, digits and "_", not beginning with a digit',
  },
} as const satisfies Record<string, Expected>;

export type What = keyof typeof EXPECTED;

export function isWhat(text: string): text is What {
  return Object.hasOwn(EXPECTED, text);
}

/** A value as an error names it. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'object':
      return 'a map';
    case 'string':
      return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'number':
      return `the number ${value}`;
    default:
      return String(value);
  }
}
