/**
 * The remote cache: `node bench/remote.mjs [no-op] [second] [small] [epochs]`, all without arguments.
 * Whole processes on one S3 server (versitygw), in turn with the same command without a remote cache,
 * `rclone copy` and DVC (`DVC` names its command; it may need MOST_SECONDS=1200).
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { ENV, inTurn, ROUNDS, table, temporaryFolder } from './lib/measure.mjs';
import { makeFiles, manyFiles, PIPE, trivialItems } from './lib/projects.mjs';

const SMALL_FILES = Number(process.env.FILES ?? 10_000);
const work = temporaryFolder();
const { env: server, port } = await startServer();
const OFF = { PIPE_REMOTE: 'off' };
const MEASUREMENTS = { 'no-op': noOp, second, small, epochs };

console.log('## Remote cache\n\n`node bench/remote.mjs`\n');
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (wanted.length === 0 || wanted.includes(name)) await measure();
}
process.exit();

/** A run with nothing to do never asks the remote cache. */
function noOp() {
  const folder = trivialItems(path.join(work, 'no-op'), 15);
  const run = { cwd: folder, argv: pipe('run') };
  for (let time = 0; time < 3; time++) must({ ...run, env: remote('no-op') });
  const results = inTurn(
    [
      { ...run, name: 'without', env: OFF },
      { ...run, name: 'with', env: remote('no-op') },
    ],
    5 * ROUNDS,
  );
  print('15 items, nothing to do, a remote cache', results, 'without', 'with ≤ 1.05 × without');
}

/** A second machine takes 64 files of 1 MB and 2,000 of 4 KB; rclone copies the same bytes, file by file. */
function second() {
  const project = path.join(work, 'second');
  manyFiles(project, 2_000);
  for (let at = 0; at < 64; at++)
    writeFileSync(path.join(project, 'data', `${at}.large`), Buffer.alloc(2 ** 20, `${at} `));
  must({ cwd: project, argv: pipe('run'), env: remote('second') });
  const rclone = ['rclone', '--config', rcloneConfig(), 'copy'];
  // The server speaks HTTP: whatever certificates this machine names, rclone needs none.
  const env = { ...server, AWS_CA_BUNDLE: '' };
  must({ cwd: work, env, argv: [...rclone, `${project}/out`, 'lab:lab-bucket/copied'] });
  const results = inTurn(
    [
      {
        name: 'rclone copy',
        cwd: work,
        env,
        argv: [...rclone, 'lab:lab-bucket/copied', 'copied'],
        prepare() {
          rmSync(path.join(work, 'copied'), { recursive: true, force: true });
          writtenBack();
        },
      },
      secondMachine(project, remote('second'), 'pipe run', 'run'),
    ],
    Math.max(9, ROUNDS),
  );
  print(
    'a second machine takes 72 MB in 2,064 files',
    results,
    'rclone copy',
    'pipe ≤ 1.5 × rclone',
  );
}

/** Small files, with 50 ms for each request and without; DVC with its default number of jobs. */
async function small() {
  const project = path.join(work, 'small');
  manyFiles(project, SMALL_FILES);
  must({ cwd: project, argv: pipe('run'), env: OFF });
  const proxy = await startProxy(50);
  const slow = { ...remote('slow'), AWS_ENDPOINT_URL: `http://127.0.0.1:${proxy.port}` };
  let round = 0;
  const push = (name, env, folder) => ({
    name,
    cwd: project,
    argv: pipe('push'),
    env,
    prepare() {
      env.PIPE_REMOTE = `s3://lab-bucket/${folder}-${++round}`;
    },
  });
  const commands = [];
  for (const [what, env] of [
    ['', remote('small')],
    [', 50 ms a request', slow],
  ]) {
    commands.push(push(`pipe push${what}`, env, `small${env === slow}`));
    commands.push(secondMachine(project, env, `pipe pull${what}`, 'pull'));
  }
  const peers = dvcCommands();
  const results = inTurn([...commands, ...peers], ROUNDS);
  const files = SMALL_FILES.toLocaleString('en');
  console.log(`${table(`${files} files of 4 KB`, results, 'pipe push')}\n`);
  const ratio = (a, b) => {
    const [ours, theirs] = [a, b].map((name) => results.get(name)?.wall);
    return theirs === undefined ? 'open: see the table' : (ours / theirs).toFixed(2);
  };
  const both = ['push', 'pull'].map((verb) => `${ratio(`pipe ${verb}`, `dvc ${verb}`)} (${verb})`);
  console.log(
    `Goal: ≤ 0.1 × DVC; measured ${peers.length > 0 ? both.join(', ') : 'nothing: DVC is missing here'}. With 50 ms a request: ≤ 10 s each; a push and a pull took ${proxy.requests() / (2 * results.get('pipe push, 50 ms a request').rounds)} requests each.\n`,
  );
  proxy.stop();
  await look();
}

