/** Commands that only print work for a user who may not write, and create nothing. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { BIN, type Project, surroundings } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `
stages:
  train:
    cmd: |
      mkdir $PIPE_COMMIT/d; echo 1 > $PIPE_COMMIT/d/w; mv $PIPE_COMMIT/d $PIPE_COMMIT/1
      echo done; echo '{"loss":1}' > \${outs.m}
    metrics: { m: cache/out/m.json }
    epochs: 1
`;

/** Root may write anywhere. */
const READER = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Removes write permission for everybody, until the test ends. */
function readOnly(project: Project): void {
  const paths = readdirSync(project.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const folders = [project.root, ...paths];
  for (const folder of folders) chmodSync(folder, 0o555);
  onTestFinished(() => {
    for (const folder of folders) chmodSync(folder, 0o755);
  });
}

it('work without write permission', async () => {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  await made.run();
  const pages = mkdtempSync(path.join(tmpdir(), 'pipe-reader-'));
  onTestFinished(() => rmSync(pages, { recursive: true }));
  chmodSync(pages, 0o777);
  readOnly(made);
  const env = surroundings(made.env);
  const pipe = (...args: string[]) =>
    spawnSync(process.execPath, [BIN, ...args], {
      cwd: made.root,
      env,
      encoding: 'utf8',
      ...READER,
    });
  const commands = ['run', 'run --dry', 'status', 'why train', 'epochs train', 'log train'];
  const data = ['metrics', 'params', 'results', 'cache stats', 'cache verify', 'lock --check'];
  for (const command of [...commands, ...data, `report --out ${pages}/report.html`]) {
    const { status, stderr } = pipe(...command.split(' '));
    const other = stderr.split('\n').filter((line) => !/^(warning: .* \(EACCES\))?$/.test(line));
    expect([command, status, other]).toEqual([command, 0, []]);
  }
  expect(pipe('results').stdout).toMatch(/^\w+ +train +.* current$/m);
  expect(pipe('results').stderr).toContain('warning: the index of results is not saved (EACCES)\n');
});

it('create no file in a project that has not run', async () => {
  const files = { 'pipeline.yaml': `params: { a: 1 }${PIPELINE}    deps: [data]\n`, 'data/x': '' };
  const made = projectWithin(files);
  const before = readdirSync(made.root, { recursive: true });
  const pages = mkdtempSync(path.join(tmpdir(), 'pipe-reader-'));
  onTestFinished(() => rmSync(pages, { recursive: true }));
  const decisions = ['run --dry', 'run --frozen', 'status', 'why train', 'graph', 'params'];
  const data = ['metrics', 'plots', 'results', 'epochs train', 'log train', 'results diff a b'];
  const others = ['cache stats', 'cache verify', 'cache gc --dry', 'doctor', 'lock --check'];
  const page = `report --out ${pages}/report.html`;
  for (const command of [...decisions, ...data, ...others, page]) {
    const { err } = await made.pipe(...command.split(' '));
    expect(err).not.toContain('warning');
    expect([command, ...readdirSync(made.root, { recursive: true })]).toEqual([command, ...before]);
  }
});
