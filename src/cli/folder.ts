/** `-C <folder>`, before or after the command: pipe behaves as if it was started there. */
import { userError } from '../error.js';

interface InFolder {
  /** In this order, each relative to the one before. */
  readonly folders: readonly string[];
  /** The arguments without them. */
  readonly words: readonly string[];
}

/** @throws UserError when the folder is missing */
export function inFolder(argv: readonly string[]): InFolder {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  const folders: string[] = [];
  const words: string[] = [];
  for (let at = 0; at < options.length; at++) {
    const word = options[at] as string;
    if (!word.startsWith('-C')) {
      words.push(word);
      continue;
    }
    const folder = word === '-C' ? options[++at] : word.slice(2);
    if (folder === undefined || folder === '')
      throw userError('option-value', '-C needs a folder', 'as in: pipe -C experiments/first run');
    folders.push(folder);
  }
  return { folders, words: [...words, ...argv.slice(options.length)] };
}

/** The hint for a folder that `-C` cannot change to. */
export function notThere(folder: string, code: string | undefined): Error | undefined {
  const problem = PROBLEMS[code ?? ''];
  if (problem === undefined) return undefined;
  return userError('no-folder', `-C ${folder}: ${problem}`, 'give the folder of a pipeline.yaml');
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'this is not a folder',
  EACCES: 'the permissions of the folder do not let you enter it',
};
