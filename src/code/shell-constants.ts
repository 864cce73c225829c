/**
 * Inserts values that a shell text itself determines: variables with one plain value, and its own
 * folder. Pure.
 */

/** A text without special characters of the shell. */
const PLAIN = /^[\w./-]+$/;
/** Several words, each plain. */
const WORDS = /^[\w./=-]+(?: +[\w./=-]+)+$/;

const ASSIGNMENT =
  /(?<=^|[;&|({\n]|\b(?:export|readonly|local|then|do))[ \t]*([A-Za-z_]\w*)=("[^"$`\\]*"|'[^']*'|[^\s;&|"'$`()]*)(?=[ \t]*(?:$|[;&|\n)]))/gm;

/** `DIR=src; python $DIR/x.py`, `RUN="uv run"; $RUN x.py`: a variable that the text sets once, to plain words. */
export function withConstants(text: string): string {
  if (!text.includes('=') || !text.includes('$')) return text;
  let filled = text;
  for (const [, name = '', written = ''] of text.matchAll(ASSIGNMENT)) {
    const value = written.replace(/^(["'])(.*)\1$/, '$2');
    if (isSetAgain(text, name)) continue;
    const use = `\\$(?:${name}\\b|\\{${name}\\})`;
    if (PLAIN.test(value)) filled = filled.replace(new RegExp(use, 'g'), value);
    // `$RUN x.py` is several words, and `"$RUN x.py"` is one.
    else if (WORDS.test(value))
      filled = filled.replace(new RegExp(`(?<=^|[\\s;&|(])${use}(?=$|[\\s;&|)])`, 'g'), value);
  }
  return filled;
}

function isSetAgain(text: string, name: string): boolean {
  const others = new RegExp(
    `\\b${name}\\+?=|\\b(?:for|read|select|unset)\\b[^;\\n]*\\b${name}\\b`,
    'g',
  );
  return [...text.matchAll(others)].length > 1;
}

const SELF = '"?\\$(?:0|\\{0\\}|BASH_SOURCE|\\{BASH_SOURCE(?:\\[0\\])?\\})"?';
const OWN_FOLDER = new RegExp(
  `\\$\\(dirname (?:-- )?(?:${SELF}|"?\\$\\((?:realpath|readlink -f) ${SELF}\\)"?)\\)|\\$\\{(?:0|BASH_SOURCE(?:\\[0\\])?)%/\\*\\}`,
  'g',
);
/** `$(cd "folder" && pwd)` is the folder. */
const ABSOLUTE = /\$\(cd (?:-- )?("?)([\w./-]+)\1(?: *>\/dev\/null(?: 2>&1)?)? *&& *pwd(?: -P)?\)/g;

/** `cd "$(dirname "$0")"`: the folder of the script, relative to the working directory. */
export function withOwnFolder(text: string, own: string): string {
  const folder = own === '' ? '.' : own;
  if (!PLAIN.test(folder)) return text;
  return text.replace(OWN_FOLDER, folder).replace(ABSOLUTE, '$2');
}
