/** The two ways to start a command. A test that runs both calls `byWay` before each execution. */
import { fileURLToPath } from 'node:url';
import { useForkServer } from '../../../src/process/fork-client.js';
import { HAS_PROC } from '../../../src/sys/proc.js';

const FORK_SERVER = fileURLToPath(new URL('../../../dist/fork-server.cjs', import.meta.url));

export const WAYS = ['this process', ...(HAS_PROC ? ['the fork server'] : [])] as const;

/** What an execution needs to be started this way. */
export function byWay(way: string): { readonly forkServer?: string } {
  if (way !== 'the fork server') return {};
  useForkServer();
  return { forkServer: FORK_SERVER };
}
