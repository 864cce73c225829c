/** Processes that a killed run leaves are found and killed, and no others. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { reapOrphans } from '../../src/process/orphans.js';
import { childrenOf } from '../../src/process/process-marks.js';
import { type Identity, ownIdentity } from '../../src/sys/identity.js';
import { environmentOf, HAS_PROC, statOf } from '../../src/sys/proc.js';
import { bundled, fifo, type Script, startScript, tempFolder } from './support/script.js';

/** A run whose stage has started a process in its group and a daemon, and the run's identity. */
async function busyRunner(folder: string): Promise<{ runner: Script; identity: Identity }> {
  const command = {
    kind: 'shell',
    command: `echo $$ > pids; sleep 1000 & echo $! >> pids; trap '' TERM HUP
      setsid sh -c 'echo $$ >> pids; echo up > ready; exec sleep 1000' &
      while :; do sleep 0.01; done`,
  };
  const ready = fifo(folder);
  const runner = await startScript('runner', [JSON.stringify(command), folder]);
  await ready;
  const start = statOf(runner.pid)?.start ?? '';
  return { runner, identity: { ...ownIdentity(), pid: runner.pid, start } };
}

const alive = (pid: number) => statOf(pid)?.zombie === false;

test.runIf(HAS_PROC)('orphans of a dead run are killed, including daemons', async () => {
  const folder = tempFolder();
  const { runner, identity } = await busyRunner(folder);
  await runner.kill();
  const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number);
  expect(pids.map(alive)).toEqual([true, true, true]);
  expect(await reapOrphans(identity)).toBeGreaterThanOrEqual(3);
  expect(pids.map(alive)).toEqual([false, false, false]);
  expect(await reapOrphans(identity)).toBe(0);
});

test.runIf(HAS_PROC)(
  'children of an active run and of other processes are left alone',
  async () => {
    const { runner, identity } = await busyRunner(tempFolder());
    expect(await reapOrphans(identity)).toBe(0);
    expect(await reapOrphans({ ...identity, start: '1' })).toBe(0);
    expect(await reapOrphans({ ...identity, host: 'another-machine' })).toBe(0);
    expect(childrenOf(identity).pids.length).toBeGreaterThanOrEqual(3);
    await runner.kill();
    expect(await reapOrphans(identity)).toBeGreaterThanOrEqual(3);
  },
);

test.runIf(HAS_PROC)(
  "orphans that cleared their environment, or left the group of their leader, are found by the leader's session",
  async () => {
    const folder = tempFolder();
    const command = {
      kind: 'shell',
      // Job control gives background processes their own group.
      command: `echo $$ > leader
        mkfifo first
        env -i /bin/sh -c 'echo $$ > pids; echo up > first; while :; do /bin/sleep 0.01; done' &
        read up < first
        set -m
        env -i /bin/sh -c 'echo $$ >> pids; echo up > ready; while :; do /bin/sleep 0.01; done' &
        wait`,
    };
    const ready = fifo(folder);
    const runner = await startScript('runner', [JSON.stringify(command), folder]);
    await ready;
    const leader = Number(readFileSync(join(folder, 'leader'), 'utf8'));
    const start = statOf(leader)?.start ?? '';
    const identity = { ...ownIdentity(), pid: runner.pid, start: statOf(runner.pid)?.start ?? '' };
    await runner.kill();
    const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number);
    expect(pids.map(alive)).toEqual([true, true]);
    // Another leader had the number before, and none of these processes belongs to it.
    await reapOrphans({ ...identity, group: `${leader} 1` });
    expect(pids.map(alive)).toEqual([true, true]);
    expect(await reapOrphans({ ...identity, group: `${leader} ${start}` })).toBeGreaterThanOrEqual(
      2,
    );
    expect(pids.map(alive)).toEqual([false, false]);
  },
);

test.runIf(HAS_PROC)(
  'orphans that left the session and cleared their environment are found by their open log',
  async () => {
    const folder = tempFolder();
    const command = {
      kind: 'shell',
      command: `env -i setsid /bin/sh -c 'echo $$ > pids; echo up > ready; while :; do /bin/sleep 0.01; done' & wait`,
    };
    const ready = fifo(folder);
    const runner = await startScript('runner', [JSON.stringify(command), folder]);
    await ready;
    const identity = { ...ownIdentity(), pid: runner.pid, start: statOf(runner.pid)?.start ?? '' };
    await runner.kill();
    const [pid = 0] = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number);
    await reapOrphans({ ...identity, logs: join(folder, 'others') });
    expect(alive(pid)).toBe(true);
    // Another run of the same item has its logs in the same folder.
    await reapOrphans({ ...identity, start: '1', logs: realpathSync(folder) });
    expect(alive(pid)).toBe(true);
    expect(await reapOrphans({ ...identity, logs: realpathSync(folder) })).toBeGreaterThanOrEqual(
      1,
    );
    expect(alive(pid)).toBe(false);
  },
);

test.runIf(HAS_PROC)(
  'a running process does not count as absent if no descriptor is free',
  async () => {
    const script = await bundled('test/process/fixtures/starved.ts');
    const { stdout } = spawnSync('sh', [
      '-c',
      'ulimit -n 64; exec "$@"',
      'sh',
      process.execPath,
      script,
      String(process.pid),
    ]);
    const answers = String(stdout).trim().split('\n');
    expect(answers).toEqual(
      ['statOf', 'childrenOf', 'environmentOf', 'memoryOf'].map((name) => `${name} EMFILE`),
    );
  },
);

/** The leader of the session is outside the namespace, so the session has the number 0 inside. */
const OTHERS_SESSION = ['unshare', '-U', '-r', '-p', '-f', '--mount-proc'];
const canUnshare = spawnSync(OTHERS_SESSION[0]!, [...OTHERS_SESSION.slice(1), 'true']).status === 0;

test.runIf(HAS_PROC).for([
  { name: 'a process', count: 0, looks: 30_000, within: [] },
  { name: 'a process with 30,000 variables', count: 30_000, looks: 300, within: [] },
  { name: "a process in another's session", count: 0, looks: 30_000, within: OTHERS_SESSION },
])(
  '$name that executes one program after the other never lacks its mark',
  async ({ count, looks, within }, { skip }) => {
    if (within.length > 0 && !canUnshare) skip('no namespaces here');
    const script = await bundled('test/process/fixtures/looker.ts');
    const [command, ...args] = [...within, process.execPath, script, `${count}`, `${looks}`];
    const { stdout } = spawnSync(command!, args, { cwd: tempFolder() });
    const seen = new Set(String(stdout).trim().split('\n'));
    seen.delete('"starting"');
    expect([...seen]).toEqual(['{"value":"yes"}']);
  },
);

test.runIf(HAS_PROC)('a process without an environment has no mark', async () => {
  const child = spawn('/usr/bin/env', ['-i', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.write('up\n');
  await once(child.stdout, 'data');
  expect(environmentOf(child.pid!, 'PATH')).toEqual({ value: undefined });
  child.stdin.end();
  await once(child, 'close');
});
