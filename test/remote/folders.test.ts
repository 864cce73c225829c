/** A shared folder that is full, read-only, or of several users: one line, and the rest still works. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FileStore } from '../../src/remote/file-store.js';
import type { RunOutcome } from '../rig/project.js';
import { cloneWithin } from './clones.js';
import { namesIn, type Server, sharedFolder } from './servers.js';

const warnings = ({ events }: RunOutcome) =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

/** A separate disk with 128 KiB; undefined if not permitted. */
function smallDisk(): Server | undefined {
  const disk = mkdtempSync(path.join(tmpdir(), 'pipe-disk-'));
  onTestFinished(() => {
    spawnSync('umount', ['-l', disk]);
    rmSync(disk, { recursive: true, force: true });
  });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 't', disk]).status !== 0)
    return undefined;
  const data = path.join(disk, 'store');
  return { remote: `file://${data}`, env: {}, data };
}

const FILES = `
stages:
  small: { cmd: "echo small >> ran.txt; echo 1 > s.txt", outs: [s.txt] }
  large: { cmd: "echo large >> ran.txt; seq 40000 > l.txt", deps: [s.txt], outs: [l.txt] }
`;

describe('a remote cache in a folder', () => {
  it('that is full is still read, and accepts results again when there is space', async (context) => {
    const server = smallDisk();
    if (server === undefined) return context.skip('mount(8) is refused here');
    const first = cloneWithin(server, FILES);
    const run = await first.run();
    expect(run.code).toBe(0);
    expect(warnings(run)).toEqual([
      expect.stringMatching(/^nothing more is sent to the remote cache .*ENOSPC/),
    ]);
    expect(namesIn(server).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    const second = cloneWithin(server, FILES);
    expect((await second.run()).with('restored')).toEqual(['small']);
    expect(second.lines('ran.txt')).toEqual(['large']);
    spawnSync('mount', ['-o', 'remount,size=4m', path.dirname(server.data)]);
    expect((await first.pipe('push')).code).toBe(0);
    expect((await cloneWithin(server, FILES).run()).summary).toMatchObject({ ran: 0, restored: 2 });
  });

  it('below a folder that does not exist is not used, and one line names that folder', async () => {
    const { data } = sharedFolder();
    const run = await cloneWithin({ remote: `file://${data}/a/b`, env: {}, data }, FILES).run();
    expect(run.code).toBe(0);
    expect(warnings(run)).toEqual([
      `the remote cache file://${data}/a/b is not used for the rest of this run: ${data}/a does not exist: create it, or mount its disk`,
    ]);
  });

  it.each<readonly [place: string, mode: string, problem: string | undefined]>([
    ['store', 'rw', undefined],
    ['store', 'r', 'store does not exist: create it, or mount its disk'],
    ['a/b', 'rw', 'a does not exist: create it, or mount its disk'],
    ['a/b', 'r', 'a/b does not exist: create it, or mount its disk'],
    ['file', 'rw', 'file is not a folder'],
    ['file', 'r', 'file is not a folder'],
    ['file/b', 'rw', 'file is not a folder'],
  ])('can be used or not before the first write: %s, %s', async (place, mode, problem) => {
    const { data } = sharedFolder();
    const above = path.dirname(data);
    writeFileSync(path.join(above, 'file'), '');
    const remote = `file://${above}/${place}`;
    const made = cloneWithin({ remote, env: { PIPE_REMOTE_MODE: mode }, data }, FILES);
    const { code, out } = await made.pipe('remote');
    const told = `${remote} cannot be read\n  ${above}/${problem}\n`;
    expect([code, problem === undefined || out === told], out).toEqual([problem ? 1 : 0, true]);
    const run = await made.run();
    expect(run.code).toBe(0);
    const off = `the remote cache ${remote} is not used for the rest of this run: ${above}/${problem}`;
    expect(warnings(run)).toEqual(problem === undefined ? [] : [off]);
  });

  it('that is read-only is read, and one line reports that nothing is sent', async (context) => {
    const server = smallDisk();
    if (server === undefined) return context.skip('mount(8) is refused here');
    const pipeline = FILES.replace('40000', '400');
    await cloneWithin(server, pipeline).run();
    spawnSync('mount', ['-o', 'remount,ro', path.dirname(server.data)]);
    const reader = cloneWithin(server, pipeline);
    const taken = await reader.run();
    expect(`${taken.summary?.restored} ${warnings(taken)}`).toBe('2 ');
    const run = await reader.run('--force');
    expect(run.code).toBe(0);
    expect(warnings(run)).toEqual([]); // The remote cache has both.
    const other = await cloneWithin(server, pipeline.replace('400', '401')).run();
    expect(other.code).toBe(0);
    expect(warnings(other)).toEqual([expect.stringMatching(/nothing more is sent .*EROFS/)]);
  });

  it('has objects that its other users can read, even those of private files', async () => {
    const server = sharedFolder();
    const pipeline = FILES.replace('> l.txt', '> l.txt; chmod 600 l.txt');
    await cloneWithin(server, pipeline).run();
    const mode = 0o666 & ~process.umask();
    for (const name of namesIn(server))
      expect(statSync(path.join(server.data, name)).mode & 0o444).toBe(mode & 0o444);
  });

  it("removes the lock file of a killed process, whatever the server's clock says", async () => {
    const { data } = sharedFolder();
    mkdirSync(path.join(data, 'ac'), { recursive: true });
    const guard = path.join(data, 'ac/chain.lock');
    writeFileSync(guard, '');
    spawnSync('touch', ['-d', '+2 hours', guard]);
    const store = new FileStore(data, () => {}, { stale: 50 });
    await store.update('ac/chain', 100, () => Buffer.from('head'));
    expect(String(await store.get('ac/chain', 100))).toBe('head');
  });
});
