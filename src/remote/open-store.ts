/** Opens the store at a URL, with its credentials. */
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { userError } from '../error.js';
import { textIfThere } from '../sys/if-there.js';
import { credentialsOf, regionOf } from './aws-credentials.js';
import { FileStore } from './file-store.js';
import { type Authorize, HttpStore } from './http-store.js';
import type { Env, RemoteConfig } from './remote-config.js';
import { s3Authorize, s3Base } from './s3.js';
import type { Counter, Store } from './store.js';

/**
 * `signal` ends all requests.
 *
 * @throws UserError for an invalid endpoint or proxy
 */
export function openStore(
  config: RemoteConfig,
  env: Env,
  signal: AbortSignal,
  count: Counter = () => {},
): Store {
  const url = new URL(config.url);
  const readOnly = config.mode === 'r';
  if (url.protocol === 'file:')
    return new FileStore(fileURLToPath(url), count, { signal, readOnly });
  if (url.protocol === 's3:') {
    const region = config.region ?? regionOf(env);
    const endpoint = config.endpoint ?? env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
    if (endpoint !== undefined && !/^https?:\/\/[^/?#@\s]+(\/[^?#\s]*)?$/.test(endpoint))
      throw userError(
        'remote-value',
        `${endpoint.replace(/\/\/.*@/, '//…@')} is not the address of an S3 server`,
        'set AWS_ENDPOINT_URL, or endpoint of the remote cache, to https://host or http://host:port',
      );
    const base = s3Base(url, endpoint, region);
    const authorize = s3Authorize(credentialsOf(env), region);
    return new HttpStore({ base, env, signal, count, authorize, compares: true });
  }
  const base = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  const authorize = withHeader(authorizationFor(url, env));
  return new HttpStore({ base, env, signal, count, authorize, compares: false });
}

function withHeader(authorization: string | undefined): Authorize {
  if (authorization === undefined) return (request) => request;
  return (request) => ({ ...request, headers: { ...request.headers, authorization } });
}

/** PIPE_REMOTE_TOKEN, or the host's entry in netrc. */
function authorizationFor({ hostname }: URL, env: Env): string | undefined {
  if (env.PIPE_REMOTE_TOKEN) return `Bearer ${env.PIPE_REMOTE_TOKEN}`;
  const file = env.NETRC || path.join(env.HOME || homedir(), '.netrc');
  const text = textIfThere(file);
  const entry = text === undefined ? undefined : netrcEntry(text, hostname);
  if (entry === undefined) return undefined;
  return `Basic ${Buffer.from(`${entry.login}:${entry.password}`).toString('base64')}`;
}

/** The entry of a machine, or the default entry. For the format see netrc(5). */
export function netrcEntry(
  text: string,
  machine: string,
): { readonly login: string; readonly password: string } | undefined {
  const words = text.replace(/^\s*#.*/gm, '').split(/\s+/);
  let [isOurs, login, password] = [false, '', ''];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === 'machine' || word === 'default') {
      if (isOurs) break;
      isOurs = word === 'default' || words[++at] === machine;
    } else if (isOurs && word === 'login') login = words[++at] ?? '';
    else if (isOurs && word === 'password') password = words[++at] ?? '';
  }
  return isOurs ? { login, password } : undefined;
}
