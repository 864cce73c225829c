/** The packed tarball, as npm installs it in a project. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Project } from './project.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

let packed: Buffer | undefined;

/** The tarball that `npm pack` makes: once for all test files of a worker, since it takes a second. */
function tarball(): Buffer {
  if (packed !== undefined) return packed;
  const folder = mkdtempSync(join(tmpdir(), 'pipe-pack-'));
  try {
    // Not `--json`: npm 11 and npm 12 print it in different shapes.
    const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
    const { status, stdout, stderr } = spawnSync('npm', pack, { cwd: root, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    packed = readFileSync(join(folder, stdout.trim()));
    return packed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Installs the tarball, and the only package that it names. Gives the path of its command. */
export function installPacked(project: Project): string {
  const folder = project.path('node_modules/pipe-run');
  mkdirSync(folder, { recursive: true });
  const unpacked = spawnSync('tar', ['-xz', '-C', folder, '--strip-components=1'], {
    input: tarball(),
  });
  expect(unpacked.status, String(unpacked.stderr)).toBe(0);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  expect(Object.keys(manifest.dependencies)).toEqual(['esbuild']);
  symlinkSync(join(root, 'node_modules/esbuild'), project.path('node_modules/esbuild'));
  const command = join(folder, manifest.bin.pipe);
  mkdirSync(project.path('node_modules/.bin'));
  symlinkSync(join('..', 'pipe-run', manifest.bin.pipe), project.path('node_modules/.bin/pipe'));
  return command;
}
