/** Reads a file from another git revision, without a checkout, and asks which files git has. */
import { execFile } from 'node:child_process';
import { userError } from '../error.js';

interface Answer {
  /** Undefined if git reported an error. */
  readonly text: string | undefined;
  readonly complaint: string;
}

/** The folder in which git runs. */
export interface WorkTree {
  /** Absolute path of a folder in it. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const COMMITTED = 'pipeline.yaml and pipeline.lock';

/**
 * The text of a file as committed; undefined when that revision does not contain it.
 *
 * @param file relative to the tree's folder
 * @throws UserError when there is no git, no repository or no such revision
 */
export async function fileAtRevision(
  tree: WorkTree,
  revision: string,
  file: string,
): Promise<string | undefined> {
  const commit = await ask(tree, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  if (commit.text === undefined) {
    if (/not a git repository/i.test(commit.complaint))
      throw userError(
        'no-git',
        'the project is not in a git repository',
        `pipe can compare only with a commit: git init, then commit ${COMMITTED}`,
      );
    if (revision === 'HEAD')
      throw userError(
        'unknown-revision',
        'the git repository has no commit yet',
        `commit ${COMMITTED}, then compare with that`,
      );
    throw userError(
      'unknown-revision',
      `git does not know the revision "${revision}"`,
      'correct the name, or in CI fetch it first: git fetch --depth=1 origin <branch>, then use origin/<branch>',
    );
  }
  return (await ask(tree, ['show', `${commit.text.trim()}:./${file}`])).text;
}

/** True if git tracks the file, or a file in the folder. Without git or a repository, nothing is tracked. */
export async function isTracked(tree: WorkTree, file: string): Promise<boolean> {
  const answer = ask(tree, ['ls-files', '-z', '--', `:(literal)${file}`]);
  return (await answer.catch(() => undefined))?.text?.includes('\0') === true;
}

/** True if git has the content of each of these files, which are at or below a path. */
export async function isInGit(
  tree: WorkTree,
  where: string,
  files: readonly string[],
): Promise<boolean> {
  const args = ['ls-files', '-z', '-v', '--cached', '--modified', '--', `:(literal)${where}`];
  const answer = await ask(tree, args).catch(() => undefined);
  const states = new Map<string, string>();
  // A changed file has a second line, and a file that git does not compare another letter than H.
  for (const line of answer?.text?.split('\0') ?? [])
    states.set(line.slice(2), `${states.get(line.slice(2)) ?? ''}${line[0]}`);
  return files.every((file) => states.get(file) === 'H');
}

function ask({ folder, env }: WorkTree, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // The C locale, so that the messages match the texts below.
    const options = { cwd: folder, maxBuffer: 1 << 30, env: { ...env, LC_ALL: 'C' } };
    execFile('git', args, options, (error, text, complaint) => {
      if ((error as NodeJS.ErrnoException | null)?.code === 'ENOENT')
        reject(userError('no-git', 'git is not installed', 'install it, or add it to PATH'));
      else resolve({ text: error === null ? text : undefined, complaint });
    });
  });
}
