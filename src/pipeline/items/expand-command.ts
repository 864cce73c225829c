/** The command of an item: `cmd` with its placeholders filled, quoted where a shell reads it. */

import { oncePer } from '../../lists.js';
import type { Diagnostics, Mistake } from '../document/diagnostics.js';
import type { Action, CommandPart } from '../plan.js';
import { advance, afterValue, SHELL_START, type ShellState } from '../shell-lexer.js';
import { codeReader } from './code-flow.js';
import { filledText, shellOf, textOf, textOfPart } from './command-parts.js';
import {
  isPlaceholder,
  type Means,
  type Placeholder,
  placeholderAsText,
  placeholderSpan,
  type Template,
  wholePlaceholder,
} from './fill-placeholders.js';
import { isResource } from './scope.js';
import { secondReader } from './second-reader.js';
import { isHarmless, isUnquoted, quote, quotePlain } from './shell-quote.js';

/** The name of the pattern dep that a placeholder stands for; undefined for others. */
export type PatternOf = (
  placeholder: string,
) => { readonly dep: string; readonly pattern: string } | undefined;

interface CommandMeans extends Means {
  readonly patternOf: PatternOf;
}

export function shellAction(template: Template, means: CommandMeans): Action | undefined {
  const parts: CommandPart[] = [];
  let sound = true;
  for (const [index, part] of template.parts.entries()) {
    const put = isPlaceholder(part)
      ? shellValue(part, { template, index, before: parts }, statesOf(template)[index]!, means)
      : part;
    if (put === undefined) sound = false;
    parts.push(put ?? '');
  }
  return sound && isUnambiguous(template, textOf(parts), means.diagnostics)
    ? shellOf(parts)
    : undefined;
}

/** The shell's state before each part. It is equal for all items, since values are quoted. */
const statesOf = oncePer(({ parts }: Template): readonly ShellState[] => {
  let state = SHELL_START;
  return parts.map((part) => {
    const before = state;
    state = isPlaceholder(part) ? afterValue(state) : advance(state, part);
    return before;
  });
});

/** The place of a value. */
interface Place {
  readonly template: Template;
  /** Of its part. */
  readonly index: number;
  /** The filled parts before it. */
  readonly before: readonly CommandPart[];
}

function shellValue(
  placeholder: Placeholder,
  place: Place,
  state: ShellState,
  means: CommandMeans,
): CommandPart | undefined {
  const { template, index } = place;
  const { diagnostics } = means;
  const span = () => placeholderSpan(placeholder, template.node, diagnostics.source);
  const files = means.patternOf(placeholder.name);
  if (files) {
    const reader = readerOf(place, means) ?? state.unsure;
    if (isUnquoted(state)) return { ...files, ...(reader !== undefined && { reader }) };
    const message = `\${${placeholder.name}} is a pattern, which stands for a list of files: it cannot be in quotes`;
    diagnostics.add({ code: 'bad-quoting', message, hint: 'remove the quotes around it' }, span());
    return undefined;
  }
  const value = placeholderAsText(placeholder, template, means, readIt(placeholder));
  if (value === undefined) return undefined;
  const before = filledText(place.before);
  const reader = () => readerOf(place, means);
  if (isReadAgain(placeholder, value, reader, template, diagnostics)) return undefined;
  const next = template.parts[index + 1];
  const quoted = quote(value, state, { before, next: typeof next === 'string' ? next : '' });
  if ('text' in quoted) return filledPart(placeholder, quoted.text);
  const message = `\${${placeholder.name}} is used ${quoted.refused}, where no value can be quoted safely`;
  diagnostics.add({ code: 'bad-quoting', message, hint: REFUSED_HINT }, span());
  return undefined;
}

/** Hint for a map, a list or null, which cannot be a command's text; the process reads it as JSON. */
function readIt({ name }: Placeholder): string {
  return `list it under params: [${name}] of the stage, and read it from the JSON file that PIPE_CONTEXT names`;
}

/** The program that parses this part of the command as code again. */
function readerOf(
  { template, index, before }: Place,
  { lookup }: CommandMeans,
): string | undefined {
  const after = template.parts.slice(index + 1).map((part) => {
    if (!isPlaceholder(part)) return part;
    const found = lookup(part.name);
    return typeof found === 'object' && 'value' in found ? quotePlain(String(found.value)) : 'x';
  });
  return codeReader(filledText(before), after.join(''));
}

