/** Detects code within code: words of a command that a program parses again after the shell. */

/** The program that parses the text after `before` again, such as `bash -c`; undefined without one. */
export function secondReader(before: string): string | undefined {
  for (const pattern of [CODE, ATTACHED, REMOTE, WRAPPED, NAMELESS, PRINTED]) {
    const found = pattern.exec(before);
    if (found !== null) return found.slice(1).filter(Boolean).join(' ');
  }
  return undefined;
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

/** The output of a command, read as code. */
const PRINTED = new RegExp(String.raw`${START}(source|\.|${SHELL}|${LANGUAGE})\s+(<)\([^()]*$`);

const ASSIGNED = new RegExp(String.raw`${START}(\w+)=${WORD}${OPEN}?$`);
