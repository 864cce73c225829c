/** Detects code within code: words of a command that a program parses again after the shell. */

/**
 * The program that parses the text after `before` again, such as `bash -c`; undefined without one.
 *
 * @param before the simple command up to the text
 */
export function secondReader(before: string): string | undefined {
  return namedBy(before, CODE);
}

/** The program that parses the output of the command within `<(` as code. */
export function substitutionReader(before: string): string | undefined {
  return namedBy(before, [SUBSTITUTED]);
}

/** The program that parses its input as code. */
export function inputReader(command: string): string | undefined {
  return namedBy(command, [READS_CODE, INSERTS]);
}

/** The program that executes a file. */
export function fileReader(command: string, file: string): string | undefined {
  const word = withoutDot(file);
  const marked = command.replace(EACH_WORD, (each) => (withoutDot(each) === word ? FILE : each));
  if (!marked.includes(FILE)) return undefined;
  return EXECUTES.test(marked) ? file : namedBy(marked, [READS_FILE]);
}

/** True for `cat file`. */
export function isPrinted(command: string, file: string): boolean {
  const [program, ...words] = command.match(EACH_WORD) ?? [];
  return program === 'cat' && words.some((word) => withoutDot(word) === withoutDot(file));
}

/** True if the command prints the text after `before`, or, with `isInput`, its input. */
export function isPrinting(before: string, isInput: boolean): boolean {
  return isInput ? isPassing(before) : PRINTS.test(before);
}

/** True for a command that prints its input, as `tee` does. */
export function isPassing(command: string): boolean {
  return /^(?:tee|cat)\b/.test(command);
}

/** The files to which `tee` writes its input. */
export function writtenByTee(command: string): readonly string[] {
  const [program, ...words] = command.match(EACH_WORD) ?? [];
  return program === 'tee' ? words.filter((word) => !/^[-<>|&\d]/.test(word)) : [];
}

/** The variable that contains the text after `before`; `ARGUMENTS` after `set --`. */
export function assignedVariable(before: string): string | undefined {
  if (/^set\s(?:.*\s)?--\s/.test(before)) return ARGUMENTS;
  return ASSIGNED.exec(before)?.slice(1).find(Boolean);
}

/** Names of the arguments of a function or shell, as a pattern. */
export const ARGUMENTS = '[1-9@*]';

/** The variable that contains each line of the loop's input. */
export function lineVariable(loop: string): string | undefined {
  return /^while\s+(?:\w+=\S*\s+)*read\s+(?:-\w+\s+)*(\w+)/.exec(loop)?.[1];
}

function namedBy(text: string, patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(text);
    if (found !== null) return found.slice(1).filter(Boolean).join(' ');
  }
  return undefined;
}

