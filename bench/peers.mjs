/**
 * Installs peers that are not in the system's packages: `node bench/peers.mjs <folder>`, a folder
 * outside of the repository, for BENCH_PEERS. make, ninja and snakemake are Debian's: `apt-get
 * install make ninja-build snakemake`.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const folder = path.resolve(process.argv[2] ?? '');
if (process.argv[2] === undefined) throw new Error('usage: node bench/peers.mjs <folder>');
const npm = path.join(folder, 'npm');
mkdirSync(npm, { recursive: true });
writeFileSync(path.join(npm, 'package.json'), '{"private":true}');
run('npm', ['install', '--no-audit', '--no-fund', 'turbo', 'nx', 'wireit'], npm);
run('python3', ['-m', 'venv', 'venv'], folder);
run('venv/bin/pip', ['install', '--quiet', 'dvc'], folder);

function run(program, args, cwd) {
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')}: exit code ${status}`);
}