/** Refuses a value inside code within the command. */
function isReadAgain(
  placeholder: Placeholder,
  value: string,
  readerOfValue: () => string | undefined,
  template: Template,
  diagnostics: Diagnostics,
): boolean {
  if (isHarmless(value)) return false;
  const reader = readerOfValue();
  if (reader === undefined) return false;
  const message = `\${${placeholder.name}} is ${JSON.stringify(value)}, and ${reader} would read it as code`;
  const hint =
    'pass it as an argument, as in: bash -c \'echo "$1"\' _ ${name}; or through a variable of env:';
  const span = placeholderSpan(placeholder, template.node, diagnostics.source);
  diagnostics.add({ code: 'bad-quoting', message, hint }, span);
  return true;
}

const REFUSED_HINT =
  'set a shell variable to it first, as in: x=${name}; for a literal "${" write "$${"';

function filledPart(placeholder: Placeholder, filled: string): CommandPart {
  return isResource(placeholder.name) ? { written: `\${${placeholder.name}}`, filled } : filled;
}

const PLACEHOLDER = /\$\{resources\.(?:cpu|memory|gpu)\}/g;

/** In the key, a placeholder would equal the same literal text, so the text is refused. */
function isUnambiguous({ parts, node }: Template, text: string, diagnostics: Diagnostics): boolean {
  const placeholders = parts.filter((part) => isPlaceholder(part) && isResource(part.name)).length;
  const [first, ...more] = text.match(PLACEHOLDER) ?? [];
  if (first === undefined || more.length + 1 === placeholders) return true;
  const message = `the text "${first}" cannot be literal in a command: it stands for the resource`;
  const hint = `write ${first} for the number; to print the text, put it into a file`;
  diagnostics.add({ code: 'bad-template', message, hint }, node.span);
  return false;
}

export function argvAction(words: readonly Template[], means: CommandMeans): Action | undefined {
  const several = severalCommands(words);
  if (several !== undefined) {
    means.diagnostics.add(several, words[0]?.node.span);
    return undefined;
  }
  const parts: CommandPart[] = [];
  let sound = true;
  for (const word of words) {
    const put = argvWord(word, wordsBefore(parts), means);
    if (put === undefined) sound = false;
    else parts.push(put);
  }
  if (!sound) return undefined;
  const argv = parts.map(textOfPart);
  const plain = parts.every((part) => typeof part === 'string');
  return plain ? { kind: 'argv', argv } : { kind: 'argv', argv, parts };
}

/** The first word is the program; one with a space that is not a path must be a shell line. */
function severalCommands(words: readonly Template[]): Mistake | undefined {
  const first = words[0]?.text ?? '';
  if (!/^[\w.-]+\s+\S/.test(first)) return undefined;
  return {
    code: 'several-commands',
    message: `a list is one command, word by word, and "${first}" is not a program`,
    hint: 'for several commands write a text of several lines, beginning with:  cmd: |',
  };
}

/** In shell syntax, to detect words that a program parses as code. */
function wordsBefore(parts: readonly CommandPart[]): string {
  return parts.map((part) => `${quotePlain(filledText([part]))} `).join('');
}

function argvWord(word: Template, before: string, means: CommandMeans): CommandPart | undefined {
  const { patternOf, diagnostics } = means;
  const placeholder = wholePlaceholder(word);
  const files = placeholder && patternOf(placeholder.name);
  if (files) return files;
  let text = '';
  let written = '';
  let sound = true;
  for (const part of word.parts) {
    const value = isPlaceholder(part) ? argvValue(part, word, means) : part;
    const reader = () => secondReader(`${before}'${text.replaceAll("'", ' ')}`);
    if (value === undefined) sound = false;
    else if (isPlaceholder(part) && isReadAgain(part, value, reader, word, diagnostics))
      sound = false;
    else {
      text += value;
      written += isPlaceholder(part) ? textOfPart(filledPart(part, value)) : part;
    }
  }
  if (!sound || !isUnambiguous(word, written, diagnostics)) return undefined;
  return written === text ? text : { written, filled: text };
}

function argvValue(
  placeholder: Placeholder,
  word: Template,
  means: CommandMeans,
): string | undefined {
  if (!means.patternOf(placeholder.name))
    return placeholderAsText(placeholder, word, means, readIt(placeholder));
  const message = `\${${placeholder.name}} is a pattern, a list of files: it must be a separate word`;
  const span = placeholderSpan(placeholder, word.node, means.diagnostics.source);
  means.diagnostics.add({ code: 'bad-quoting', message }, span);
  return undefined;
}
