/**
 * The Python examples with their real frameworks: killed and resumed, the outs are the same bytes.
 * PIPE_TEST_PYTHON names a virtual environment that has them. A missing framework is skipped.
 */
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { checkKills } from '../cli/support/kill-checks.js';
import { COMPUTED, MODEL, type Training } from '../cli/support/trainings.js';
import { Project, type RunOutcome } from '../rig/project.js';
import { disposed } from '../rig/projects.js';
import { hasPython, pythonEnvironment } from '../rig/python.js';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

beforeAll(() => {
  // Its compiled files make every start of a framework several times as fast.
  delete process.env.PYTHONDONTWRITEBYTECODE;
  delete process.env.PYTHONUNBUFFERED;
  Object.assign(process.env, pythonEnvironment());
});

function example(name: string): Project {
  const project = new Project();
  cpSync(path.join(examples, name), project.root, { recursive: true });
  return disposed(project);
}

const computed = (run: RunOutcome) =>
  run.events.flatMap((event) => (event.type === 'epoch' ? [event.epoch] : []));

/** Runs up to an epoch, and returns the epochs that were computed. */
async function runTo(project: Project, epochs: number): Promise<number[]> {
  const run = await project.run('--set', `train.epochs=${epochs}`);
  expect(run.code, run.out + run.err).toBe(0);
  return computed(run);
}

/** Every file of the out, by its name. */
function outOf(project: Project): Record<string, string> {
  const out = project.path('cache/out');
  const names = readdirSync(out, { recursive: true, encoding: 'utf8' }).toSorted();
  const files = names.filter((name) => statSync(path.join(out, name)).isFile());
  expect(files).not.toEqual([]);
  return Object.fromEntries(
    files.map((name) => [name, readFileSync(path.join(out, name), 'base64')]),
  );
}

describe.each([
  { name: 'python-sklearn', runs: hasPython('sklearn') },
  { name: 'python-torch', runs: hasPython('torch') },
  {
    name: 'python-lightning',
    runs: hasPython('pytorch_lightning') || hasPython('lightning'),
  },
  { name: 'python-transformers', runs: hasPython('transformers', 'accelerate') },
  { name: 'python-keras', runs: hasPython('keras', 'torch') },
])('examples/$name', ({ name, runs }) => {
  test.runIf(runs)('killed in its second epoch and resumed has the same weights', async () => {
    const killed = example(name);
    const running = killed.start('run', '--json', '--set', 'train.epochs=5');
    await running.event((event) => event.type === 'epoch' && event.epoch === 2);
    running.kill('SIGKILL');
    await running.ended;
    const rest = await runTo(killed, 5);
    expect(rest[0] ?? 6).toBeGreaterThan(2);

    const whole = example(name);
    expect(await runTo(whole, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(outOf(killed)).toEqual(outOf(whole));
  });

  test.runIf(runs)('3 and then 5 epochs give the outs of 5 and then 3', async () => {
    const [up, down] = [example(name), example(name)];
    expect(await runTo(up, 3)).toEqual([1, 2, 3]);
    const three = outOf(up);
    expect(await runTo(up, 5)).toEqual([4, 5]);

    expect(await runTo(down, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(outOf(down)).toEqual(outOf(up));
    // No epoch is left: the stage starts only to write its outs.
    const only = await down.run('--set', 'train.epochs=3');
    expect([only.with('ran'), computed(only)]).toEqual([['train'], []]);
    expect(outOf(down)).toEqual(three);
  });
});

/** The PyTorch example, which notes each epoch that it begins. */
const TORCH: Training = {
  language: 'Python',
  files: (epochs) => {
    const read = (name: string) => readFileSync(path.join(examples, 'python-torch', name), 'utf8');
    const note = `    open("${COMPUTED}", "a").write(f"{epoch}\\n")\n`;
    const script = read('train.py').replace(/^for epoch in .*:\n/m, (line) => line + note);
    const pipeline = read('pipeline.yaml')
      .replace(/epochs: \d+/, `epochs: ${epochs}`)
      .replace(/cache\/out\/\S+(?= })/, MODEL);
    return { 'pipeline.yaml': pipeline, 'train.py': script };
  },
};

test.runIf(hasPython('torch'))(
  'the PyTorch loop without its three lines has the same weights',
  async () => {
    const [resumable, plain] = [example('python-torch'), example('python-torch')];
    expect(await runTo(resumable, 5)).toHaveLength(5);
    const three = /^from pipe_run.torch import epochs\n|^ {4}epoch\.commit\(.*\n/gm;
    const loop = plain
      .read('train.py')
      .replace(three, '')
      .replace(/^for epoch in epochs\(.*\):$/m, 'for epoch in range(1, 6):');
    expect(loop).not.toMatch(/commit|pipe_run\.torch|epochs/);
    plain.write('train.py', loop);
    plain.write('pipeline.yaml', plain.read('pipeline.yaml').replace(/^ {4}epochs: .*\n/m, ''));
    expect(await runTo(plain, 5)).toEqual([]);
    expect(outOf(plain)).toEqual(outOf(resumable));
  },
);

test.runIf(hasPython('torch'))(
  'a PyTorch loop that is killed 50 times at random moments loses less than 50 epochs and no byte',
  () => checkKills(TORCH, 40, 50, 31),
);
