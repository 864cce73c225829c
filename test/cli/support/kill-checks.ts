/** Properties of every training, whatever its language and disturbance. */
import { cpSync } from 'node:fs';
import { expect } from 'vitest';
import { randomOf } from '../../process/support/lock-storm.js';
import { Project } from '../../rig/project.js';
import { killAndResume, undisturbed } from './kills.js';
import { COMPUTED, MODEL, type Training } from './trainings.js';

/** After this number of kills at random moments, it has lost fewer epochs than that, and no byte. */
export async function checkKills(
  training: Training,
  step: number,
  kills: number,
  seed: number,
): Promise<void> {
  const killed = await killAndResume(training, step, kills, randomOf(seed));
  const { computed, epochs, model } = killed;
  const story = `${training.language}, seed ${seed}: ${kills} kills, ${computed.length} epochs begun for ${epochs}`;
  expect(killed.kills, story).toBe(kills);
  expect(new Set(computed).size, story).toBe(epochs);
  expect(computed.length, story).toBeLessThanOrEqual(epochs + kills);
  expect(model.equals(await undisturbed(training, epochs)), story).toBe(true);
}

/** Two concurrent runs in each of two clones with a shared cache and different targets. */
export async function checkTwoAtOnce(training: Training): Promise<void> {
  const [five, eight] = [new Project(training.files(5)), new Project(training.files(8))];
  try {
    for (const each of [five, eight]) each.env.PIPE_CACHE = five.path('cache');
    const runs = [five, five, eight, eight].map((each) => each.start('run', '--json'));
    const ended = await Promise.all(runs.map((run) => run.ended));
    expect(ended.map(({ code, err }) => `${code}${err}`)).toEqual(['0', '0', '0', '0']);
    const computed = [...five.lines(COMPUTED), ...eight.lines(COMPUTED)];
    expect(computed.toSorted()).toEqual(upTo(8).toSorted());
  } finally {
    for (const each of [five, eight]) each.dispose();
  }
}

export async function checkForthAndBack(training: Training): Promise<void> {
  const made = new Project(training.files(8));
  const clone = new Project();
  try {
    for (const epochs of [4, 8, 2, 8])
      expect((await made.run('--set', `train.epochs=${epochs}`)).code).toBe(0);
    expect(made.lines(COMPUTED)).toEqual(upTo(8));
    const other = await made.run('--set', 'train.rate=4');
    expect(other.items.train?.epochs).toEqual({ computed: 8, reached: 8 });
    expect((await made.run()).with('restored')).toEqual(['train']);
    expect(made.lines(COMPUTED)).toHaveLength(16);
    const isSource = (name: string) => !/cache|txt$/.test(name.slice(made.root.length));
    cpSync(made.root, clone.root, { recursive: true, filter: isSource });
    clone.env.PIPE_CACHE = made.path('cache');
    expect((await clone.run('--set', 'train.epochs=7')).code).toBe(0);
    expect((await clone.run()).with('restored')).toEqual(['train']);
    expect(clone.lines(COMPUTED)).toEqual([]);
    expect(clone.read(MODEL)).toBe(made.read(MODEL));
  } finally {
    for (const each of [made, clone]) each.dispose();
  }
}

function upTo(count: number): string[] {
  return Array.from({ length: count }, (_, at) => String(at + 1));
}
