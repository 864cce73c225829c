/** The built command on a Node that is too old for it. Only its version is pretended. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BIN, surroundings } from '../rig/project.js';
import { project } from '../rig/projects.js';

const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
const needed = JSON.parse(manifest).engines.node.replace('>=', '') as string;

function onNode(version: string) {
  const made = project({
    'version.cjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
  });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', made.path('version.cjs'), BIN, '--version'],
    { cwd: made.root, env: surroundings(made.env), encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

it.each(['18.20.8', '20.18.3'])('says on Node %s which version it needs', (version) => {
  expect(onNode(version)).toEqual({
    status: 2,
    stdout: '',
    stderr: `pipe: error: Node ${version} is too old: install Node ${needed} or later\n`,
  });
});

it.each(['20.19.0', '22.0.0'])('runs on Node %s', (version) => {
  expect(onNode(version)).toMatchObject({ status: 0, stderr: '' });
});
