/** Files from which a tool sets variables for what it starts, such as PYTHONPATH: `.env` for pipenv. Pure. */
import { inProject, upward } from '../project-paths.js';
import { programName, type SimpleCommand } from '../shell-commands.js';

/** Relative to the project; they may not exist. Of pipenv, all that may be next to its Pipfile. */
export function variableFiles(folder: string, words: SimpleCommand['words']): string[] {
  const tool = words.findIndex((word) => programName(word) === 'pipenv');
  const isSet = tool >= 0 && words.indexOf('run') > tool;
  const isOff = isSet && words.slice(0, tool).includes('PIPENV_DONT_LOAD_ENV=1');
  const named = words.flatMap((word, at) => {
    if (word === '--env-file') return words[at + 1] ?? [];
    return /^(?:--env-file|UV_ENV_FILE)=(.+)/.exec(word ?? '')?.[1] ?? [];
  });
  const found = named.flatMap((file) => inProject(folder, file));
  if (!isSet || isOff) return found;
  return [
    ...found,
    ...[...upward(`/${folder}`)].flatMap((each) => inProject(each.slice(1), '.env')),
  ];
}

const PYTHONPATH = /^[ \t]*(?:export[ \t]+)?PYTHONPATH[ \t]*=[ \t]*(["']?)(.*?)\1[ \t]*(?:#.*)?$/m;

/** The folders of PYTHONPATH that the text of such a file sets. */
export function pythonPathIn(text: string): string[] {
  return PYTHONPATH.exec(text)?.[2]?.split(':') ?? [];
}
