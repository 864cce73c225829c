/** Why an item fails, or gets another job, after a job that Slurm reports as cancelled. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failureAfter } from '../../src/executor/job-outcome.js';
import { parseQueue } from '../../src/executor/slurm.js';
import { loadPlan } from '../../src/pipeline/load.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(path.join(tmpdir(), 'pipe-outcome-'));
  writeFileSync(path.join(root, 'pipeline.yaml'), 'stages: { a: { cmd: touch a, outs: [a] } }\n');
  writeFileSync(path.join(root, 'begun'), 'slurmstepd: error: *** JOB 7 ON n1 CANCELLED ***\n');
  writeFileSync(path.join(root, 'prolog'), 'Error running slurm prolog: 1\n');
});
afterAll(() => rmSync(root, { recursive: true }));

/** Each job has its line of squeue, and the file of its output. */
type Ended = readonly [line: string, output: string];

function failure(own: Ended, array: readonly Ended[], isShared = true): string | undefined {
  const [{ state, output }, ...others] = [seen(own), ...array.map(seen)] as const;
  const [item] = loadPlan({ project: root, profiles: [], set: [] }).items;
  if (item === undefined) throw new Error('the pipeline has no item');
  return failureAfter(
    { how: 'over', cause: state?.cause, state, epochs: 0 },
    { title: 'Slurm', item, root, isShared, idle: 1, events: '', output, array: others },
  );
}

function seen([line, name]: Ended) {
  return { state: [...parseQueue(`${line}|pipe-a\n`).values()][0], output: path.join(root, name) };
}

const BEGUN: Ended = ['7_0|CANCELLED|None|n1', 'begun'];
const UNSTARTED: Ended = ['7_1|CANCELLED|None|', 'absent'];
const WAITED: Ended = ['7_2|CANCELLED|Priority|', 'absent'];
const CANCELLED = 'its job was cancelled (Slurm: CANCELLED): completed epochs are kept; run again';

it('after a job that a user cancelled, the item fails', () => {
  expect(failure(BEGUN, [])).toBe(CANCELLED);
  expect(failure(WAITED, [])).toBe(CANCELLED);
  expect(failure(BEGUN, [BEGUN, WAITED])).toBe(CANCELLED);
});

it('after a job that its node could not start, the item gets another one', () => {
  expect(failure(UNSTARTED, [])).toBeUndefined();
  expect(failure(['7|CANCELLED|None|n1', 'prolog'], [])).toBeUndefined();
});

it('after such a job of its array, the item gets another one', () => {
  expect(failure(BEGUN, [WAITED, UNSTARTED])).toBeUndefined();
});

it('the output of a node that shares no folder decides nothing', () => {
  expect(failure(UNSTARTED, [], false)).toBe(CANCELLED);
});
