/** A run with a remote cache: asks it in advance, and waits for the uploads at the end. */
import { type BuildContext, itemAt } from '../decide/build-context.js';
import { lockedItems } from '../lockfile/lock-on-disk.js';
import { RemoteCache } from '../remote/remote-cache.js';
import { remoteOf } from '../remote/remote-config.js';

export async function withRemoteCache(
  build: BuildContext,
  pending: readonly number[],
  act: (build: BuildContext) => Promise<void>,
): Promise<void> {
  const remote = openRemote(build);
  if (remote === undefined) return act(build);
  try {
    await remote.lookAhead(likelyKeys(build, pending));
    await act({ ...build, remote });
    await remote.settle();
  } finally {
    remote.close();
  }
}

/** Undefined when none is named, or it is off. */
export function openRemote({ project, options, emit }: BuildContext): RemoteCache | undefined {
  const { plan, env, cache, version } = project;
  const config = remoteOf(plan.remote, env, options.remote);
  if (config === undefined) return undefined;
  return new RemoteCache({
    config,
    cache,
    env,
    version,
    interruption: options.interruption,
    warn: (message, item) =>
      emit({ type: 'warning', message, ...(item === undefined ? {} : { item }) }),
    onTransfer: emit,
    onOff: options.pull?.onRemoteOff ?? (() => {}),
  });
}

/**
 * The keys that pipeline.lock gives to the pending items. If the lock matches the pipeline, these
 * are today's keys, even of items whose inputs do not exist here yet.
 */
function likelyKeys(build: BuildContext, pending: readonly number[]): string[] {
  const section = lockedItems(build.project);
  if (section === undefined) return [];
  return pending.flatMap((index) => section.get(itemAt(build, index).id)?.key ?? []);
}
