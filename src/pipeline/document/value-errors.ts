/** Texts for a wrong value: error code, expected value, and a hint. */
import type { Mistake } from './diagnostics.js';

export interface Expected {
  readonly code: string;
  /** `expected …, got the text "x"`. */
  readonly text: string;
  /** The hint, which may depend on the written value. */
  readonly hint?: string | ((value: unknown, inList: boolean) => string | undefined);
}

const value = (text: string, hint?: Expected['hint']) =>
  ({ code: 'wrong-value', text, ...(hint && { hint }) }) as const;

/** The smallest pipeline. */
export const BEGIN = 'begin with:  stages: { name: { cmd: … } }';

/**
 * @param from where the value comes from, if not from its place
 * @param inList the value is an entry of a list
 */
export function mistakeOf(
  { code, text, hint }: Expected,
  value: unknown,
  from = '',
  inList = false,
): Mistake {
  const message = `expected ${text}, got ${describeValue(value)}${from}`;
  return { code, message, hint: typeof hint === 'function' ? hint(value, inList) : hint };
}

/** By the name that pipeline-schema.ts gives to each part of the file. */
export const EXPECTED = {
  text: value('a text', textHint),
  map: value('a map'),
  pipeline: value('a map', BEGIN),
  profiles: value('a map of profiles by name', 'as in: { long: { train: { epochs: 350 } } }'),
  deviations: value('a map of patterns to numbers', 'as in: { "*.loss": 0.001 }'),
  list: value('a list'),
  flag: value('true or false', flagHint),
  scalar: value('a text, a number, or true or false'),
  count: value('a whole number of at least 0'),
  every: value('a whole number of at least 1'),
  deviation: value('a number of at least 0'),
  path: value('a path', pathHint),
  param: value('the path of a param, such as train.lr', paramHint),
  params: value('a list of params, such as [train.lr, seed]', paramsHint),
  source: value('a map of values, the path of a file with one, or a list of both'),
  variables: value('a list of variable names, such as [HOME]', variablesHint),
  paths: value('a map of names to paths, or a list of paths', pathsHint),
  dep: value('a path, or { path, optional: true }, or { path, exclude: ["*.tmp"] }', pathHint),
  out: value('a path, { path, temp: true } or { path, protected: true }', pathHint),
  plot: value('a path, or { path, x: column, y: [column] }', pathHint),
  column: value('the name of a column, as a text', columnHint),
  columns: value('the name of a column, or a list of names, such as [tpr]', columnHint),
  axis: value(
    'a list of values, a param such as ${datasets}, { glob: "data/*.csv" }, or { lines: names.txt }',
    valuesHint,
  ),
  command: value('a command, or a list of its words', commandHint),
  shell: value('sh or bash', 'write the command under cmd'),
  packages: value(
    'python or none',
    'to count the versions of other packages, list a lock file under deps:',
  ),
  stage: value('a map that describes the stage', stageHint),
  stages: value('a map of stages by name', stagesHint),
  cores: value('a number of cores greater than 0, or a param such as ${cores}'),
  gpus: value('a whole number of GPUs, or a param such as ${gpus}'),
  retries: value('a whole number of at least 0, or a param such as ${retries}'),
  epochs: value('a whole number of at least 1, or a param such as ${train.epochs}', epochsHint),
  keep: value('a map', keepHint),
  remote: value(
    'a URL such as s3://bucket/folder, https://host/folder or file:///folder, or { url, … }',
    remoteHint,
  ),
  endpoint: value('a URL such as https://minio.example.org'),
  states: value('none, last or keep'),
  publicKey: value('ed25519: and a public key in base64', 'make a pair with `pipe remote keygen`'),
  mode: value('max or min'),
  objective: value('a path into the metrics such as val.ssim, or { metric, mode }'),
  duration: {
    code: 'bad-duration',
    text: 'a time above 0, such as 90s, 30m, 2h, 1h30m or 7d, or a number of seconds',
    hint: durationHint,
  },
  size: {
    code: 'bad-size',
    text: 'a number of bytes, or a size such as 500M or 4G (powers of 1024)',
    hint: sizeHint,
  },
  name: {
    code: 'bad-name',
    text: 'a name of letters, digits, "_", "-" and "."',
    hint: 'begin it with a letter, a digit or "_"',
  },
  variable: {
    code: 'bad-name',
    text: 'the name of an environment variable',
    hint: 'use letters, digits and "_", and do not begin with a digit',
  },
} as const satisfies Record<string, Expected>;

export type What = keyof typeof EXPECTED;

export function isWhat(text: string): text is What {
  return Object.hasOwn(EXPECTED, text);
}

/** `a.txt:` is a map because of its colon. */
function textHint(written: unknown): string | undefined {
  const [key, ...more] = namesIn(written);
  if (key === undefined || more.length > 0 || (written as Tree)[key] !== null) return undefined;
  return `remove the ":" after ${JSON.stringify(key)}`;
}

