/** Runs with the remote cache that the pipeline or the environment names. */
import type { BuildContext } from '../decide/build-context.js';

/** Loads no code of the remote cache if none is named. */
export async function withRemote(
  build: BuildContext,
  pending: readonly number[],
  act: (build: BuildContext) => Promise<void>,
): Promise<void> {
  const { plan, env } = build.project;
  if (plan.remote === undefined && !env.PIPE_REMOTE) return act(build);
  const { withRemoteCache } = await import('./with-remote.js');
  return withRemoteCache(build, pending, act);
}
