/** Errors about the words of a command line, with hints. Loaded only for wrong ones. */
import { type Diagnostic, userError } from '../error.js';
import { nearest } from '../pipeline/document/suggest.js';
import type { Commands } from './command.js';
import { type GivenOption, HELP, type Option, type Usage } from './command-usage.js';
import { OTHER_COMMAND_WAYS, OTHER_COMMANDS, otherOption, ourOption } from './foreign-commands.js';
import { usageFor } from './help.js';

interface Mistakes {
  readonly wrong: readonly GivenOption[];
  readonly positionals: readonly string[];
  /** The unexpected ones among the positionals. */
  readonly strays: readonly string[];
  /** Arguments that are not UTF-8. */
  readonly damaged: readonly string[];
}

export function argumentErrors(
  usage: Usage,
  { wrong, positionals, strays, damaged }: Mistakes,
): Diagnostic[] {
  return [
    ...damaged.map((each) => ({
      code: 'argument-not-utf8',
      message: `the argument "${each}" is not valid UTF-8`,
      hint: 'pipe accepts only text: write other bytes to a file, and list the file under `deps:`',
    })),
    ...strays.slice(0, 1).map((stray) => unexpected(usage, positionals, stray)),
    ...wrong.filter(isFirstOfGroup).map((given) => wrongOption(usage, positionals, given)),
  ];
}

/** In `-j4`, only the first letter is an option. */
function isFirstOfGroup({ option, index }: GivenOption, at: number, all: readonly GivenOption[]) {
  const isSame = (each: GivenOption) => each.option === undefined && each.index === index;
  return option !== undefined || all.findIndex(isSame) === at;
}

function unexpected(usage: Usage, [first = '']: readonly string[], stray: string): Diagnostic {
  const { command, positionals } = usageFor(usage, [first]);
  return {
    code: 'unexpected-argument',
    message: `unexpected argument "${stray}" of pipe ${command}`,
    hint: usage.strayHint ?? `usage: pipe ${command} [options] ${positionals}`.trimEnd(),
  };
}

function wrongOption(
  usage: Usage,
  [first]: readonly string[],
  { option, rawName, value }: GivenOption,
): Diagnostic {
  if (option === undefined) return unknownOption(usage, rawName);
  if (option.part !== undefined && option.part !== first)
    return {
      code: 'unknown-option',
      message: `pipe ${usage.command} has the option ${rawName} only with ${option.part}`,
      hint: `for example \`pipe ${usage.command} ${option.part} ${rawName}\``,
    };
  if (option.choices !== undefined) return wrongChoice(option, value);
  const message =
    option.value === undefined
      ? `${rawName} does not take a value`
      : `${rawName} needs a value: ${rawName} <${option.value}>`;
  return { code: 'option-value', message };
}

function wrongChoice({ name, choices = [] }: Option, value: string | undefined): Diagnostic {
  const forms = [`--${name}`, ...choices.map((choice) => `--${name}=${choice}`)];
  return {
    code: 'option-value',
    message: `"${value}" is not a valid value for --${name}`,
    hint: `use ${forms.join(' or ')}`,
  };
}

function unknownOption({ command, options }: Usage, rawName: string): Diagnostic {
  const names = [...options, HELP].map((option) => `--${option.name}`);
  const near = nearest(rawName, names);
  const otherwise = near === undefined ? `see \`pipe ${command} --help\`` : `did you mean ${near}?`;
  return {
    code: 'unknown-option',
    message: `unknown option ${rawName} of pipe ${command}`,
    hint: otherOption(rawName, names) ?? otherwise,
  };
}

/** The error for a word that is not a command, with the most similar one. */
export function unknownCommand(name: string, commands: Commands): Error {
  if (name.startsWith('-')) {
    const hint = `options follow the command, as in: pipe run ${ourOption(name) ?? name}`;
    const message = `unknown option ${name} of pipe`;
    return userError('unknown-option', message, otherOption(name, []) ?? hint);
  }
  if (Object.hasOwn(OTHER_COMMAND_WAYS, name))
    return userError('unknown-command', `unknown command "${name}"`, OTHER_COMMAND_WAYS[name]);
  const known = nearest(name, [...Object.keys(commands), 'help']);
  const near = Object.hasOwn(OTHER_COMMANDS, name)
    ? OTHER_COMMANDS[name]
    : known && `pipe ${known}`;
  const hint =
    near === undefined
      ? `see \`pipe --help\`; to run a stage: pipe run ${name}`
      : `did you mean "${near}"?`;
  return userError('unknown-command', `unknown command "${name}"`, hint);
}
