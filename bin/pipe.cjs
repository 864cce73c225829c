#!/usr/bin/env node
'use strict';
// Answers `pipe run` at once if nothing has changed since the last run that found nothing to do.
// Otherwise loads the command (build.mjs names its files) through V8's code cache, which saves about
// half of the time to start. The cache only holds V8's compiled form of each file. If the file or V8
// has changed, it is rejected and created again.
const {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const dist = path.join(__dirname, '..', 'dist');
/** Options whose output is more than the summary line, or that execute fresh items. */
const WITHOUT_ANSWER = /^--(?:dry|force|frozen|json|summarize)(?:=|$)/;
const nodes = createRequire(path.join(dist, 'main.cjs'));
const loaded = new Map();

function readIfThere(name) {
  try {
    return readFileSync(name);
  } catch {
    return undefined;
  }
}

/** Best effort: an installation that is not writable also works, and starts a little slower. */
function keep(name, data) {
  try {
    mkdirSync(path.dirname(name), { recursive: true });
    // Caches of other builds and other versions of Node.
    const [script] = path.basename(name).split('-');
    for (const other of readdirSync(path.dirname(name)))
      if (other.startsWith(`${script}-`)) rmSync(path.join(path.dirname(name), other));
    const draft = `${name}.${process.pid}`;
    writeFileSync(draft, data);
    renameSync(draft, name);
  } catch {}
}

/** The answer of the last run of this command that found nothing to do, if nothing has changed since. */
function noopAnswer() {
  // No answer is stored for other command lines.
  if (process.argv[2] !== 'run' || process.argv.some((word) => WITHOUT_ANSWER.test(word)))
    return undefined;
  // The code that is loaded next reports any fault: a folder that is gone, an incomplete build.
  try {
    const { fastAnswer, isDebugging } = require('../dist/fast-path.cjs');
    const { argv, env } = process;
    const { answer, file: kept } = fastAnswer({
      cwd: process.cwd(),
      argv: argv.slice(2),
      env,
      dist,
    });
    if (answer !== undefined && isDebugging(env)) noteFastPath(kept);
    return answer;
  } catch {
    return undefined;
  }
}

/** A path may contain control sequences. */
function noteFastPath(kept) {
  const plain = kept.replace(/[^ -~]/g, '?');
  writeSync(2, `pipe: debug: fast path: nothing has changed since ${plain} was written\n`);
}

function say(line) {
  try {
    writeSync(1, line);
  } catch (error) {
    // The stream waits while a pipe is full. If a pipe has no reader, the answer is dropped.
    if (error.code === 'EAGAIN') process.stdout.write(line);
    else if (error.code !== 'EPIPE') tellLost(error);
  }
}

function tellLost(error) {
  process.exitCode = 1;
  try {
    writeSync(2, `pipe: error: stdout cannot be written (${error.code})\n`);
  } catch {}
}

/** An older Node misses what the command calls, and would report an internal error. */
function refuseOldNode() {
  const { node } = process.versions;
  const [major, minor] = node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`pipe: error: Node ${node} is too old: install Node 20.19 or later\n`);
  process.exit(2);
}

/** A checkout whose packages were installed without scripts (`npm ci --ignore-scripts`) is built now. */
function build() {
  const script = path.join(__dirname, '..', 'build.mjs');
  if (!existsSync(script)) return;
  const { spawnSync } = require('node:child_process');
  process.stderr.write('pipe: not built yet, since npm ran no scripts: building\n');
  // The output of the build is not output of the command.
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(2);
}

/** Loads a file of the command, such as `./main.cjs` or `./library/yaml.cjs`; anything else by Node's own require(). */
function load(id) {
  if (!/^\.\/(library\/)?[\w-]+\.cjs$/.test(id)) return nodes(id);
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const module_ = { exports: {} };
  loaded.set(id, module_);
  const file = path.join(dist, id);
  compiled(file)(module_.exports, load, module_, file, dist);
  return module_.exports;
}

let isHeld = false;

/**
 * V8 drops the bytecode of functions that have not run for a while, so the cache of a first run that trains for
 * hours would lack those of its start. V8 rejects a cache that was made with other flags than the reader's.
 */
function holdBytecode() {
  if (isHeld) return;
  isHeld = true;
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--no-flush-bytecode');
  process.once('exit', () => setFlagsFromString('--flush-bytecode'));
}

function compiled(file) {
  const source = readIfThere(file);
  if (source === undefined) {
    process.stderr.write(`pipe: ${file} is missing: run "npm run build" in the folder of pipe\n`);
    process.exit(2);
  }
  const { mtimeMs, size } = statSync(file);
  const name = path.basename(file, '.cjs');
  const cacheFile = path.join(
    dist,
    '.code',
    `${name}-${process.version}-${process.arch}-${size}-${mtimeMs}`,
  );
  const cachedData = readIfThere(cacheFile);
  // The build writes only ASCII, and Node reads latin1 without checking every byte.
  const script = new vm.Script(source.latin1Slice(), { filename: file, cachedData });
  if (cachedData === undefined || script.cachedDataRejected) {
    holdBytecode();
    // At the end, so that the cache has the functions that a run really used.
    process.once('exit', () => keep(cacheFile, script.createCachedData()));
  }
  return script.runInThisContext();
}

const answer = noopAnswer();
if (answer === undefined) {
  refuseOldNode();
  if (!existsSync(path.join(dist, 'main.cjs'))) build();
  load('./main.cjs');
} else say(`${answer}\n`);
