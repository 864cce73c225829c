/** Parses the arguments of a command. */
import { parseArgs } from 'node:util';
import { UserError } from '../error.js';
import { isDamagedText } from '../printable.js';
import { type GivenOption, HELP, type Option, type Parsed, type Usage } from './command-usage.js';

/**
 * Parses a command's arguments.
 *
 * @throws UserError that names every unknown option, with the closest known one
 */
export async function parse(usage: Usage, argv: readonly string[]): Promise<Parsed> {
  const options = [...usage.options, HELP];
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries(options.map((option) => [option.name, configOf(option)])),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const wrong = tokens
    .flatMap((token) => (token.kind === 'option' ? token : []))
    .map(({ name, rawName, index, value }) => {
      return { rawName, index, value, option: options.find((option) => option.name === name) };
    })
    .filter((given) => !isRight(given, positionals));
  const strays = straysOf(usage, positionals);
  const damaged = argv.filter(isDamagedText);
  if (wrong.length + strays.length + damaged.length > 0) {
    const { argumentErrors } = await import('./argument-errors.js');
    throw new UserError(argumentErrors(usage, { wrong, positionals, strays, damaged }));
  }
  return {
    argv,
    positionals,
    flag: (name) => values[name] !== undefined && values[name] !== false,
    text: (name) => (typeof values[name] === 'string' ? values[name] : undefined),
    texts: (name) => (values[name] as string[] | undefined) ?? [],
  };
}

function configOf({ short, value, multiple = false }: Option) {
  const type = value === undefined ? ('boolean' as const) : ('string' as const);
  return { type, multiple, ...(short !== undefined && { short }) };
}

function isRight({ option, value }: GivenOption, [first]: readonly string[]): boolean {
  if (option === undefined) return false;
  if (option.part !== undefined && option.part !== first) return false;
  if (option.value !== undefined) return value !== undefined;
  return value === undefined || option.choices?.includes(value) === true;
}

/** Unexpected arguments: the usage `[revision [revision]]` allows two, and `bash | zsh` allows one. */
function straysOf(usage: Usage, words: readonly string[]): readonly string[] {
  const part = usage.parts?.find(({ name }) => name === words[0]);
  const { positionals } = part ?? usage;
  // The command itself reports an unknown subcommand.
  const isOpen = usage.parts !== undefined && part === undefined;
  if (isOpen || positionals.includes('…') || words[0] === usage.internal) return [];
  const most = positionals === '' ? 0 : positionals.split(/(?<!\|) (?!\|)/).length;
  return words.slice(part === undefined ? most : most + 1);
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
