/**
 * Determines the remote cache of a command: `remote:` in pipeline.yaml, PIPE_REMOTE,
 * PIPE_REMOTE_MODE, `--remote`.
 */
import { userError } from '../error.js';
import type { RemotePlace } from '../pipeline/plan.js';

/** `rw` reads and writes, `r` only reads. */
type RemoteMode = 'rw' | 'r' | 'off';

export interface RemoteConfig extends RemotePlace {
  readonly mode: 'rw' | 'r';
}

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Undefined if there is none, or if it is off. A URL from the environment keeps the `trust` of
 * pipeline.yaml, because a variable must not weaken it.
 *
 * @throws UserError for an invalid value
 */
export function remoteOf(
  planned: RemotePlace | undefined,
  env: Env,
  option: RemoteMode | undefined,
): RemoteConfig | undefined {
  const mode = option ?? modeIn(env);
  const named = env.PIPE_REMOTE;
  if (mode === 'off' || (named === 'off' && option === undefined)) return undefined;
  const url = named === undefined || named === '' || named === 'off' ? planned?.url : named;
  if (url === undefined) return undefined;
  checkUrl(url);
  return { ...planned, url, mode };
}

/** @throws UserError when none is named */
export function requireRemote(planned: RemotePlace | undefined, env: Env): RemoteConfig {
  const config = remoteOf(planned, env, undefined);
  if (config !== undefined) return config;
  throw userError(
    'no-remote',
    'no remote cache is named, or it is off',
    'add `remote: s3://bucket/folder` to pipeline.yaml, or set PIPE_REMOTE to a URL',
  );
}

function modeIn(env: Env): RemoteMode {
  const mode = env.PIPE_REMOTE_MODE;
  if (mode === undefined || mode === '') return 'rw';
  if (mode === 'rw' || mode === 'r' || mode === 'off') return mode;
  throw userError(
    'remote-value',
    `"${mode}" is not a valid value for PIPE_REMOTE_MODE`,
    'set it to rw, r or off',
  );
}

const PROTOCOLS = ['s3:', 'https:', 'http:', 'file:'];

function checkUrl(url: string): void {
  const known = URL.canParse(url) && PROTOCOLS.includes(new URL(url).protocol);
  const mistake = known ? mistakeIn(new URL(url)) : UNKNOWN;
  if (mistake === undefined) return;
  const subject = known ? 'the URL of the remote cache' : `"${url}"`;
  throw userError('remote-value', `${subject} ${mistake[0]}`, mistake[1]);
}

const UNKNOWN = [
  'is not the URL of a remote cache',
  'write s3://bucket/folder, https://host/folder or file:///folder',
] as const;

/** What is wrong with the URL, and a hint. */
function mistakeIn(url: URL): readonly [string, string] | undefined {
  const { protocol, hostname, port, pathname, search, hash, username, password } = url;
  const badEscape = /%(?![0-9a-f]{2})/i.exec(pathname)?.[0];
  const odd = [search, hash, badEscape].find(Boolean);
  if (odd !== undefined)
    return [
      `contains ${odd}, which would not be part of the folder`,
      'write %23 for #, %3F for ? and %25 for %',
    ];
  if (protocol === 's3:' && (hostname === '' || port !== ''))
    return [
      `has ${port === '' ? 'no bucket' : 'a port after the bucket'}`,
      'write s3://bucket/folder, and the address of the server in `endpoint` or AWS_ENDPOINT_URL',
    ];
  if (protocol === 'file:' && hostname !== '')
    return [
      `names the host "${hostname}"`,
      'write file:///folder with three slashes, and mount a folder of another machine first',
    ];
  if (protocol === 'file:' && /%2f|%00/i.test(pathname))
    return ['contains %2F or %00, which a folder name cannot contain', 'write / between folders'];
  if (username !== '' || password !== '')
    return ['contains a password', 'put it into ~/.netrc, or set PIPE_REMOTE_TOKEN'];
  return undefined;
}
