/** Saves the answer of a no-op run, with its read set, for the next run. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { PYTHON_VARIABLES } from '../code/python/find-interpreter.js';
import type { RunResult } from '../decide/options.js';
import type { Project } from '../decide/project.js';
import { type Answer, answerName, encodeAnswer } from '../noop/answer-file.js';
import { questionOf } from '../noop/answers.js';
import { unlessFailed } from '../sys/if-there.js';
import { makeFolder } from '../sys/make-folder.js';
import { replaceFile } from '../sys/replace-file.js';

/**
 * Saves the answer to the same command line, valid while the read set is unchanged.
 *
 * @param argv from the name of the command on
 */
export function noteAnswer(
  project: Project,
  { items }: RunResult,
  argv: readonly string[],
  answer: string,
): void {
  const { cache, plan, env, dist } = project;
  const { all } = cache.readSet;
  if (all === undefined || items.some(({ verdict }) => verdict !== 'fresh')) return;
  const names = plan.items.flatMap((item) => [
    ...item.env,
    ...(item.packages === undefined ? [] : PYTHON_VARIABLES),
  ]);
  const question = questionOf({ layout: cache.layout, dist, argv, env }, names);
  const { own, behind } = all;
  keepAnswer(cache.layout.stills, { question, answer, savedAt: Date.now(), own, behind });
}

/** Number of answers kept for a project; older ones are deleted. */
const KEPT = 16;

/**
 * A failure only costs the next run time, so there is no warning. Not written through tmp/, which
 * is in the read set.
 */
function keepAnswer(folder: string, still: Answer): void {
  unlessFailed(() => {
    makeFolder(folder);
    replaceFile(path.join(folder, answerName(still.question)), encodeAnswer(still));
    forgetOldest(folder);
  });
}

function forgetOldest(folder: string): void {
  const files = readdirSync(folder).map((name) => path.join(folder, name));
  if (files.length <= KEPT) return;
  const age = new Map(files.map((file) => [file, statSync(file).mtimeMs]));
  files.sort((a, b) => (age.get(b) as number) - (age.get(a) as number));
  for (const file of files.slice(KEPT)) rmSync(file, { force: true });
}
