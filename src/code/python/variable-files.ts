/** Files from which a tool sets variables for what it starts, such as PYTHONPATH: `.env` for pipenv and dotenv. Pure. */
import { inProject, withParents } from '../project-paths.js';
import { programName, type SimpleCommand } from '../shell-commands.js';

/** Relative to the project; they may not exist. Without an option, all that the tool may find. */
export function variableFiles(folder: string, words: SimpleCommand['words']): string[] {
  const tool = words.findIndex((word) => /^(?:pipenv|dotenv)$/.test(programName(word)));
  const isSet = tool >= 0 && words.indexOf('run') > tool;
  const isOff = isSet && words.slice(0, tool).includes('PIPENV_DONT_LOAD_ENV=1');
  const option = programName(words[tool]) === 'dotenv' ? /^(?:-f|--file)$/ : /^--env-file$/;
  const named = words.flatMap((word, at) => {
    if (option.test(word ?? '')) return words[at + 1] ?? [];
    return /^(?:--env-file|UV_ENV_FILE)=(.+)/.exec(word ?? '')?.[1] ?? [];
  });
  const found = named.flatMap((file) => inProject(folder, file));
  if (!isSet || isOff || found.length > 0) return found;
  return withParents(folder).flatMap((each) => inProject(each, '.env'));
}

const PYTHONPATH = /^[ \t]*(?:export[ \t]+)?PYTHONPATH[ \t]*=[ \t]*(["']?)(.*?)\1[ \t]*(?:#.*)?$/m;

/** The folders of PYTHONPATH that the text of such a file sets. */
export function pythonPathIn(text: string): string[] {
  return PYTHONPATH.exec(text)?.[2]?.split(':') ?? [];
}
