/** The packed tarball, as npm installs it in a project. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Project } from './project.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the tarball holds, and the only package that it names. Gives the path of its command. */
export function installPacked(project: Project): string {
  // Not `--json`: npm 11 and npm 12 print it in different shapes.
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', project.root];
  const packed = spawnSync('npm', pack, { cwd: root, encoding: 'utf8' });
  expect(packed.status, packed.stderr).toBe(0);
  const filename = packed.stdout.trim();
  const folder = project.path('node_modules/pipe-run');
  mkdirSync(folder, { recursive: true });
  const options = ['-xzf', project.path(filename), '-C', folder, '--strip-components=1'];
  expect(spawnSync('tar', options).status).toBe(0);
  project.remove(filename);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  expect(Object.keys(manifest.dependencies)).toEqual(['esbuild']);
  symlinkSync(join(root, 'node_modules/esbuild'), project.path('node_modules/esbuild'));
  return join(folder, manifest.bin.pipe);
}
