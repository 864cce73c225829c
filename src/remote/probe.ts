/** Checks whether this machine can read and write a remote cache, for `pipe remote` and `pipe doctor`. */
import { openStore } from './open-store.js';
import type { Env, RemoteConfig } from './remote-config.js';
import { StoreError } from './store.js';

export interface RemoteState {
  readonly url: string;
  readonly mode: 'rw' | 'r';
  readonly read: boolean;
  readonly write: boolean;
  /** Duration of one request. */
  readonly milliseconds: number;
  /** How far the server's clock is ahead of ours, if its answer contains a time. */
  readonly clock?: number;
  /** Why it cannot be read or written. */
  readonly reason?: string;
}

/** A name without an object. Writing it shows whether we may write; the next probe overwrites it. */
const PROBE = 'ac/pipe-probe';
const PROBE_LIMIT = 2 ** 10;

export async function probe(
  config: RemoteConfig,
  env: Env,
  signal: AbortSignal,
): Promise<RemoteState> {
  const store = openStore(config, env, signal);
  const started = performance.now();
  const { url, mode } = config;
  try {
    // The answer to HEAD would not say why: it has no body.
    const read = await refusalOf(() => store.get(PROBE, PROBE_LIMIT));
    const milliseconds = Math.round(performance.now() - started);
    const mayTry = mode === 'rw' && read === undefined;
    const writing = mayTry
      ? await refusalOf(() => store.put(PROBE, Buffer.from('pipe'), false))
      : undefined;
    const reason = read ?? writing;
    return {
      url,
      mode,
      read: read === undefined,
      write: mayTry && writing === undefined,
      milliseconds,
      ...(store.clock === undefined ? {} : { clock: store.clock }),
      ...(reason === undefined ? {} : { reason }),
    };
  } finally {
    store.close();
  }
}

/** One line, without the reason. */
export function stateText({ url, mode, read, write, milliseconds }: RemoteState): string {
  if (!read) return `${url} cannot be read`;
  const writes = write
    ? 'and written'
    : mode === 'r'
      ? 'and is not written (mode r)'
      : 'but not written';
  return `${url} can be read (${milliseconds} ms) ${writes}`;
}

/** Why the action failed; undefined if it succeeded. */
async function refusalOf(act: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (error instanceof StoreError)
      return error.hint === undefined ? error.message : `${error.message}: ${error.hint}`;
    throw error;
  }
}