function withoutDot(word: string): string {
  return word.replace(/^(["'])(.*)\1$/, '$2').replace(/^\.\//, '');
}

/** Words and quoted parts of one command; the last may be open. */
const WORDS = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\n()])*`;
const WORD = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\s()])*`;
const OPEN = String.raw`(?:"(?:[^"\\]|\\[^])*|'[^']*)`;
const EACH_WORD = /(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^"'\\\s<>])+|[<>]+/gs;
/** Stands for a file in a command; no text contains it. */
const FILE = '\0';

const START = String.raw`(?:^|[\s;&|(\x60"'/{])`;
const SHELL = String.raw`(?:ba|da|z|k|a|fi|tc|c)?sh|\$\{?(?:SHELL|BASH)\}?`;
const PYTHON = String.raw`i?python[\d.]*|pypy[\d.]*`;
const EVALUATORS = 'perl|ruby|node|bun|tsx|Rscript|R|julia|lua|octave|gnuplot';
const LANGUAGE = `${PYTHON}|${EVALUATORS}|php|pwsh`;

/** Options before the code; a value may follow those of a letter that takes one. */
const SHELL_OPTIONS = String.raw`(?:\s+(?:-o\s+\w+|-(?![a-zA-Z]*[cs]\b)[\w-]*|\+\w+))*`;
const LANGUAGE_OPTIONS = String.raw`(?:\s+(?:(?:-[WXIrdML]|--(?:import|require|loader))\s+(?!-)\S+|-(?!(?:m|[a-zA-Z]*[ce])\b)[^\s"']*))*`;

/** The start of a command that runs its other words. */
const WRAPPER = String.raw`(?:(?:sudo|env|exec|command|builtin|nohup|nice|time|timeout|stdbuf|setsid|xargs|find|srun|docker|podman|singularity|apptainer|kubectl|\w+=\S*)\s(?:[^<>]*\s)?)?`;
const COMMAND = String.raw`^\s*(?:\d?>+\s*[^\s>]+\s+)?${WRAPPER}["']?(?:\S*\/)?`;

/** The word after these flags is code, if the value is quoted or part of it. */
const CODE = [
  String.raw`${START}(${SHELL})["']?${SHELL_OPTIONS}\s+(-[a-zA-Z]*c)(?:\s+[-+][\w-]*)*\s+(?=[^\s])${WORD}${OPEN}?$`,
  String.raw`${START}(su|runuser|script|flock)\s(?:[^;&|\n]*?\s)?(-[a-zA-Z]*c|--command)\s+${WORD}${OPEN}?$`,
  String.raw`${START}(${PYTHON})["']?${LANGUAGE_OPTIONS}\s+(-[a-zA-Z]*c)\s*${WORD}${OPEN}?$`,
  String.raw`${START}(${EVALUATORS})["']?${LANGUAGE_OPTIONS}\s+(-[a-zA-Z]*[eE]|--eval)[\s=]*${WORD}${OPEN}?$`,
  String.raw`${START}(node|bun|tsx)${LANGUAGE_OPTIONS}\s+(-p|--print)[\s=]+${WORD}${OPEN}?$`,
  String.raw`${START}(php)${LANGUAGE_OPTIONS}\s+(-r)\s+${WORD}${OPEN}?$`,
  String.raw`${START}(pwsh)\s(?:.*\s)?(-c|-Command)\s+${WORD}${OPEN}?$`,
  String.raw`${START}(matlab)\s(?:.*\s)?(-batch|-r)\s+${WORD}${OPEN}?$`,
  String.raw`${START}(deno)\s+(eval)\s${WORDS}${OPEN}?$`,
  // These split their text into words, or parse all of them.
  String.raw`${START}(env)\s(?:.*\s)?(-[a-zA-Z]*S|--split-string)[\s=]*${WORD}${OPEN}?$`,
  String.raw`${COMMAND}(ssh|rsh|eval|parallel|sem|trap|let|watch|hyperfine)\s`,
  // Batch systems that convert an option to a script.
  String.raw`\s(--wrap)[=\s]\s*${WORD}${OPEN}?$`,
  // A name of a variable may contain code: a[$(…)].
  String.raw`${COMMAND}(printf\s+-v|(?:read|unset)(?:\s+-\w+)*|(?:test|\[\[?)\s(?:.*\s)?-v)\s+${WORD}${OPEN}?$`,
  // A shell that a variable or another command names: a sentence after `-c` is code.
  String.raw`${START}(\$\{?\w+\}?|\$\([^()]*\)|\x60[^\x60]*\x60)["']?(?:\s[^;&|\n]*?)?\s(-[a-zA-Z]*c)\s+(?:"(?:[^"\\]|\\[^])*\s(?:[^"\\]|\\[^])*|'[^']*\s[^']*)$`,
].map((source) => new RegExp(source));

/** A program that reads its code from its input. With \`-s\`, its other words are arguments. */
const STDIN = String.raw`(?:(?:${SHELL})${SHELL_OPTIONS}(?:\s+-\w*s\b[^<>]*)?|(?:${LANGUAGE})${LANGUAGE_OPTIONS}|source|\.)(?:\s+\/dev\/stdin)?`;
const BY_FILE = String.raw`(?:source|\.|${SHELL})${SHELL_OPTIONS}|(?:${LANGUAGE})${LANGUAGE_OPTIONS}`;

/** A here-string, read as code. */
CODE.push(new RegExp(String.raw`${COMMAND}(${STDIN}|at\b.*|batch)\s*(<<<)\s*${WORD}${OPEN}?$`));

const SUBSTITUTED = new RegExp(String.raw`${COMMAND}(?:(${BY_FILE})\s+(<)|(${STDIN})\s+<\s+(<))$`);
const READS_FILE = new RegExp(`${COMMAND}(?:(${BY_FILE})\\s+|(${STDIN})\\s*<\\s*)${FILE}(?:\\s|$)`);
const EXECUTES = new RegExp(`^\\s*${WRAPPER}${FILE}(?:\\s|$)`);

const PRINTS = new RegExp(
  String.raw`${COMMAND}(?:echo|printf|print)\s|^(?:tee|cat)\b[^<]*<<<\s*${WORD}${OPEN}?$`,
);

const SSH = String.raw`ssh(?:\s+-[bcDEeFIiJLlmOopQRSWw]\s*\S+|\s+-\w+)*\s+[\w@.:-]+`;
const BY_LINE = String.raw`xargs\s(?:.*\s)?(?:${SHELL})\s+-[a-z]*c|parallel(?:\s+-\S+(?:\s+\d+)?)*`;
const END = String.raw`\s*(?:\d?[<>].*)?$`;

const READS_CODE = new RegExp(
  String.raw`${COMMAND}(?:(${STDIN})|(${SSH})(?:\s+["']?(${STDIN})["']?)?|(at|batch|qsub|sbatch|bsub)(?:\s.*)?|(${BY_LINE}))${END}`,
);

/** \`xargs -I{}\` puts each line into the code. */
const INSERTS = new RegExp(
  String.raw`^(xargs)\s(?:.*\s)?-[a-zA-Z0-9]*I\s*([^\s"']+)\s(?:.*\s)?(?:(?:${SHELL}|${PYTHON})\s+-[a-z]*c|(?:${EVALUATORS})\s+-e)\s+(?:"[^"]*\2|'[^']*\2)`,
);

const ASSIGNED = new RegExp(
  String.raw`${START}(\w+)=${WORD}${OPEN}?$|^(\w+)\s+in\s${WORDS}${OPEN}?$`,
);
