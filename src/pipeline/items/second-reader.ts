/** Detects code within code: words of a command that a program parses again after the shell. */

/** The program that parses the text after `before` again, such as `bash -c`; undefined without one. */
export function secondReader(before: string): string | undefined {
  for (const pattern of [CODE, ATTACHED, REMOTE, WRAPPED, NAMELESS, PRINTED, GIVEN]) {
    const found = pattern.exec(before);
    if (found !== null) return found.slice(1).filter(Boolean).join(' ');
  }
  return undefined;
}

/**
 * The program that parses what the command around a value prints, such as `| bash -s`; undefined
 * without one.
 *
 * @param before the text before the value, in the same nesting
 * @param piped the commands after it in its pipeline
 */
export function pipedReader(before: string, piped: readonly string[]): string | undefined {
  if (!PRINTS.test(before)) return undefined;
  const next = piped.find((each) => !PASSES.test(each)) ?? '';
  return READS_CODE.exec(next)?.slice(1).filter(Boolean).join(' ');
}

/** `eval`, if the text after `before` goes into a variable that the command evaluates later. */
export function laterReader(before: string, command: string): string | undefined {
  const name = ASSIGNED.exec(before)?.[1];
  if (name === undefined) return undefined;
  const read = new RegExp(String.raw`${START}(eval)\s[^;&|\n]*\$\{?${name}\b`);
  return read.exec(command)?.[1];
}

/** Words and quoted parts of one command; the last may be open. */
const WORDS = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\n()])*`;
const WORD = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\s()])*`;
const OPEN = String.raw`(?:"(?:[^"\\]|\\[^])*|'[^']*)`;
const START = String.raw`(?:^|[\s;&|(\x60"'/{])`;
const SHELL = String.raw`(?:ba|da|z|k|a|fi|tc|c)?sh|\$\{?(?:SHELL|BASH)\}?`;
const LANGUAGE = String.raw`python[\d.]*|perl|ruby|node|Rscript|julia|php|lua|pwsh`;
const BEFORE = String.raw`["']?(?:\s[^;&|\n]*?)?\s`;
const FLAG = '-[a-zA-Z]*[ceE]|--eval|--command|-Command';

/** The word after `-c` or `-e`, if the value is quoted or part of it; options may come in between. */
const CODE = new RegExp(
  String.raw`${START}(${SHELL}|su|runuser|script|flock|${LANGUAGE})${BEFORE}(${FLAG})(?:\s+[-+][\w-]*)*\s+(?=[^\s])${WORD}${OPEN}?$`,
);

/** The same with the code directly after the flag. */
const ATTACHED = new RegExp(`${START}(${LANGUAGE})${BEFORE}(-[ce])${OPEN}$`);

/** All words after these. */
const REMOTE = new RegExp(String.raw`${START}(ssh|eval|parallel|trap|let)\s${WORDS}${OPEN}?$`);

/** Batch systems that convert an option to a script. */
const WRAPPED = new RegExp(String.raw`\s(--wrap)[=\s]\s*${WORD}${OPEN}?$`);

/** A shell that a variable or another command names: a sentence after `-c` is code. */
const NAMELESS = new RegExp(
  String.raw`${START}(\$\{?\w+\}?|\$\([^()]*\)|\x60[^\x60]*\x60)${BEFORE}(-[a-zA-Z]*c)\s+(?:"(?:[^"\\]|\\[^])*\s(?:[^"\\]|\\[^])*|'[^']*\s[^']*)$`,
);

/** Options that leave a program to read its code from a file or its input. */
const SHELL_OPTIONS = String.raw`(?:\s+(?:-o\s+\w+|-(?![a-zA-Z]*[cs]\b)[\w-]*|\+\w+))*`;
const LANGUAGE_OPTIONS = String.raw`(?:\s+-(?![a-zA-Z]*[ce]\b)[\w-]*)*`;

/** A program that reads its code from its input. With \`-s\`, its other words are arguments. */
const STDIN = String.raw`(?:(?:${SHELL})${SHELL_OPTIONS}(?:\s+-\w*s\b[^<>]*)?|(?:${LANGUAGE}|R)${LANGUAGE_OPTIONS}|source|\.)(?:\s+\/dev\/stdin)?`;

/** The output of a command, read as code. */
const PRINTED = new RegExp(
  String.raw`${START}(?:((?:source|\.|${SHELL})${SHELL_OPTIONS}|(?:${LANGUAGE})${LANGUAGE_OPTIONS}|${STDIN}\s+<)\s+(<)\([^()]*)$`,
);

/** A here-string, read as code. */
const GIVEN = new RegExp(String.raw`${START}(${STDIN})\s*(<<<)\s*${WORD}${OPEN}?$`);

const PRINTS = new RegExp(String.raw`${START}(?:echo|printf)\s${WORDS}$`);
const PASSES = /^\s*(?:tee|cat)\b/;

/** The start of a command that runs its other words. */
const WRAPPER = String.raw`(?:(?:sudo|env|exec|command|nohup|nice|time|timeout|stdbuf|setsid|srun|docker|podman|singularity|apptainer|kubectl|\w+=\S*)\s(?:[^<>]*\s)?)?`;
const SSH = String.raw`ssh(?:\s+-[bcDEeFIiJLlmOopQRSWw]\s*\S+|\s+-\w+)*\s+[\w@.:-]+`;
const END = String.raw`\s*(?:\d?[<>].*)?$`;

const READS_CODE = new RegExp(
  String.raw`^\s*(?:${WRAPPER}(?:\S*\/)?(${STDIN})|(${SSH})(?:\s+["']?(${STDIN})["']?)?|(at|batch|qsub|sbatch|bsub)(?:\s.*)?)${END}`,
);

const ASSIGNED = new RegExp(String.raw`${START}(\w+)=${WORD}${OPEN}?$`);
