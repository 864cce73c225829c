/** Python files that a command names, but may read instead of execute: `wc -l x.py`. Pure. */
import { inProject } from '../project-paths.js';
import type { SimpleCommand } from '../shell-commands.js';
import { startedProgram } from '../started-program.js';
import { isPython } from './file-kinds.js';
import { executed, isRunner } from './launches.js';

/** They count by their bytes, since a program that reads them also reads their comments. */
export function readScripts(command: SimpleCommand, words: readonly string[]): string[] {
  const { folder } = command;
  const named = words.filter(isPython);
  if (folder === undefined || named.length === 0) return [];
  const sure = executedWords(command);
  return named.filter((word) => !sure.includes(word)).flatMap((word) => inProject(folder, word));
}

/** The scripts that Python surely executes. */
function executedWords(command: SimpleCommand): readonly (string | undefined)[] {
  const { words } = command;
  const found = executed(command);
  if (found.some(({ kind }) => kind === 'tests')) return words;
  const at = startedProgram(words);
  // `uv run` starts any program; a computed one, such as `$PYTHON`, usually is Python.
  const runner = words.findIndex((word, index) =>
    word === undefined ? index === at : word !== 'uv' && isRunner(word),
  );
  const first = runner < 0 ? undefined : words.slice(runner).find((word) => isPython(word ?? ''));
  return [words[at], first, ...found.map(({ target }) => target)];
}
