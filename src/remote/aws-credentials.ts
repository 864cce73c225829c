/**
 * Credentials for S3, in the order of AWS's own tools: environment variables, a profile of
 * ~/.aws/credentials and ~/.aws/config, its `credential_process` (which provides single sign-on and
 * instance roles). Never from a file of the project.
 */
import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { userError } from '../error.js';
import { ifJson, isTree } from '../json.js';
import { textIfThere } from '../sys/if-there.js';
import type { Env } from './remote-config.js';
import { StoreError } from './store.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Milliseconds since 1970. */
  readonly expires?: number;
}
type Section = Readonly<Record<string, string>>;

const NO_CREDENTIALS_CURE =
  'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE for a profile of ~/.aws/credentials, or run with --remote off';

/** Milliseconds before credentials expire at which they are requested again. */
const MARGIN = 60_000;

/** Requests credentials once, and again when they are about to expire. */
export function credentialsOf(env: Env): () => Promise<Credentials> {
  let asked: Promise<Credentials> | undefined;
  return async () => {
    asked ??= findCredentials(env);
    const before = asked;
    const found = await before;
    if (found.expires === undefined || found.expires - Date.now() > MARGIN) return found;
    // Among all waiting callers, one sends the request.
    if (asked === before)
      asked = findCredentials(env).catch((error: Error) => {
        throw new StoreError('unreadable', error.message);
      });
    return asked;
  };
}

/** @throws UserError when there are no credentials */
export async function findCredentials(env: Env): Promise<Credentials> {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  if (id && secret) return keys(id, secret, token);
  const { name, section } = profileOf(env);
  const { aws_access_key_id, aws_secret_access_key, aws_session_token } = section;
  if (aws_access_key_id && aws_secret_access_key)
    return keys(aws_access_key_id, aws_secret_access_key, aws_session_token);
  if (section.credential_process !== undefined)
    return fromProcess(section.credential_process, name, env);
  throw userError(
    'no-credentials',
    `there are no credentials for S3: neither in the environment nor in the profile ${name}`,
    NO_CREDENTIALS_CURE,
  );
}

/** The region from the environment or the profile. */
export function regionOf(env: Env): string {
  return env.AWS_REGION || env.AWS_DEFAULT_REGION || profileOf(env).section.region || 'us-east-1';
}

function keys(accessKeyId: string, secretAccessKey: string, sessionToken?: string): Credentials {
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

function profileOf(env: Env): { readonly name: string; readonly section: Section } {
  const name = env.AWS_PROFILE || 'default';
  const home = path.join(env.HOME || homedir(), '.aws');
  const config = sectionsIn(env.AWS_CONFIG_FILE || path.join(home, 'config'));
  const secrets = sectionsIn(env.AWS_SHARED_CREDENTIALS_FILE || path.join(home, 'credentials'));
  const section = {
    ...(config.get(name === 'default' ? name : `profile ${name}`) ?? {}),
    ...(secrets.get(name) ?? {}),
  };
  return { name, section };
}

/** Sections of an INI file, with their `key = value` lines; ignores nested values. */
function sectionsIn(file: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> = {};
  for (const line of (textIfThere(file) ?? '').split(/\r?\n/)) {
    const head = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line);
    if (head !== null) {
      section = sections.get(head[1] as string) ?? {};
      sections.set(head[1] as string, section);
    }
    const [, key, value] = /^([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) section[key] = value;
  }
  return sections;
}

/**
 * Format of the answer:
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
async function fromProcess(command: string, profile: string, env: Env): Promise<Credentials> {
  const failed = (why: string) =>
    userError(
      'no-credentials',
      `credential_process of the profile ${profile} ${why}`,
      `run it by hand: ${command}`,
    );
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], {
    env: { ...env },
    timeout: 60_000,
  }).catch((error: Error) => {
    throw failed(`failed: ${error.message.split('\n')[0]}`);
  });
  const answer = ifJson(stdout);
  if (!isTree(answer)) throw failed('did not print JSON');
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string')
    throw failed('did not print AccessKeyId and SecretAccessKey');
  const expires = typeof Expiration === 'string' ? Date.parse(Expiration) : Number.NaN;
  return {
    ...keys(AccessKeyId, SecretAccessKey, typeof SessionToken === 'string' ? SessionToken : ''),
    ...(Number.isNaN(expires) ? {} : { expires }),
  };
}
