/** The job that a process belongs to, and Slurm's answer about a job; a script replaces squeue. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeOwner, newOwner } from '../../src/process/lock-owner.js';
import { askSlurm, JobWords, jobIn } from '../../src/process/own-job.js';
import { until } from '../rig/until.js';
import { tempFolder } from './support/script.js';

function withSqueue(script: string): Record<string, string> {
  const folder = join(tempFolder(), 'bin');
  mkdirSync(folder);
  writeFileSync(join(folder, 'squeue'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'squeue'), 0o755);
  return { PATH: `${folder}:${process.env.PATH}` };
}

test.each([
  [{ SLURM_JOB_ID: '7', SLURM_CLUSTER_NAME: 'lab', JOB_ID: '8' }, 'Slurm', '7'],
  [{ JOB_ID: '8' }, 'Grid Engine', '8'],
  [{ PBS_JOBID: '9.head' }, 'PBS', '9.head'],
])('%j is a job', (env, system, id) => {
  expect(jobIn(env)).toMatchObject({ system, id });
});

test('a process outside a batch system has none', () => {
  expect(jobIn({ HOME: '/root', JOB_ID: '' })).toBeUndefined();
});

test('a message about a holder names its machine and its job', () => {
  const owner = { ...newOwner('train'), host: 'n2', job: { system: 'Slurm', id: '7' } };
  expect(describeOwner(owner, '/p/lock')).toMatch(/^train, pid \d+ on n2 in Slurm job 7, since /);
});

test.each([
  ['runs', 'echo RUNNING', undefined],
  ['runs in a part of an array', 'echo COMPLETED; echo RUNNING', undefined],
  ['is suspended', 'echo SUSPENDED', 'stopped'],
  ['is over', 'echo COMPLETED; echo TIMEOUT', 'ended'],
  ['waits again', 'echo PENDING', 'ended'],
  ['is forgotten', 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1', 'ended'],
  ['is unknown, since Slurm does not answer', 'echo "Unable to contact" >&2; exit 1', undefined],
])('a job that %s', async (_, script, word) => {
  expect(await askSlurm('7', withSqueue(script))).toBe(word);
});

test('nothing is known without Slurm', async () => {
  expect(await askSlurm('7', { PATH: tempFolder() })).toBeUndefined();
});

test('a later call returns the answer; jobs of other clusters are not queried', async () => {
  const env = { ...withSqueue('echo COMPLETED'), SLURM_CLUSTER_NAME: 'lab' };
  const words = new JobWords(env);
  const job = { system: 'Slurm', id: '7', cluster: 'lab' };
  expect(words.of(job)).toBeUndefined();
  await until(() => words.of(job) === 'ended');
  expect(words.of({ ...job, id: '8', cluster: 'other' })).toBeUndefined();
});
