/** Commands that a fork server starts, and a pipeline of many commands. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Outcome } from '../../../src/process/outcome.js';
import { type Execution, execute } from '../../../src/process/run-process.js';
import { statOf } from '../../../src/sys/proc.js';
import type { Project } from '../../rig/project.js';
import { tempFolder } from './script.js';
import { byWay } from './ways.js';

export function runByServer(
  folder: string,
  command: string,
  options: Partial<Execution> = {},
): Promise<Outcome> {
  return execute({
    command: { kind: 'shell', command },
    cwd: folder,
    env: process.env,
    log: join(folder, 'log'),
    grace: 10,
    ...byWay('the fork server'),
    ...options,
  });
}

/** The server of this process. */
export async function server(): Promise<number> {
  const folder = tempFolder();
  await runByServer(folder, 'echo $PPID > parent');
  const pid = Number(readFileSync(join(folder, 'parent'), 'utf8'));
  expect(statOf(pid)?.parent).toBe(process.pid);
  return pid;
}

export const ITEMS = 60;

/** Each item notes its parent and writes its out. */
export const manyCommands = (seconds: string) => `stages:
  make:
    matrix: { i: [${Array.from({ length: ITEMS }, (_, i) => i).join(', ')}] }
    cmd: echo $PPID >> parents && sleep ${seconds} && echo \${i} > \${outs.o}
    outs: { o: 'out/\${i}' }
`;

export const madeIn = (project: Project) =>
  Array.from({ length: ITEMS }, (_, i) => project.lines(`out/${i}`));
export const MADE = Array.from({ length: ITEMS }, (_, i) => [String(i)]);
