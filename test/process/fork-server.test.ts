/** Many commands are started by a small process, and nobody can tell but by its speed; test/slow/ kills it at random moments. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { INTERRUPTS } from '../../src/sys/interrupts.js';
import { HAS_PROC, statOf } from '../../src/sys/proc.js';
import { MARK, processesMarked } from '../rig/processes.js';
import { Project } from '../rig/project.js';
import { ITEMS, MADE, madeIn, manyCommands, runByServer, server } from './support/by-server.js';
import { fifo, tempFolder } from './support/script.js';

/** Kills the server of this process while it has a command. */
async function killServer(folder: string) {
  const pid = await server();
  const ready = fifo(folder);
  const running = runByServer(folder, 'echo $$ > pid; echo > ready; sleep 1000');
  await ready;
  process.kill(pid, 'SIGKILL');
  return { pid, ...(await running) };
}

describe.runIf(HAS_PROC)('a server that', () => {
  test('ends before it is ready has no effect on its commands', async () => {
    const folder = tempFolder();
    // Tests of other files in this process may have left one.
    await killServer(folder);
    const forkServer = join(folder, 'server.cjs');
    writeFileSync(forkServer, "process.kill(process.pid, 'SIGKILL')");
    const { ending } = await runByServer(folder, 'echo $PPID > parent', { forkServer });
    expect(ending).toEqual({ how: 'exit', code: 0 });
    expect(readFileSync(join(folder, 'parent'), 'utf8')).toBe(`${process.pid}\n`);
  });

  test('gets the signals that stop a run leaves its commands to the run', async () => {
    const folder = tempFolder();
    const pid = await server();
    const ready = fifo(folder);
    const running = runByServer(folder, 'echo > ready; while ! [ -e go ]; do sleep 0.01; done');
    await ready;
    for (const signal of [...INTERRUPTS, 'SIGQUIT' as const]) process.kill(pid, signal);
    expect(await server()).toBe(pid);
    writeFileSync(join(folder, 'go'), '');
    expect((await running).ending).toEqual({ how: 'exit', code: 0 });
  });

  test('has been stopped continues if a command starts, or is to end', async () => {
    const folder = tempFolder();
    const pid = await server();
    const ready = fifo(folder);
    const stop = new AbortController();
    const options = { stop: [stop.signal] };
    process.kill(pid, 'SIGSTOP');
    const running = runByServer(folder, 'echo > ready; sleep 1000', options);
    await ready;
    process.kill(pid, 'SIGSTOP');
    stop.abort();
    expect((await running).ending).toEqual({ how: 'stopped' });
    expect(await server()).toBe(pid);
  });

  test('is killed takes its commands with it, and the next ones run', async () => {
    const folder = tempFolder();
    const { pid, ending, left } = await killServer(folder);
    expect({ ending, left }).toEqual({ ending: { how: 'signal', signal: 'SIGKILL' }, left: [] });
    const command = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(statOf(command)?.zombie ?? true).toBe(true);
    expect((await runByServer(folder, 'true')).ending).toEqual({ how: 'exit', code: 0 });
    expect(await server()).not.toBe(pid);
  });
});

describe.runIf(HAS_PROC)('a run of many commands', () => {
  test('starts the first ones itself, and leaves no process', async () => {
    const project = new Project({ 'pipeline.yaml': manyCommands('0') });
    project.env[MARK] = `many-${process.pid}`;
    expect((await project.run('--concurrency', '3')).code).toBe(0);
    expect(processesMarked(project.env[MARK])).toEqual([]);
    expect(madeIn(project)).toEqual(MADE);
    const parents = project.lines('parents');
    expect(parents).toHaveLength(ITEMS);
    expect(new Set(parents).size).toBe(2);
    expect(parents.filter((pid) => pid === parents[0])).toHaveLength(32);
    project.dispose();
  });
});
