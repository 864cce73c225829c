/**
 * Trivial commands for the first time, two at a time: `node bench/first-run.mjs [items [peer,peer]]`,
 * 1,000 by default. In turn with bare spawns of the same shell commands with piped output, and the
 * peers.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inTurn, moveAside, table, temporaryFolder } from './lib/measure.mjs';
import { peerCommands } from './lib/peers.mjs';
import { PIPE, trivialItems } from './lib/projects.mjs';

const ITEMS = Number(process.argv[2] ?? 1_000);
const PEERS = process.argv[3]?.split(',');
const BARE = 'bare spawns';
const work = temporaryFolder();

const project = path.join(work, 'project');
const pipe = {
  name: 'pipe run',
  cwd: project,
  argv: [process.execPath, PIPE, 'run', '--concurrency', '2'],
  prepare() {
    moveAside(project);
    trivialItems(project, ITEMS);
  },
};

const bareFolder = path.join(work, 'bare');
writeFileSync(
  path.join(work, 'bare.cjs'),
  `
const { spawn } = require('node:child_process');
let at = 0;
function next() {
  if (at === ${ITEMS}) return;
  const child = spawn('/bin/sh', ['-c', 'echo ' + at + ' > ' + at++ + '.txt'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  child.stderr.resume();
  child.on('close', next);
}
next();
next();
`,
);
const bare = {
  name: BARE,
  cwd: bareFolder,
  argv: [process.execPath, path.join(work, 'bare.cjs')],
  prepare() {
    moveAside(bareFolder);
    mkdirSync(bareFolder);
  },
};

const { commands, missing } = peerCommands(work, ITEMS, PEERS);
const peers = commands.map((command) => ({ ...command, prepare: command.forget }));
const results = inTurn([bare, pipe, ...peers]);
for (const name of missing) results.set(name, { failed: 'missing here' });
console.log(`## First run\n\n\`node bench/first-run.mjs\`\n
${table(`${ITEMS.toLocaleString('en')} cmd items, 2 at a time`, results, BARE)}\n
Goal: ≤ 3 × bare spawns, ahead of snakemake, wireit, turbo, DVC. DVC runs one at a time; it has no other way.\n`);
