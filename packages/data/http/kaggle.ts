/** Kaggle's credentials, where its own tools look for them. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { mistake } from '../mistake.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of `Authorization`, or undefined where there are no credentials. */
export function kaggleAuthorization(env: Environment, home = homedir()): string | undefined {
  const found = fromEnvironment(env) ?? fromFiles(env, home);
  if (found === undefined) return undefined;
  return `Basic ${Buffer.from(`${found.username}:${found.key}`).toString('base64')}`;
}

/** What to do when Kaggle does not let us in. */
export const KAGGLE_CURE =
  'Kaggle wants an account: create an API token in its settings, put kaggle.json into ~/.kaggle ' +
  '(or set KAGGLE_USERNAME and KAGGLE_KEY) and accept the terms of the data set once in a browser.';

interface Credentials {
  readonly username: string;
  readonly key: string;
}

function fromEnvironment(env: Environment): Credentials | undefined {
  const { KAGGLE_USERNAME: username, KAGGLE_KEY: key } = env;
  return username && key ? { username, key } : undefined;
}

function fromFiles(env: Environment, home: string): Credentials | undefined {
  const folders = [
    ...(env.KAGGLE_CONFIG_DIR ? [env.KAGGLE_CONFIG_DIR] : []),
    join(home, '.kaggle'),
    join(home, '.config', 'kaggle'),
  ];
  for (const folder of folders) {
    const found = readCredentials(join(folder, 'kaggle.json'));
    if (found) return found;
  }
  return undefined;
}

function readCredentials(file: string): Credentials | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw mistake(`${file}: ${(error as Error).message}`);
  }
  const damaged = `${file}: expected {"username": "…", "key": "…"}`;
  const cure = 'Create a new API token in the settings of your Kaggle account.';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw mistake(damaged, cure); // without the parser's words: they would quote the key
  }
  const { username, key } = (value ?? {}) as Partial<Credentials>;
  if (typeof username !== 'string' || typeof key !== 'string') throw mistake(damaged, cure);
  return { username, key };
}
