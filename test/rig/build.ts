/** Builds dist/ from src/ before the tests, because they run the real command. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export default function setup(): void {
  node(root, 'build.mjs');
  fillCodeCache();
}

/**
 * V8's code cache contains the functions that the first command used. Most commands of the tests
 * are runs, which start more slowly if the first command was another one.
 */
function fillCodeCache(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-test-'));
  try {
    const yaml = 'stages: { s: { cmd: "echo > ${outs.o}", outs: { o: o.txt } } }\n';
    writeFileSync(path.join(folder, 'pipeline.yaml'), yaml);
    node(folder, path.join(root, 'bin/pipe.cjs'), 'run', '--json');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function node(cwd: string, ...args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed:\n${stdout}${stderr}`);
}