/** What 1,000 items look like on the server, with 50 ms a request. */
async function look() {
  const proxy = await startProxy(50);
  const folder = trivialItems(path.join(work, 'look'), 1_000);
  const env = { ...remote('look'), AWS_ENDPOINT_URL: `http://127.0.0.1:${proxy.port}` };
  const results = inTurn(
    [
      { name: 'status', cwd: folder, argv: pipe('status'), env: OFF },
      { name: 'status --remote r', cwd: folder, argv: pipe('status', '--remote', 'r'), env },
    ],
    ROUNDS,
  );
  print('1,000 items, 50 ms a request', results, 'status', '--remote r ≤ 3 s');
  proxy.stop();
}

/** A training whose states of 16 MB travel at each epoch, and one whose states stay. */
function epochs() {
  const stage = `
    const { mkdirSync, renameSync, writeFileSync, existsSync } = require('node:fs');
    const { createHash } = require('node:crypto');
    const { PIPE_EPOCH, PIPE_EPOCHS, PIPE_COMMIT } = process.env;
    (async () => {
      for (let k = Number(PIPE_EPOCH) + 1; k <= Number(PIPE_EPOCHS); k++) {
        const until = Date.now() + 2000;
        while (Date.now() < until) await new Promise((done) => setTimeout(done, 20));
        mkdirSync(PIPE_COMMIT + '/draft');
        writeFileSync(PIPE_COMMIT + '/draft/state', Buffer.alloc(2 ** 24, createHash('md5').update(k + SEED).digest()));
        renameSync(PIPE_COMMIT + '/draft', PIPE_COMMIT + '/' + k);
        while (existsSync(PIPE_COMMIT + '/' + k)) await new Promise((done) => setTimeout(done, 5));
      }
      writeFileSync('model.txt', SEED);
    })();`;
  const training = (name, env, states) => {
    const cwd = path.join(work, `epochs-${states}`);
    return {
      name,
      cwd,
      argv: pipe('run'),
      env,
      prepare(round) {
        rmSync(cwd, { recursive: true, force: true });
        mkdirSync(cwd);
        // Another script each time: no round takes the epochs of the one before.
        writeFileSync(path.join(cwd, 'train.cjs'), `const SEED = '${states}${round}';${stage}`);
        writeFileSync(
          path.join(cwd, 'pipeline.yaml'),
          `remote: { url: "s3://lab-bucket/epochs", states: keep }\nparams: { epochs: 6 }\nstages:\n  train: { cmd: node train.cjs, deps: [train.cjs], params: [epochs], epochs: "\${epochs}", outs: [model.txt] }\n`,
        );
      },
    };
  };
  const { PIPE_REMOTE: _, ...travelling } = remote('epochs');
  const results = inTurn(
    [training('they stay', OFF, 'stay'), training('they travel', travelling, 'travel')],
    ROUNDS,
  );
  print(
    '6 epochs of 2 s with states of 16 MB',
    results,
    'they stay',
    'they travel ≤ 1.02 × they stay',
  );
}

function print(head, results, floor, goal) {
  console.log(`${table(head, results, floor)}\n\nGoal: ${goal}.\n`);
}

function pipe(...args) {
  return [process.execPath, PIPE, ...args];
}

function remote(folder) {
  return { ...server, PIPE_REMOTE: `s3://lab-bucket/${folder}` };
}

/** The project without its results, at another path. */
function secondMachine(project, env, name, command) {
  let at = 0;
  const machine = { name, cwd: project, argv: pipe(command), env };
  machine.prepare = () => {
    machine.cwd = `${project}-${command}-${++at}-${name.length}`;
    mkdirSync(machine.cwd);
    for (const each of ['data', 'pipeline.yaml', 'pipeline.lock'])
      if (existsSync(path.join(project, each)))
        cpSync(path.join(project, each), path.join(machine.cwd, each), { recursive: true });
    writtenBack();
  };
  return machine;
}

