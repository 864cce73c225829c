/** `-C <folder>` and `--file <pipeline>`, before or after the command: where pipe starts, and what it reads. */
import { userError } from '../error.js';

interface InFolder {
  /** In this order, each relative to the previous one. */
  readonly folders: readonly string[];
  /** The pipeline file, relative to the last folder. */
  readonly file: string | undefined;
  /** The arguments without them. */
  readonly words: readonly string[];
}

/** @throws UserError when a value is missing, or a second file is named */
export function inFolder(argv: readonly string[]): InFolder {
  const end = argv.indexOf('--');
  const options = end < 0 ? argv : argv.slice(0, end);
  const folders: string[] = [];
  const words: string[] = [];
  let file: string | undefined;
  for (let at = 0; at < options.length; at++) {
    const word = options[at] as string;
    if (word === '--file' || word.startsWith('--file=')) {
      if (file !== undefined)
        throw userError('option-value', '--file is given twice', 'name one pipeline file');
      file = needed('--file', word === '--file' ? options[++at] : word.slice('--file='.length));
    } else if (word.startsWith('-C')) {
      folders.push(needed('-C', word === '-C' ? options[++at] : word.slice(2)));
    } else words.push(word);
  }
  return { folders, file, words: [...words, ...argv.slice(options.length)] };
}

function needed(option: keyof typeof EXAMPLES, value: string | undefined): string {
  if (value !== undefined && value !== '') return value;
  throw userError('option-value', `${option} needs a ${NEEDED[option]}`, EXAMPLES[option]);
}

const NEEDED = { '-C': 'folder', '--file': 'pipeline file' } as const;
const EXAMPLES = {
  '-C': 'as in: pipe -C experiments/first run',
  '--file': 'as in: pipe --file ablation.yaml run',
} as const;

/** The error for a folder that `-C` cannot change to. */
export function notThere(folder: string, code: string | undefined): Error | undefined {
  const problem = PROBLEMS[code ?? ''];
  if (problem === undefined) return undefined;
  return userError('no-folder', `-C ${folder}: ${problem}`, 'give the folder of a pipeline.yaml');
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'this is not a folder',
  ELOOP: 'this symbolic link leads in a circle',
  EACCES: 'the permissions of the folder do not let you enter it',
};
