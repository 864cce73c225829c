/** Records for tests. */
import type { Digest } from '../../src/cache/objects/digest.js';
import type { RunRecord } from '../../src/cache/records/record.js';

/** A record of one out. */
export function recordOf(
  key: string,
  digest: Digest,
  more: Partial<RunRecord> & { size?: number; count?: number } = {},
): RunRecord {
  const { size = 0, count = 1, ...rest } = more;
  return {
    format: 1,
    key,
    item: 'make',
    manifest: {
      format: 1,
      code: { kind: 'command', item: 'make', matrix: {}, command: 'make', scripts: {} },
      params: {},
      env: {},
      deps: {},
      outs: ['out'],
    },
    files: {},
    outs: [{ name: 'out', digest, size, files: count }],
    seconds: 1,
    ...rest,
  };
}
