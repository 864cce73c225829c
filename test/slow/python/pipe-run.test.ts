/** The Python package in stages of the real command, with the standard library only. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkKills } from '../../cli/support/kill-checks.js';
import { COMPUTED, MODEL, type Training } from '../../cli/support/trainings.js';
import type { Project } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import { hasPython, PACKAGE, pythonEnvironment } from '../../rig/python.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const runs = hasPython();

function pythonProject(files: Readonly<Record<string, string>>): Project {
  const made = project(files);
  Object.assign(made.env, pythonEnvironment());
  return made;
}

const PIPELINE = (epochs: number) => `params: { train: { epochs: ${epochs}, rate: 3 } }
stages:
  train:
    cmd: PYTHONPATH=${PACKAGE} python3 train.py
    params: [train.rate]
    outs: { model: ${MODEL} }
    epochs: \${train.epochs}
`;

const TRAINING: Training = {
  language: 'Python',
  files: (epochs) => ({
    'pipeline.yaml': PIPELINE(epochs),
    'train.py': `import json, random
from pipe_run import context, epochs, progress

ctx = context()
weights = random.Random(7).randbytes(100_000)
rng, seen = random.Random(1), []

def load(folder):
    global weights, seen
    weights = (folder / "weights").read_bytes()
    seen, (version, numbers, gauss) = json.loads((folder / "state.json").read_text())
    rng.setstate((version, tuple(numbers), gauss))

def save(folder):
    (folder / "weights").write_bytes(weights)
    (folder / "state.json").write_text(json.dumps([seen, rng.getstate()]))

for epoch in epochs(load):
    with open("${COMPUTED}", "a") as file:
        file.write(f"{epoch}\\n")
    weights = random.Random(weights + str(rng.random() * ctx.params.train.rate).encode()).randbytes(100_000)
    seen.append(epoch)
    epoch.commit(save, loss=weights[0] / 255)
    progress(epoch, 8, "epochs")
ctx.outs.model.write_bytes(weights + json.dumps(seen).encode())
`,
  }),
};

describe.runIf(runs)('pipe_run, found through PYTHONPATH', () => {
  test('gives a stage its params, deps, outs and axes', async () => {
    const made = pythonProject({
      'a.txt': 'one',
      'b.txt': 'two',
      'pipeline.yaml': `
params: { net: { layers: [64, 32], items: ~ } }
stages:
  show:
    matrix: { dataset: [faces] }
    cmd: python3 show.py
    deps: { text: a.txt, all: "*.txt" }
    params: [net]
    outs: { shown: cache/out/shown.json }
    resources: { cpu: 1 }
`,
      'show.py': `import json
from pipe_run import context
ctx = context()
read = [ctx.deps.text.read_text(), [path.name for path in ctx.deps.all]]
names = [ctx.item, ctx.stage, ctx.matrix.dataset, ctx.resources.cpu]
ctx.outs.shown.write_text(json.dumps([read, names, ctx.params.net.layers, ctx.params.net["items"]]))
`,
    });
    const run = await made.run();
    expect(run.code, run.out + run.err).toBe(0);
    expect(JSON.parse(made.read('cache/out/shown.json'))).toEqual([
      ['one', ['a.txt', 'b.txt']],
      ['show@faces', 'show', 'faces', 1],
      [64, 32],
      null,
    ]);
  });

  test('resumes after the last epoch: 2, 4 and 3 epochs compute 4', async () => {
    const made = pythonProject(TRAINING.files(2));
    for (const epochs of [2, 4, 3]) {
      const run = await made.run('--set', `train.epochs=${epochs}`);
      expect(run.code, run.out + run.err).toBe(0);
    }
    expect(made.lines(COMPUTED)).toEqual(['1', '2', '3', '4']);
    expect(made.read(MODEL)).toMatch(/\[1, 2, 3\]$/);
    const { out } = await made.pipe('epochs', 'train', '--json');
    expect(out).toMatch(/"loss": 0\.\d+/);
  });

  test('a training that is killed at random moments loses less than an epoch by each kill and no byte', () =>
    checkKills(TRAINING, 8, 3, 17));

  test('an epoch that is not committed fails the stage with a hint', async () => {
    const script = 'from pipe_run import epochs\nfor epoch in epochs():\n    pass\n';
    const made = pythonProject({ 'pipeline.yaml': PIPELINE(3), 'train.py': script });
    const { code, out, err } = await made.pipe('run');
    expect(code).toBe(1);
    expect(out + err).toContain('epoch 1 ended without a commit: call epoch.commit(save)');
  });
});

test('the Python package and the npm package have the same version', () => {
  const { version } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  const pyproject = readFileSync(`${root}/python/pyproject.toml`, 'utf8');
  expect(/^version = "(.*)"$/m.exec(pyproject)?.[1]).toBe(version);
});
