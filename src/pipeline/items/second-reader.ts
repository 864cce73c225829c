/** Code within code: what reads a word of a command as code once more, where one quoting is not enough. */

/**
 * What reads the spot behind `before` as code once more, such as `bash -c`; undefined for what the
 * shell alone reads.
 */
export function secondReader(before: string): string | undefined {
  for (const pattern of [CODE, ATTACHED, REMOTE, WRAPPED]) {
    const found = pattern.exec(before);
    if (found !== null) return found.slice(1).filter(Boolean).join(' ');
  }
  return undefined;
}

/** Words and quoted parts of one command, the last of which may be open. */
const WORDS = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\n()])*`;
const WORD = String.raw`(?:"(?:[^"\\]|\\[^])*"|'[^']*'|\\[^]|[^"'\\;&|\s()])*`;
const OPEN = String.raw`(?:"(?:[^"\\]|\\[^])*|'[^']*)`;
const START = String.raw`(?:^|[\s;&|(\x60"'/{])`;
const SHELL = String.raw`(?:ba|da|z|k|a|fi|tc|c)?sh|\$\{?(?:SHELL|BASH)\}?`;
const LANGUAGE = String.raw`python[\d.]*|perl|ruby|node|Rscript|julia|php|lua|pwsh`;
const BEFORE = String.raw`["']?(?:\s[^;&|\n]*?)?\s`;
const FLAG = '-[a-zA-Z]*[ceE]|--eval|--command|-Command';

/** The word behind `-c` or `-e`, when the value is in quotes or is a part of it; options may stand between. */
const CODE = new RegExp(
  String.raw`${START}(${SHELL}|su|runuser|script|flock|${LANGUAGE})${BEFORE}(${FLAG})(?:\s+[-+][\w-]*)*\s+(?=[^\s])${WORD}${OPEN}?$`,
);

/** The same where the code begins behind the flag without a space. */
const ATTACHED = new RegExp(`${START}(${LANGUAGE})${BEFORE}(-[ce])${OPEN}$`);

/** All words behind these. */
const REMOTE = new RegExp(String.raw`${START}(ssh|eval|parallel|trap|let)\s${WORDS}${OPEN}?$`);

/** Batch systems that make a script of an option. */
const WRAPPED = new RegExp(String.raw`\s(--wrap)[=\s]\s*${WORD}${OPEN}?$`);
