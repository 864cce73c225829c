/** DVC projects run on pipe after `pipe init --from dvc.yaml`, without changes to their scripts. */
import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import type { Project } from '../../rig/project.js';
import { project } from '../../rig/projects.js';

/** Scripts that read params.yaml themselves, a data folder, and metrics inside an out. */
const TRAINING = {
  'params.yaml':
    '{ "prepare": { "split": 0.5, "seed": 7 }, "train": { "rate": 0.5, "steps": 20 } }\n',
  'data/raw.csv': Array.from({ length: 40 }, (_, at) => `${at},${3 * at + (at % 5)}\n`).join(''),
  'src/prepare.py': `
import json, os, random, sys
params = json.load(open("params.yaml"))["prepare"]
random.seed(params["seed"])
os.makedirs("data/prepared", exist_ok=True)
train, test = open("data/prepared/train.csv", "w"), open("data/prepared/test.csv", "w")
for line in open(sys.argv[1]):
    (test if random.random() < params["split"] else train).write(line)
`,
  'src/train.py': `
import json, sys
params = json.load(open("params.yaml"))["train"]
rows = [tuple(map(float, line.split(","))) for line in open(sys.argv[1] + "/train.csv")]
slope = 0.0
for _ in range(params["steps"]):
    slope -= params["rate"] * sum(x * (slope * x - y) for x, y in rows) / sum(x * x for x, _ in rows)
json.dump(slope, open(sys.argv[2], "w"))
`,
  'src/evaluate.py': `
import json, os, sys
slope = json.load(open(sys.argv[1]))
os.makedirs("eval/plots", exist_ok=True)
error = {}
for split in ("train", "test"):
    rows = [tuple(map(float, line.split(","))) for line in open(f"{sys.argv[2]}/{split}.csv")]
    error[split] = sum(abs(slope * x - y) for x, y in rows) / len(rows)
json.dump({"error": error}, open("eval/metrics.json", "w"))
json.dump([{"x": x, "y": slope * x} for x in range(9)], open("eval/plots/line.json", "w"))
`,
  'dvc.yaml': `
artifacts:
  model: { path: model.json, type: model }
stages:
  prepare:
    cmd: python3 src/prepare.py data/raw.csv
    deps: [data/raw.csv, src/prepare.py]
    params: [prepare.seed, prepare.split]
    outs: [data/prepared]
  train:
    cmd: python3 src/train.py data/prepared model.json
    deps: [data/prepared, src/train.py]
    params: [train]
    outs: [model.json]
  evaluate:
    cmd: python3 src/evaluate.py model.json data/prepared
    deps: [model.json, data/prepared, src/evaluate.py]
    outs: [eval]
metrics:
- eval/metrics.json
plots:
- line: { x: x, y: { eval/plots/line.json: y } }
`,
};

const BY_HAND = [
  'python3 src/prepare.py data/raw.csv',
  'python3 src/train.py data/prepared model.json',
  'python3 src/evaluate.py model.json data/prepared',
];

/** A script for each data set of params.yaml, and one that collects the metrics from their folder. */
const REPORTS = {
  'params.yaml':
    '{ "folder": "reports", "sets": ["small", "large-1"], "collect": { "file": "all.json" } }\n',
  'stages/evaluate.py': `
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--config"); parser.add_argument("--set")
args = parser.parse_args()
folder = json.load(open(args.config))["folder"] + "/metrics"
os.makedirs(folder, exist_ok=True)
json.dump({"length": len(args.set)}, open(f"{folder}/metrics_{args.set}.json", "w"))
`,
  'stages/collect.py': `
import json
params = json.load(open("params.yaml"))
found = {name: json.load(open(f"{params['folder']}/metrics/metrics_{name}.json")) for name in params["sets"]}
json.dump(found, open(f"{params['folder']}/{params['collect']['file']}", "w"))
`,
  'dvc.yaml': `
stages:
  evaluate:
    foreach:
      \${sets}
    do:
      cmd: python3 stages/evaluate.py --config=params.yaml --set=\${item}
      deps: [stages/evaluate.py]
      params: [folder]
      metrics:
      - \${folder}/metrics/metrics_\${item}.json:
          cache: false
  collect:
    cmd: python3 stages/collect.py
    deps:
    - stages/collect.py
    - \${folder}/metrics
    params: [folder, sets, collect]
    metrics:
    - \${folder}/\${collect.file}:
        cache: false
`,
};

/** Some machines set these variables, which changes an out or a log. */
function withPython(made: Project): Project {
  Object.assign(made.env, { PYTHONDONTWRITEBYTECODE: '', PYTHONUNBUFFERED: '' });
  return made;
}

it("a training with params.yaml gives its commands' metrics, is fresh afterwards, and follows its params", async () => {
  const [made, other] = [withPython(project(TRAINING)), project(TRAINING)];
  for (const command of BY_HAND) execFileSync('sh', ['-c', command], { cwd: other.root });
  const init = await made.pipe('init', '--from', 'dvc.yaml');
  expect([init.code, init.err]).toEqual([0, '']);
  expect((await made.run()).with('ran')).toEqual(['prepare', 'train', 'evaluate']);
  expect(made.read('eval/metrics.json')).toBe(other.read('eval/metrics.json'));
  expect((await made.run()).with('fresh')).toHaveLength(3);
  const { out } = await made.pipe('metrics', '--json');
  expect(out).toContain(String(JSON.parse(other.read('eval/metrics.json')).error.test));

  made.write('params.yaml', TRAINING['params.yaml'].replace('"steps": 20', '"steps": 1'));
  const after = await made.run();
  expect([after.with('fresh'), after.with('ran')]).toEqual([['prepare'], ['train', 'evaluate']]);
});

it('a foreach over params.yaml gives an item for each value, and a new value adds one', async () => {
  const made = withPython(project(REPORTS));
  await made.pipe('init', '--from', 'dvc.yaml');
  expect((await made.run()).with('ran')).toEqual(['evaluate@small', 'evaluate@large-1', 'collect']);
  expect(JSON.parse(made.read('reports/all.json'))).toEqual({
    small: { length: 5 },
    'large-1': { length: 7 },
  });
  expect((await made.run()).with('fresh')).toHaveLength(3);
  made.write('params.yaml', REPORTS['params.yaml'].replace('"large-1"', '"large-1", "new"'));
  expect((await made.run()).with('ran')).toEqual(['evaluate@new', 'collect']);
});
