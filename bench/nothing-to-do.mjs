/**
 * What a run with nothing to do costs: `node bench/nothing-to-do.mjs [flagship] [1000] [10000]
 * [files] [python] [sweep]`, all without arguments. Whole processes, in turn with `node empty.cjs` and the peers.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { ENV, inTurn, ROUNDS, table, temporaryFolder, timed } from './lib/measure.mjs';
import { peerCommands } from './lib/peers.mjs';
import { manyFiles, PIPE, pythonModules, pythonSweep, trivialItems } from './lib/projects.mjs';

const work = temporaryFolder();
const NODE = '`node empty.cjs`';
writeFileSync(path.join(work, 'empty.cjs'), '');
const empty = { name: NODE, cwd: work, argv: [process.execPath, path.join(work, 'empty.cjs')] };
const LSTAT_LOOP = `
const { lstatSync, readdirSync } = require('node:fs');
const walk = (folder) => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const inner = folder + '/' + entry.name;
    if (entry.isDirectory()) walk(inner);
    else lstatSync(inner);
  }
};
for (const folder of process.argv.slice(2)) walk(folder);
`;

/** Params of the experiment, for a run of seconds. */
const SMALL = {
  'sources.faces.count': 60,
  'sources.animals.count': 60,
  'split.train': 40,
  'split.test': 16,
  'train.epochs': 1,
  'train.validation': 4,
  'model.restorer.train.cosine': 1,
  'baselines.train': 8,
  'baselines.pca.components': [4],
  'baselines.pca.images': 20,
  'baselines.pca.validation': 4,
  'evaluate.bootstrap': 100,
};

const MEASUREMENTS = {
  flagship,
  1000: () => items(1_000),
  10000: () => items(10_000),
  files,
  python,
  sweep,
};

console.log('## Nothing to do\n\n`node bench/nothing-to-do.mjs`\n');
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (wanted.length === 0 || wanted.includes(name)) measure();
}

/** The experiment of this repository, with few images and one epoch: as many items, files and modules. */
function flagship() {
  const folder = path.join(work, 'flagship');
  mkdirSync(folder);
  for (const part of ['stages', 'packages'])
    cpSync(part, path.join(folder, part), { recursive: true });
  for (const file of ['package.json', 'tsconfig.json']) cpSync(file, path.join(folder, file));
  symlinkSync(path.resolve('node_modules'), path.join(folder, 'node_modules'));
  writeFileSync(path.join(folder, 'pipeline.yaml'), small(readFileSync('pipeline.yaml', 'utf8')));
  const results = inTurn([empty, ...ours(folder)], 2 * ROUNDS);
  console.log(`${table('flagship, 15 items', results, NODE)}\n\nGoal: ≤ 1.8 × node.\n`);
}

function small(text) {
  const pipeline = parseDocument(text, { merge: true });
  for (const [where, value] of Object.entries(SMALL)) {
    const path = ['params', ...where.split('.')];
    if (!pipeline.hasIn(path)) throw new Error(`pipeline.yaml has no ${where} any more`);
    pipeline.setIn(path, value);
  }
  return String(pipeline);
}

function items(count) {
  const folder = trivialItems(path.join(work, `items-${count}`), count);
  // With 10,000 the others take minutes to begin with.
  const names = count > 1_000 ? ['make', 'ninja'] : undefined;
  const { commands, missing } = peerCommands(work, count, names);
  const failed = new Map();
  for (const command of commands) {
    process.stderr.write(`first run of ${command.name}\n`);
    const first = timed(command);
    if ('failed' in first) failed.set(command.name, `first run: ${first.failed}`);
  }
  const results = inTurn([
    empty,
    ...ours(folder),
    ...commands.filter(({ name }) => !failed.has(name)),
  ]);
  for (const name of missing) results.set(name, { failed: 'missing here' });
  for (const [name, why] of failed) results.set(name, { failed: why });
  console.log(`${table(`${count.toLocaleString('en')} cmd items`, results, NODE)}\n`);
  if (count === 1_000) {
    console.log('Goal: ≤ 3 × node, ahead of turbo, snakemake, nx, wireit, DVC.\n');
    return;
  }
  const [a, b] = [results.get('pipe run'), results.get(NODE)];
  const beyond = (what) => Math.round((a[what] - b[what]) * 1000);
  console.log(
    `Goal: ≤ 500 ms beyond Node's start; measured ${beyond('wall')} ms wall, ${beyond('cpu')} ms CPU. snakemake, turbo, nx, wireit and DVC are left out: with so many each takes minutes.\n`,
  );
}

function files() {
  const folder = manyFiles(path.join(work, 'files'), 27_000);
  writeFileSync(path.join(work, 'lstat.cjs'), LSTAT_LOOP);
  const loop = {
    name: 'lstat loop',
    cwd: folder,
    argv: [process.execPath, path.join(work, 'lstat.cjs'), 'data', 'out'],
  };
  const results = inTurn([loop, ...ours(folder)]);
  console.log(`${table('54,000 files of 4 KB', results, 'lstat loop')}\n\nGoal: ≤ 2 × the loop.\n`);
}

/** A matrix whose items start one Python script each, and as many items without a script. */
function sweep() {
  const folders = {
    'a matrix of Python': pythonSweep(path.join(work, 'sweep'), 1_000),
    echo: trivialItems(path.join(work, 'sweep-echo'), 1_000),
  };
  const commands = Object.entries(folders).flatMap(([name, folder]) =>
    ours(folder).map((command) => ({ ...command, name: `${command.name}, ${name}` })),
  );
  const results = inTurn([empty, ...commands]);
  console.log(`${table('1,000 items that start Python', results, NODE)}\n`);
}

/** 200 Python files that a script imports, and the same files as deps of a command without a script. */
function python() {
  const [traced, plain] = ['traced', 'plain'].map((name) => {
    const folder = pythonModules(path.join(work, `python-${name}`), 200, name === 'traced');
    return ours(folder).map((command) => ({ ...command, name: `${command.name}, ${name}` }));
  });
  const results = inTurn([...plain, ...traced]);
  console.log(`${table('200 Python files', results, 'pipe run, plain')}\n`);
  const ratio = ['pipe run', 'pipe run --json'].map((name) => {
    const [a, b] = ['traced', 'plain'].map((each) => results.get(`${name}, ${each}`).wall);
    return `${(a / b).toFixed(2)} (${name})`;
  });
  console.log(`Goal: traced ≤ 1.1 × plain; measured ${ratio.join(', ')}.\n`);
}

/**
 * Run before, three times: the second remembers what the first had only just written, the third
 * leaves its answer. Compared with `--json`, which always decides every item.
 */
function ours(folder) {
  const argv = [process.execPath, PIPE, 'run'];
  for (let time = 0; time < 3; time++) {
    process.stderr.write(`pipe run in ${path.basename(folder)}\n`);
    const { status, stderr } = spawnSync(argv[0], argv.slice(1), {
      cwd: folder,
      env: ENV,
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`pipe run failed:\n${stderr}`);
  }
  return [
    { name: 'pipe run', cwd: folder, argv },
    { name: 'pipe run --json', cwd: folder, argv: [...argv, '--json'] },
  ];
}
