/** An internal error of the built command. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { installPacked } from '../rig/packed.js';
import { Project, surroundings } from '../rig/project.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Loaded before the command: makes the stat of pipeline.yaml throw an unexpected error. */
const BROKEN_STAT = `
const fs = require('node:fs');
const { statSync } = fs;
fs.statSync = (file, options) => {
  if (String(file).endsWith('pipeline.yaml')) throw new TypeError('planned');
  return statSync(file, options);
};
`;

let project: Project;
let bin: string;

beforeAll(() => {
  project = new Project({
    'broken-stat.cjs': BROKEN_STAT,
    'pipeline.yaml': 'stages: { a: { cmd: "true" } }\n',
  });
  bin = installPacked(project);
});
afterAll(() => project.dispose());

/** Stderr of the command. */
function crash(): string {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', project.path('broken-stat.cjs'), bin, 'status'],
    { cwd: project.root, env: surroundings(project.env), encoding: 'utf8' },
  );
  expect([status, stdout]).toEqual([1, '']);
  return stderr;
}

it('an internal error of the packed command names the line of the source', () => {
  const text = crash();
  expect(text).toMatch(/^pipe: internal error\nTypeError: planned\n/);
  const [, file = '', line = ''] = /at openProject \((src\/\S+\.ts):(\d+):\d+\)/.exec(text) ?? [];
  const lines = readFileSync(path.join(root, file), 'utf8').split('\n');
  expect(lines[Number(line) - 1]).toContain('readSet.stat(');
  expect(text).not.toContain('dist/pipe.cjs');
});

it('with a damaged source map, an internal error shows the raw stack and the reason', () => {
  writeFileSync(path.join(path.dirname(bin), '../dist/pipe.cjs.map'), '{ "version": 3');
  const text = crash();
  expect(text).toMatch(/at openProject \(\S+\/dist\/pipe\.cjs:\d+:\d+\)/);
  expect(text).toMatch(/pipe\.cjs\.map cannot be read, so no source lines are shown: SyntaxError/);
});
