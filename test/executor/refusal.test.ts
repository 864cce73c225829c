/** What to correct, derived from Slurm's message and the places where options are written. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hintFor } from '../../src/executor/refusal.js';
import { loadPlan } from '../../src/pipeline/load.js';

const PIPELINE = `stages:
  all:
    cmd: touch a
    outs: [a]
    resources: { gpu: 2, cpu: 4, memory: 8G, time: 4h }
    slurm: --partition=small -A lab --partition long --gres=gpu:a100:2
  apart: { cmd: touch c, outs: [c], slurm: -a 0-3 }
  bare: { cmd: touch b, outs: [b] }
`;

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'pipe-refusal-'));
  writeFileSync(path.join(root, 'pipeline.yaml'), PIPELINE);
  writeFileSync(path.join(root, 'pipe.local.yaml'), 'slurm: { flags: --qos=night -C t4 }\n');
});
afterAll(() => rmSync(root, { recursive: true }));

function cure(name: string, said: string, PIPE_SLURM = ''): string {
  const variant = { profiles: [], set: [] };
  const item = loadPlan({ project: root, ...variant }).items.find(({ id }) => id === name);
  if (item === undefined) throw new Error(`${name} is not in the pipeline`);
  return hintFor({ root, variant, env: { PIPE_SLURM } }, item, 'slurm', said);
}

it.each([
  [
    'invalid partition specified: long',
    'correct --partition long in `slurm` of all (pipeline.yaml:6:12)',
  ],
  ['Invalid qos specification', 'correct --qos=night in `flags` in pipe.local.yaml'],
  ['Invalid feature specification', 'correct -C t4 in `flags` in pipe.local.yaml'],
  ['Requested time limit is invalid', 'correct `time` in `resources` of all (pipeline.yaml:5:52)'],
  ['PartitionTimeLimit', 'correct `time` in `resources` of all (pipeline.yaml:5:52)'],
  [
    'Memory required by task is not available',
    'correct `memory` in `resources` of all (pipeline.yaml:5:42)',
  ],
  [
    'Invalid generic resource (gres) specification',
    'correct --gres=gpu:a100:2 in `slurm` of all (pipeline.yaml:6:12)',
  ],
  [
    'Invalid account or account/partition combination specified',
    'correct -A lab in `slurm` of all (pipeline.yaml:6:12), or --partition long in `slurm` of all (pipeline.yaml:6:12)',
  ],
  ['QOSMaxCpuPerJobLimit', 'correct `cpu` in `resources` of all (pipeline.yaml:5:31)'],
  [
    'DeadLine',
    'set --deadline in `slurm` of all (pipeline.yaml:6:12), in PIPE_SLURM, or in `flags` of pipe.local.yaml',
  ],
  ['AssocGrpSubmitJobsLimit', 'lower `jobs` in pipe.local.yaml'],
  ['DependencyNeverSatisfied', 'a job that it waited for did not succeed: run again'],
])('after "%s": %s', (said, expected) => {
  expect(cure('all', said)).toBe(expected);
});

it('an option that cannot be used is found by its letter too', () => {
  expect(cure('apart', '--array cannot be used: pipe divides the items into jobs itself')).toBe(
    'correct -a 0-3 in `slurm` of apart (pipeline.yaml:7:44)',
  );
});

it('an option in PIPE_SLURM overrides pipe.local.yaml, and the policy text that Slurm always adds is ignored', () => {
  const policy =
    "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)";
  expect(cure('bare', 'Invalid qos specification', '--qos day')).toBe(
    'correct --qos day in PIPE_SLURM',
  );
  expect(cure('bare', policy)).toBe(
    'correct the options of the job in `slurm` of bare, in PIPE_SLURM, or in `flags` of pipe.local.yaml',
  );
});
