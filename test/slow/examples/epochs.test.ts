/** The incremental stages of examples/, run by the real command: no epoch twice, the same bytes. */
import { spawnSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { Project, type RunOutcome } from '../../rig/project.js';
import { disposed } from '../../rig/projects.js';
import { ProjectWithin } from '../../rig/within.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
function example(name: string, Kind = Project): Project {
  const project = new Kind();
  const source = fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
  cpSync(source, project.root, { recursive: true });
  return disposed(project);
}

/** The epochs that a run has computed. */
const computed = (run: RunOutcome) =>
  run.events.flatMap((event) => (event.type === 'epoch' ? [event.epoch] : []));

const epochs = (count: number) => ['--set', `train.epochs=${count}`];

async function succeeds(project: Project, ...args: string[]): Promise<RunOutcome> {
  const run = await project.run(...args);
  expect(run.err).toBe('');
  expect(run.code).toBe(0);
  return run;
}

describe.each([
  { name: 'epochs-shell', model: 'cache/out/model.txt', runs: true },
  { name: 'epochs-python', model: 'cache/out/model.json', runs: hasPython },
])('$name', ({ name, model, runs }) => {
  test.runIf(runs)('4, 8, 2 and 8 epochs compute 8 in total, the same as in one run', async () => {
    const project = example(name);
    expect(computed(await succeeds(project, ...epochs(4)))).toEqual([1, 2, 3, 4]);
    expect(computed(await succeeds(project, ...epochs(8)))).toEqual([5, 6, 7, 8]);
    const eight = project.read(model);
    expect(computed(await succeeds(project, ...epochs(2)))).toEqual([]);
    expect(project.read(model)).not.toBe(eight);
    expect(computed(await succeeds(project, ...epochs(8)))).toEqual([]);
    expect(project.read(model)).toBe(eight);

    const whole = example(name, ProjectWithin);
    expect(computed(await succeeds(whole, ...epochs(8)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(whole.read(model)).toBe(eight);
  });

  test.runIf(runs)('after a kill it continues after the last committed epoch', async () => {
    const project = example(name);
    const running = project.start('run', '--json', ...epochs(20));
    await running.event((event) => event.type === 'epoch' && event.epoch === 3);
    running.kill('SIGKILL');
    await running.ended;
    const rest = computed(await succeeds(project, ...epochs(20)));
    // The stage outlives its run by a moment, in which it may commit all remaining epochs.
    expect(rest[0] ?? 21).toBeGreaterThan(3);
    expect(rest.at(-1) ?? 20).toBe(20);
    expect(new Set(rest).size).toBe(rest.length);
    const whole = example(name, ProjectWithin);
    await succeeds(whole, ...epochs(20));
    expect(project.read(model)).toBe(whole.read(model));
  });

  test.runIf(runs)('another rate is another chain, and returning costs nothing', async () => {
    const project = example(name, ProjectWithin);
    await succeeds(project, ...epochs(3));
    const other = await succeeds(project, ...epochs(3), '--set', 'train.rate=2');
    expect(computed(other)).toEqual([1, 2, 3]);
    expect(computed(await succeeds(project, ...epochs(3)))).toEqual([]);
  });
});