/** Nobody pays for what the one before, or the preparation, left in memory: `pipe` syncs young inputs. */
function writtenBack() {
  must({ cwd: work, argv: ['sync', '-f', '.'] });
}

function must({ cwd, argv, env = {} }) {
  const { status, stdout, stderr } = spawnSync(argv[0], argv.slice(1), {
    cwd,
    env: { ...ENV, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${argv.join(' ')} failed:\n${stdout}${stderr}`);
}

/** A push of as many files to a new bucket folder, and a pull without a cache. Empty without DVC. */
function dvcCommands() {
  const dvc = process.env.DVC ?? 'dvc';
  if (spawnSync(dvc, ['--version']).status !== 0) return [];
  const cwd = path.join(work, 'dvc');
  makeFiles(path.join(cwd, 'data'), SMALL_FILES);
  const env = { ...server, AWS_DEFAULT_REGION: 'us-east-1', DVC_NO_ANALYTICS: '1' };
  for (const args of [
    ['init', '--no-scm'],
    ['remote', 'add', '-d', 'lab', 's3://lab-bucket/dvc'],
    ['remote', 'modify', 'lab', 'endpointurl', server.AWS_ENDPOINT_URL],
    ['add', 'data'],
  ])
    must({ cwd, argv: [dvc, ...args], env });
  const push = {
    name: 'dvc push',
    cwd,
    argv: [dvc, 'push'],
    env,
    prepare: (round) =>
      must({
        cwd,
        argv: [dvc, 'remote', 'modify', 'lab', 'url', `s3://lab-bucket/dvc-${round}`],
        env,
      }),
  };
  const pull = {
    name: 'dvc pull',
    cwd,
    argv: [dvc, 'pull'],
    env,
    prepare() {
      for (const each of ['.dvc/cache', '.dvc/tmp', 'data'])
        rmSync(path.join(cwd, each), { recursive: true, force: true });
    },
  };
  return [push, pull];
}

function rcloneConfig() {
  const file = path.join(work, 'rclone.conf');
  writeFileSync(
    file,
    `[lab]\ntype = s3\nprovider = Other\nenv_auth = false\naccess_key_id = ${server.AWS_ACCESS_KEY_ID}\nsecret_access_key = ${server.AWS_SECRET_ACCESS_KEY}\nendpoint = ${server.AWS_ENDPOINT_URL}\n`,
  );
  return file;
}

async function startServer() {
  for (const each of ['store/lab-bucket', 'meta'])
    mkdirSync(path.join(work, each), { recursive: true });
  const free = await freePort();
  const keys = { AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'secret-of-tester' };
  const program = spawn(
    process.env.VERSITYGW ?? 'versitygw',
    [
      ...['--port', `127.0.0.1:${free}`, '--access', keys.AWS_ACCESS_KEY_ID],
      ...['--secret', keys.AWS_SECRET_ACCESS_KEY, '--quiet', 'posix'],
      ...['--sidecar', path.join(work, 'meta'), path.join(work, 'store')],
    ],
    { stdio: 'ignore' },
  );
  process.on('exit', () => program.kill('SIGKILL'));
  const AWS_ENDPOINT_URL = `http://127.0.0.1:${free}`;
  await answering(AWS_ENDPOINT_URL);
  return { env: { ...keys, AWS_ENDPOINT_URL, AWS_REGION: 'us-east-1' }, port: free };
}

async function answering(url) {
  for (let tries = 0; tries < 100; tries++) {
    const isThere = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no server at ${url}`);
}

async function freePort() {
  const listener = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => listener.once('listening', done));
  const { port: free } = listener.address();
  await new Promise((done) => listener.close(done));
  return free;
}

/** A proxy in front of the server that passes each request on so many milliseconds later. */
async function startProxy(milliseconds) {
  const count = path.join(work, `requests-${Math.random()}`);
  const script = path.resolve('bench/lib/slow-proxy.mjs');
  const proxy = spawn(process.execPath, [script, port, milliseconds, count], { stdio: 'inherit' });
  const stop = () => proxy.kill('SIGKILL');
  process.on('exit', stop);
  while (!existsSync(`${count}.port`)) await new Promise((done) => setTimeout(done, 20));
  return {
    port: Number(readFileSync(`${count}.port`, 'utf8')),
    requests: () => statSync(count).size,
    stop,
  };
}
