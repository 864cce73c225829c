/** A program of a batch system that hangs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { runProgram, TRY_AGAIN } from '../../src/executor/scheduler-programs.js';
import { statOf } from '../../src/sys/proc.js';
import { until } from '../rig/until.js';

/** The second process leaves the session, and keeps the output open. */
const HANGING = `echo $$ > first
setsid sh -c 'echo $$ > second; exec sleep 1000' &
until test -s second; do sleep 0.01; done
echo half
sleep 1000`;

it('ends a program that does not answer, and ignores what it has printed', async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'pipe-hang-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const pidIn = (name: string) => Number(readFileSync(path.join(cwd, name), 'utf8'));
  const program = ['/bin/sh', '-c', HANGING];
  const called = await runProgram(program, { cwd, env: process.env, limitMs: 1000 });
  process.kill(pidIn('second'), 'SIGKILL');
  expect(called).toEqual({ code: TRY_AGAIN, out: '', err: '/bin/sh did not answer within 1 s' });
  await until(() => statOf(pidIn('first')) === undefined);
});