function pathHint(written: unknown, inList: boolean): string | undefined {
  const [key] = namesIn(written);
  if (key === undefined) return textHint(written);
  const below = (written as Tree)[key];
  if (key === 'path') return `write the path alone: ${below}`;
  if (typeof below === 'string')
    return inList
      ? `a list contains only paths; to name them, write a map: { ${key}: ${below} }`
      : `write the path alone: ${below}`;
  return textHint(written) ?? `write the path alone: ${key}`;
}

function paramHint(written: unknown): string | undefined {
  const [key] = namesIn(written);
  if (key === undefined) return undefined;
  if (/\.(?:ya?ml|json)$/i.test(key))
    return `write  params: ${key}  at the top level of pipeline.yaml; a stage lists the names that it uses, such as train.lr`;
  return 'put values under params: at the top level of pipeline.yaml; a stage lists the names that it uses';
}

function columnHint(written: unknown): string | undefined {
  if (typeof written !== 'number' && typeof written !== 'boolean') return undefined;
  return `if the column is called ${written}, put it into quotes: "${written}"`;
}

function paramsHint(written: unknown): string | undefined {
  if (typeof written === 'string') return `write [${written}]`;
  const names = namesIn(written);
  if (names.length === 0) return undefined;
  return `put values under params: at the top level of pipeline.yaml; a stage lists the names that it uses: [${names.join(', ')}]`;
}

function variablesHint(written: unknown): string | undefined {
  if (typeof written === 'string') return `write [${written}]`;
  const [name] = namesIn(written);
  if (name === undefined) return undefined;
  return `env names variables that pipe itself was started with; to set one, write it into the command: ${name}=… program`;
}

/** One value where a list of values belongs. */
function valuesHint(written: unknown): string | undefined {
  if (typeof written === 'object') return undefined;
  return `write [${typeof written === 'string' ? JSON.stringify(written) : String(written)}]`;
}

/** YAML reads a command that begins with `{` as a map. */
function commandHint(written: unknown): string | undefined {
  return namesIn(written).length === 0 ? undefined : 'put the command in quotes';
}

function epochsHint(written: unknown): string | undefined {
  if (namesIn(written).length === 0) return undefined;
  return 'as in: { max: 100, patience: 10, best: val.ssim }';
}

function keepHint(written: unknown): string {
  return typeof written === 'number' ? `write { last: ${written} }` : 'as in: { last: 2 }';
}

function pathsHint(written: unknown): string | undefined {
  return typeof written === 'string' ? `write [${JSON.stringify(written)}]` : undefined;
}

function stageHint(written: unknown): string | undefined {
  if (typeof written !== 'string') return 'as in: { cmd: … }';
  const [, key, rest] = /^(\w+):(\S.*)$/s.exec(written) ?? [];
  if (key !== undefined) return `put a space after the colon: "${key}: ${rest}"`;
  return `write { cmd: ${JSON.stringify(written)} }`;
}

function stagesHint(written: unknown): string {
  return Array.isArray(written) ? 'write each under its name, as in: name: { cmd: … }' : BEGIN;
}

function remoteHint(written: unknown): string | undefined {
  const [, scheme, rest] = /^(?:(\w+):\/\/)?(.+)$/s.exec(String(written)) ?? [];
  if (scheme === undefined && /^[.~]/.test(rest ?? ''))
    return 'write the absolute path of the folder, as in file:///home/ada/remote';
  if (scheme === undefined) return rest?.startsWith('/') ? `write file://${rest}` : undefined;
  if (scheme === 'gs')
    return `write { url: s3://${rest}, endpoint: https://storage.googleapis.com, region: auto }`;
  return /^(?:s3|https?|file)$/.test(scheme)
    ? undefined
    : 'mount the folder, and write file:///folder';
}

/** Words that are booleans in YAML 1.1. */
function flagHint(written: unknown): string | undefined {
  if (typeof written !== 'string') return undefined;
  const isTrue = /^(?:yes|on|y|true)$/i.test(written);
  if (!isTrue && !/^(?:no|off|n|false)$/i.test(written)) return undefined;
  return `write ${isTrue} (in YAML 1.2, ${JSON.stringify(written)} is a text)`;
}

function durationHint(written: unknown): string | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) *([dhms])[a-z]*$/i.exec(String(written)) ?? [];
  return unit === undefined ? undefined : `write ${amount}${unit.toLowerCase()}`;
}

function sizeHint(written: unknown): string | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?) *([kmgt])(?:i?b)?$/i.exec(String(written)) ?? [];
  return unit === undefined ? undefined : `write ${amount}${unit.toUpperCase()}`;
}

type Tree = Readonly<Record<string, unknown>>;

function namesIn(written: unknown): string[] {
  const isMap = typeof written === 'object' && written !== null && !Array.isArray(written);
  return isMap ? Object.keys(written) : [];
}

/** A value as errors quote it. */
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
