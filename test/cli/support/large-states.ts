/** A training with large states, and the peak memory of the runner. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'vitest';
import { peakMemory } from '../../rig/processes.js';
import { Project, type Running } from '../../rig/project.js';

export const HAS_PROC = existsSync('/proc/self/status');

/** Each epoch's state differs from the others in every block; the model is the last state. */
const TRAIN = `import { closeSync, copyFileSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
const [bytes, model] = [Number(process.argv[2]), process.argv[3]];
const { PIPE_EPOCH, PIPE_EPOCHS, PIPE_COMMIT } = process.env;
for (let epoch = Number(PIPE_EPOCH) + 1; epoch <= Number(PIPE_EPOCHS); epoch++) {
  const draft = PIPE_COMMIT + '/draft';
  mkdirSync(draft);
  const file = openSync(draft + '/weights', 'w');
  const block = Buffer.alloc(1 << 20);
  for (let at = 0; at < bytes; at += block.length) {
    block.writeUInt32LE(at / block.length, 0);
    block.writeUInt32LE(epoch, 4);
    writeSync(file, block, 0, Math.min(block.length, bytes - at));
  }
  closeSync(file);
  if (epoch === Number(PIPE_EPOCHS)) copyFileSync(draft + '/weights', model);
  renameSync(draft, PIPE_COMMIT + '/' + epoch);
}
`;

/** The stage after the training waits, so that the runner's memory can be read once all is stored. */
function pipeline(bytes: number): string {
  return `
params: { epochs: 2 }
stages:
  train:
    cmd: node train.mjs ${bytes} \${outs.model}
    outs: { model: model.bin }
    epochs: \${epochs}
    keep: { last: 1 }
  after: { cmd: "cat gate > after.txt", deps: [model.bin], outs: [after.txt] }
`;
}

/** Two epochs, then a run that restores the second and computes a third; the higher peak, in bytes. */
export async function peakWithStates(bytes: number): Promise<number> {
  const project = new Project({ 'pipeline.yaml': pipeline(bytes), 'train.mjs': TRAIN });
  try {
    execFileSync('mkfifo', [project.path('gate')]);
    const first = await peakOf(project, project.start('run', '--json'));
    const second = await peakOf(project, project.start('run', '--json', '--set', 'epochs=3'));
    const { out } = await project.pipe('epochs', 'train', '--json', '--set', 'epochs=3');
    const [{ epochs }] = JSON.parse(out) as [{ epochs: { epoch: number; size: number }[] }];
    expect(epochs.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(epochs.at(-1)?.size).toBe(bytes);
    return Math.max(first, second);
  } finally {
    project.dispose();
  }
}

async function peakOf(project: Project, run: Running): Promise<number> {
  await run.event((event) => event.type === 'start' && event.item === 'after');
  const peak = peakMemory(run.pid);
  project.write('gate', 'opened');
  const { code, err } = await run.ended;
  expect(err + code).toBe('0');
  return peak;
}
