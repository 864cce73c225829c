/** Many commands are started by a small process, and nobody can tell but by its speed; test/slow/ kills it at random moments. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HAS_PROC, statOf } from '../../src/sys/proc.js';
import { MARK, processesMarked } from '../rig/processes.js';
import { Project } from '../rig/project.js';
import { ITEMS, MADE, madeIn, manyCommands, runByServer, server } from './support/by-server.js';
import { fifo, tempFolder } from './support/script.js';

describe.runIf(HAS_PROC)('a server that is killed', () => {
  test('takes its commands with it, and the next ones run', async () => {
    const folder = tempFolder();
    const pid = await server();
    const ready = fifo(folder);
    const running = runByServer(folder, 'echo $$ > pid; echo > ready; sleep 1000');
    await ready;
    process.kill(pid, 'SIGKILL');
    const { ending, left } = await running;
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
