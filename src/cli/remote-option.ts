/** The remote cache, for the commands that need one. */
import { userError } from '../error.js';
import type { RemotePlace } from '../pipeline/plan.js';
import { type RemoteConfig, remoteOf } from '../remote/remote-config.js';

type Env = Readonly<Record<string, string | undefined>>;

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
