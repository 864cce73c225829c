/** Processes that move and are replaced while somebody looks for them. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { childrenOf, killMarked, MARK, newMark, ownPart } from '../../src/process/process-marks.js';
import { ProcessTree } from '../../src/process/process-tree.js';
import { launch } from '../../src/process/spawn.js';
import { ownIdentity } from '../../src/sys/identity.js';
import { HAS_PROC } from '../../src/sys/proc.js';
import { tempFolder } from './support/script.js';

/** A chain of processes: each starts the next one and ends. */
function startChain(next: string) {
  const mark = newMark({});
  const folder = tempFolder();
  writeFileSync(join(folder, 'next.sh'), `[ -e stop ] || ${next} &`);
  const env = { ...process.env, [MARK]: mark };
  const { leader } = launch(['/bin/sh', 'next.sh'], { cwd: folder, env, output: 'pipe' });
  return { leader: leader!, mark, stop: () => writeFileSync(join(folder, 'stop'), '') };
}

describe.runIf(HAS_PROC).each([
  ['the group', 'sh next.sh'],
  ['sessions of their own', 'setsid sh next.sh'],
])('a chain of processes in %s', (_, next) => {
  test('is never absent from its tree', async () => {
    const { leader, mark, stop } = startChain(next);
    const tree = new ProcessTree(leader, mark);
    const looks = Array.from({ length: 50 }, () => tree.members().length);
    stop();
    expect(looks.filter((count) => count === 0)).toEqual([]);
    expect(await tree.gone(10_000)).toBe(true);
  });

  test('is never absent from the children of its runner', async () => {
    const { mark, stop } = startChain(next);
    const looks = Array.from({ length: 50 }, () => childrenOf(ownIdentity()));
    stop();
    expect(looks.filter(({ pids, isComplete }) => pids.length === 0 && isComplete)).toEqual([]);
    await killMarked([ownPart(mark)]);
  });
});
