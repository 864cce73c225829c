/** Deleting a tree, whatever is in it. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { removeTree } from '../../src/cache/files/remove.js';
import { temporaryFolder } from './project.js';

describe('deleting a tree', () => {
  it('succeeds when nothing is there', () => {
    expect(removeTree(path.join(temporaryFolder(), 'none'))).toBeUndefined();
  });

  it('descends beyond the longest path', () => {
    const top = temporaryFolder();
    const tree = path.join(top, 'tree');
    mkdirSync(tree);
    // Built from the innermost folder out: a path to all of it cannot be named.
    const inner = path.join(top, 'inner');
    mkdirSync(inner);
    const name = 'd'.repeat(250);
    for (let depth = 0; depth < 60; depth++) {
      mkdirSync(path.join(top, 'outer'));
      renameSync(inner, path.join(top, 'outer', name));
      renameSync(path.join(top, 'outer'), inner);
    }
    renameSync(inner, path.join(tree, 'deep-1'));
    expect(removeTree(tree)).toBeUndefined();
    expect(readdirSync(top)).toEqual([]);
  });

  it.runIf(process.getuid?.() === 0)('empties a mount point', (context) => {
    const mount = path.join(temporaryFolder(), 'mount');
    mkdirSync(mount);
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);
    if (mounted.status !== 0) return context.skip('mount(8) is refused here');
    onTestFinished(() => void spawnSync('umount', [mount]));
    writeFileSync(path.join(mount, 'file'), '');
    expect(removeTree(mount)).toEqual({ path: mount, reason: 'EBUSY' });
    expect(readdirSync(mount)).toEqual([]);
    return undefined;
  });
});
