/** Lines of a shell command whose failure nobody would see: the shell goes on with the next one. Pure. */
import { advance, SHELL_START, type ShellState } from './shell.js';

export interface UnseenLine {
  /** Which line of the command it begins in, from 0. */
  readonly line: number;
  readonly text: string;
}

/**
 * The first line that may fail while a later one decides how the command ends. None where the
 * command says which way it wants it, with `set -e` or `set +e`, before that. It is read to warn,
 * so what is in doubt is left out.
 */
export function unseenLine(command: string): UnseenLine | undefined {
  // Most commands are one line.
  if (!/\n\s*\S/.test(command)) return undefined;
  let before: (UnseenLine & { readonly fails: boolean; readonly opens: boolean }) | undefined;
  let defines = false;
  for (const found of logicalLines(command)) {
    const { text } = found;
    // A loop ends as its last round did: what fails in one before that is passed over too.
    if (before?.fails && !before.opens && (DONE.test(text) || !CONTINUES.test(text)))
      return { line: before.line, text: before.text };
    if (/^set\s/.test(text) && /\s[-+]\w*e|\serrexit\b/.test(text)) return undefined;
    defines ||= FUNCTION.test(text);
    if (!CLOSES.test(text)) {
      before = { ...found, fails: mayFail(text), opens: OPENS.test(text) };
      continue;
    }
    // A compound command ends as the last line within it did; that of a function is not executed here.
    const isDefinition = text === '}' && defines;
    if (isDefinition) defines = false;
    before = before && { ...before, fails: before.fails && !isDefinition, opens: false };
  }
  return undefined;
}

/** Behind these, the command is still to come; `a)` is a pattern of `case`. */
const OPENS = /(?:&&|\|\||\||;;|\()$|(?:^|[\s;])(?:then|do|else|\{)$|^case\s.*\sin$|^[^()]*\)$/;

/** These go on with what the line before has begun. */
const CONTINUES = /^(?:(?:then|do|done|fi|else|elif|esac)(?![\w-])|[{})]|;;)/;

const DONE = /^done(?![\w-])/;

/** Nothing but the end of a compound command. */
const CLOSES = /^(?:done|fi|esac|\}|\))$/;

const FUNCTION = /^[\w-]+\s*\(\)/;

/** What cannot fail, or is there to fail: a condition. */
const HARMLESS = [
  /^(?:set|unset|trap|umask|export|readonly|exit|return|break|continue|true|:)(?:\s|$)/,
  /^(?:wait|(?:echo|printf|sleep)(?:\s[^<>|;&]*)?)$/,
  /^(?:\[|test)\s.*&&/,
  FUNCTION,
];

const ASSIGNMENT = /^\w+=[^\s;&|()`]*$/;

function mayFail(text: string): boolean {
  const bare = text.replace(/\$\(\([^()]*\)\)/g, '0').replace(/'[^']*'|"[^"]*"/g, "''");
  // Behind `||` stands what to do about it; who goes to the background is not waited for.
  if (/\|\||(?<!&)&(?:\s*\w+=\$!)?$/.test(bare) || HARMLESS.some((each) => each.test(bare)))
    return false;
  return !ASSIGNMENT.test(bare) || /\$\((?!\()|`/.test(text.replace(/'[^']*'/g, "''"));
}

/** Lines as the shell takes them: without comments, joined where a quote or a backslash goes over the end. */
function* logicalLines(command: string): Generator<UnseenLine> {
  let state = SHELL_START;
  let text = '';
  let first = 0;
  for (const [line, physical] of command.split('\n').entries()) {
    const isDocument = state.stack.at(-1) === 'heredoc';
    const before = state;
    if (physical !== '') state = advance(state, physical);
    const ended = state;
    state = advance(state, '\n');
    if (isDocument) continue;
    if (text === '') first = line;
    const top = ended.stack.at(-1);
    const said = top === 'comment' ? withoutComment(before, physical) : physical;
    text += ended.escaped ? said.slice(0, -1) : `${said}\n`;
    if (ended.escaped || !(top === 'plain' || top === 'comment')) continue;
    const trimmed = text.trim();
    text = '';
    if (trimmed !== '') yield { line: first, text: trimmed };
  }
}

/** @param before the state at the beginning of the line, in which a comment begins */
function withoutComment(before: ShellState, line: string): string {
  for (let at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
    const state = at === 0 ? before : advance(before, line.slice(0, at));
    if (state.stack.at(-1) === 'plain' && state.wordStart && !state.escaped)
      return line.slice(0, at);
  }
  return line;
}
