/** Many commands are started by a small process, and nobody can tell but by its speed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../src/process/outcome.js';
import { execute } from '../../src/process/run-process.js';
import { HAS_PROC, statOf } from '../../src/sys/proc.js';
import { MARK, processesMarked } from '../rig/processes.js';
import { Project } from '../rig/project.js';
import { until } from '../rig/until.js';
import { randomOf } from './support/lock-storm.js';
import { fifo, tempFolder } from './support/script.js';
import { byWay } from './support/ways.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

function run(folder: string, command: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return execute({
    command: { kind: 'shell', command },
    cwd: folder,
    env: { ...process.env, ...env },
    log: join(folder, 'log'),
    grace: 10,
    ...byWay('the fork server'),
  });
}

/** The server of this process. */
async function server(): Promise<number> {
  const folder = tempFolder();
  await run(folder, 'echo $PPID > parent');
  const pid = Number(readFileSync(join(folder, 'parent'), 'utf8'));
  expect(statOf(pid)?.parent).toBe(process.pid);
  return pid;
}

describe.runIf(HAS_PROC)('a server that is killed', () => {
  test('takes its commands with it, and the next ones run', async () => {
    const folder = tempFolder();
    const pid = await server();
    const ready = fifo(folder);
    const running = run(folder, 'echo $$ > pid; echo > ready; sleep 1000');
    await ready;
    process.kill(pid, 'SIGKILL');
    const { ending, left } = await running;
    expect({ ending, left }).toEqual({ ending: { how: 'signal', signal: 'SIGKILL' }, left: [] });
    const command = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(statOf(command)?.zombie ?? true).toBe(true);
    expect((await run(folder, 'true')).ending).toEqual({ how: 'exit', code: 0 });
    expect(await server()).not.toBe(pid);
  });

  test('leaves no command, whatever it has told about it', async () => {
    const random = randomOf(21);
    for (let round = 0; round < 25; round++) {
      const mark = `fork-${process.pid}-${round}`;
      const pid = await server();
      const running = run(tempFolder(), 'sleep 1000', { [MARK]: mark });
      for (let turns = Math.floor(random() * 40); turns > 0; turns--) await turn();
      process.kill(pid, 'SIGKILL');
      expect((await running).ending).toEqual({ how: 'signal', signal: 'SIGKILL' });
      await until(() => processesMarked(mark).length === 0);
    }
  });
});

const ITEMS = 60;

/** Each item notes its parent and writes its out. */
const pipeline = (seconds: string) => `stages:
  make:
    matrix: { i: [${Array.from({ length: ITEMS }, (_, i) => i).join(', ')}] }
    cmd: echo $PPID >> parents && sleep ${seconds} && echo \${i} > \${outs.o}
    outs: { o: 'out/\${i}' }
`;

const madeIn = (project: Project) =>
  Array.from({ length: ITEMS }, (_, i) => project.lines(`out/${i}`));
const MADE = Array.from({ length: ITEMS }, (_, i) => [String(i)]);

describe.runIf(HAS_PROC)('a run of many commands', () => {
  test('starts the first ones itself, and leaves no process', async () => {
    const project = new Project({ 'pipeline.yaml': pipeline('0') });
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

  test('killed at a random moment leaves no process that the next run does not end', async () => {
    const random = randomOf(25);
    for (let round = 0; round < 6; round++) {
      const project = new Project({ 'pipeline.yaml': pipeline('0.01') });
      const mark = `killed-${process.pid}-${round}`;
      project.env[MARK] = mark;
      const first = project.start('run', '--concurrency', '8');
      const started = 30 + Math.floor(random() * 20);
      await until(() => project.lines('parents').length >= started);
      first.kill('SIGKILL');
      await first.ended;
      const { code } = await project.run('--concurrency', '8');
      expect(code).toBe(0);
      expect(madeIn(project)).toEqual(MADE);
      expect(processesMarked(mark)).toEqual([]);
      project.dispose();
    }
  });
});
