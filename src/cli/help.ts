/** Lays out the text of `--help`. The words of each command are in its own file, `<name>-command.ts`. */
import type { Host } from '../decide/project.js';
import { pagePath } from '../doc-pages.js';
import type { Commands } from './command.js';
import { HELP, type Option, type Usage } from './command-usage.js';

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

/** The text of `pipe <command> --help`. */
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

/** The width of the texts in the code. A prose line above it continues in the next one. */
const WIDE = 80;

const COLUMN = /^ *\S+(?: \S+)* {2,}/;

/** Breaks long lines between words. The lines that follow begin below the last column of the first. */
export function folded(text: string, room = Number.POSITIVE_INFINITY): string {
  if (text.split('\n').every((line) => line.length <= room)) return text;
  const lines: string[] = [];
  let continues = false;
  for (const line of text.split('\n')) {
    const isProse = !/^(?:$|Exit: )/.test(line) && !COLUMN.test(line);
    if (continues && isProse) lines[lines.length - 1] += ` ${line}`;
    else lines.push(line);
    continues = isProse && line.length > WIDE;
  }
  return lines.map((line) => fold(line, room)).join('\n');
}

function fold(line: string, room: number): string {
  const column = COLUMN.exec(line)?.[0].length ?? 0;
  const hang = ' '.repeat(column <= room / 2 ? column : 8);
  const [first = '', ...words] = line.slice(column).split(' ');
  const lines = [line.slice(0, column) + first];
  for (const word of words) {
    const joined = `${lines.at(-1)} ${word}`;
    if (joined.length <= room) lines[lines.length - 1] = joined;
    else lines.push(hang + word);
  }
  return lines.join('\n');
}

/** The text of `pipe --help`. */
export function overview(commands: Commands, host: Host): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const rows = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return `pipe: experiment pipelines that never recompute a finished epoch\n\nusage: pipe <command> [options]\n\n${rows.join('\n')}\n\n  -C <folder>    start in another folder\n  --file <path>  read another file instead of pipeline.yaml\n\nBoth go before or after the command. Every command has --help, and --version prints the version.\nDocumentation: ${pagePath('', host)} (errors.md explains each error code)\n`;
}
