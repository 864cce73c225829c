/**
 * `npm run bench`: all measurements, written to bench/RESULTS.md with the machine and the versions.
 * `npm run bench first-run cache` measures these again and leaves the other sections as they are.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { versions } from './lib/peers.mjs';

const SCRIPTS = [
  'nothing-to-do',
  'first-run',
  'planning',
  'cache',
  'epoch-commit',
  'train',
  'remote',
];
const RESULTS = 'bench/RESULTS.md';

const wanted = process.argv.length > 2 ? process.argv.slice(2) : SCRIPTS;
for (const script of wanted) {
  if (!SCRIPTS.includes(script)) throw new Error(`no such measurement: ${script}`);
  replaceSection(measure(script));
}

/** Its section, from the heading on, with when it was measured and what else the machine did. */
function measure(script) {
  process.stderr.write(`bench/${script}.mjs\n`);
  const before = load();
  const { status, stdout } = spawnSync(process.execPath, [`bench/${script}.mjs`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`bench/${script}.mjs failed`);
  const day = new Date().toISOString().slice(0, 10);
  return `${stdout.trim()}\n\nMeasured ${day}; load of the machine ${before} before, ${load()} after.\n`;
}

function load() {
  return loadavg()[0].toFixed(1);
}

/** In the order of the scripts; what follows them, written by hand, stays. */
function replaceSection(section) {
  const heading = section.slice(0, section.indexOf('\n'));
  const [, ...old] = readFileSync(RESULTS, 'utf8').split(/^(?=## )/m);
  const at = old.findIndex((each) => each.startsWith(`${heading}\n`));
  if (at < 0) old.push(section);
  else old[at] = section;
  writeFileSync(RESULTS, `${[head(), ...old].map((each) => each.trim()).join('\n\n')}\n`);
}

function head() {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  return `# Results

Written by \`npm run bench\`. Medians of whole processes in turn (A B C A B C …), so that other
load of the machine affects all of them alike. On a busy machine, CPU time (user and system, of the
process and its children) is more reliable than wall time. NODE_EXTRA_CA_CERTS is unset for all: with
it Node 20 starts three times as slowly.

| | |
|---|---|
| machine | ${availableParallelism()} cores of ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()} |
| Node | ${process.version} |
| pipe | ${version} |
| peers | ${versions().join(', ')} |`;
}
