/** Command-line arguments, declared as data for both parsing and help. */
import { parseArgs } from 'node:util';
import { type Diagnostic, UserError } from '../error.js';
import { nearest } from '../pipeline/document/suggest.js';
import { isDamagedText } from '../printable.js';
import { otherOption } from './foreign-commands.js';

export interface Option {
  readonly name: string;
  readonly short?: string;
  /** Name of the value in the help text; absent for a flag. */
  readonly value?: string;
  readonly multiple?: boolean;
  /** A flag that optionally takes one of these values: `--frozen=keys`. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export interface Usage {
  readonly command: string;
  /** Arguments after the command's name: `[stage|item …]`. */
  readonly positionals: string;
  readonly summary: string;
  readonly options: readonly Option[];
  /** More paragraphs of the help text. */
  readonly notes?: string;
  /** Values of its first argument that have their own help. */
  readonly parts?: readonly Part[];
  /** Hint for an unexpected argument. */
  readonly strayHint?: string;
}

/** A subcommand: `pipe cache gc`. */
interface Part {
  readonly name: string;
  readonly positionals: string;
  readonly summary: string;
  /** Names of the command's options that it accepts. */
  readonly options: readonly string[];
  readonly notes?: string;
}

export interface Parsed {
  readonly positionals: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
}

export const HELP: Option = { name: 'help', short: 'h', help: 'show this help' };

/**
 * Parses a command's arguments.
 *
 * @throws UserError that names every unknown option, with the closest known one
 */
export function parse(usage: Usage, argv: readonly string[]): Parsed {
  const options = [...usage.options, HELP];
  const config: Record<string, { type: 'boolean' | 'string'; short?: string; multiple?: boolean }> =
    {};
  for (const { name, short, value, multiple } of options) {
    config[name] = {
      type: value === undefined ? 'boolean' : 'string',
      ...(short === undefined ? {} : { short }),
      ...(multiple === undefined ? {} : { multiple }),
    };
  }
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: config,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const damaged = argv.filter(isDamagedText).map((each) => ({
    code: 'argument-not-utf8',
    message: `the argument "${each}" is not valid UTF-8`,
    hint: 'pipe accepts only text: write other bytes to a file, and list the file under `deps:`',
  }));
  const mistakes: Diagnostic[] = [...damaged, ...strays(usage, positionals)];
  let group = -1;
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const known = options.find((option) => option.name === token.name);
    if (known === undefined) {
      // Only the first letter of `-j4` is an option.
      if (token.index !== group) mistakes.push(unknownOption(usage, options, token.rawName));
      group = token.index;
    } else if (known.value !== undefined && token.value === undefined) {
      mistakes.push({
        code: 'option-value',
        message: `${token.rawName} needs a value: ${token.rawName} <${known.value}>`,
      });
    } else if (known.choices !== undefined && token.value !== undefined) {
      if (!known.choices.includes(token.value)) mistakes.push(wrongChoice(known, token.value));
    } else if (known.value === undefined && token.value !== undefined) {
      mistakes.push({ code: 'option-value', message: `${token.rawName} takes no value` });
    }
  }
  if (mistakes.length > 0) throw new UserError(mistakes);
  return {
    positionals,
    flag: (name) => values[name] !== undefined && values[name] !== false,
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    texts: (name) => (values[name] as string[] | undefined) ?? [],
  };
}

/** Unexpected arguments: the usage `[revision [revision]]` allows two. */
function strays(usage: Usage, words: readonly string[]): Diagnostic[] {
  const part = usage.parts?.find(({ name }) => name === words[0]);
  const { positionals } = part ?? usage;
  if (positionals.includes('…') || (usage.parts !== undefined && part === undefined)) return [];
  const most = positionals === '' ? 0 : positionals.split(' ').length;
  const stray = words.slice(part === undefined ? most : most + 1);
  if (stray.length === 0) return [];
  const command = `pipe ${usage.command}${part === undefined ? '' : ` ${part.name}`}`;
  const code = 'unexpected-argument';
  const message = `unexpected argument "${stray[0]}" of ${command}`;
  const hint = usage.strayHint ?? `usage: ${command} [options] ${positionals}`.trimEnd();
  return [{ code, message, hint }];
}

function wrongChoice({ name, choices = [] }: Option, value: string): Diagnostic {
  const forms = [`--${name}`, ...choices.map((choice) => `--${name}=${choice}`)];
  return {
    code: 'option-value',
    message: `--${name} does not take "${value}"`,
    hint: `use ${forms.join(' or ')}`,
  };
}

function unknownOption(usage: Usage, options: readonly Option[], rawName: string): Diagnostic {
  const names = options.map((option) => `--${option.name}`);
  const near = nearest(rawName, names);
  const otherwise =
    near === undefined ? `see \`pipe ${usage.command} --help\`` : `did you mean ${near}?`;
  return {
    code: 'unknown-option',
    message: `unknown option ${rawName} of pipe ${usage.command}`,
    hint: otherOption(rawName, names) ?? otherwise,
  };
}

/** The usage of the named subcommand, or of the command itself. */
export function usageFor(usage: Usage, words: readonly string[]): Usage {
  const part = usage.parts?.find(({ name }) => words.includes(name));
  if (part === undefined) return usage;
  const { name, positionals, summary, notes } = part;
  const options = usage.options
    .filter((option) => part.options.includes(option.name))
    // The help of a subcommand does not repeat the names of the subcommands.
    .map((option) => ({ ...option, help: option.help.replace(/^(?:with )?[a-z]+: /, '') }));
  const command = `${usage.command} ${name}`;
  return { command, positionals, summary, options, ...(notes !== undefined && { notes }) };
}

/** The text of `--help`. */
export function helpText(usage: Usage): string {
  const rows = [...usage.options, HELP].map((option) => ({
    left: `${option.short === undefined ? '    ' : `-${option.short}, `}--${option.name}${valueText(option)}`,
    help: option.help,
  }));
  const width = Math.max(...rows.map((row) => row.left.length));
  const lines = [
    usage.summary,
    '',
    `usage: pipe ${usage.command} [options] ${usage.positionals}`.trimEnd(),
    '',
    ...rows.map((row) => `  ${row.left.padEnd(width)}  ${row.help}`),
  ];
  return `${lines.join('\n')}\n${usage.notes === undefined ? '' : `\n${usage.notes}\n`}`;
}

function valueText({ value, choices }: Option): string {
  if (choices !== undefined) return `[=${choices.join('|')}]`;
  return value === undefined ? '' : ` <${value}>`;
}

/** The value of an option that takes an integer ≥ 1. */
export function positive(parsed: Parsed, name: string): number | undefined {
  const text = parsed.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1) return value;
  throw new UserError({
    code: 'option-value',
    message: `--${name} takes a whole number of at least 1, got "${text}"`,
  });
}
