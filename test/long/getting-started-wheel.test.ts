/**
 * "In Python, with the package" of docs/getting-started.md with the built wheel in an environment of the
 * project. Skipped where `venv` does not work, or where neither hatchling nor pip can build the wheel.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { GettingStarted, sections } from '../docs/support/getting-started.js';
import { PACKAGE } from '../rig/python.js';

const folder = mkdtempSync(path.join(tmpdir(), 'pipe-wheel-'));
const start = new GettingStarted();
afterAll(() => {
  start.dispose();
  rmSync(folder, { recursive: true, force: true });
});

/** Of an environment with hatchling, as CI has one; else pip fetches hatchling. */
const venv = process.env.PIPE_TEST_PYTHON;
const python = venv === undefined ? 'python3' : path.join(venv, 'bin/python');

/** The end of a command that hangs: on a loaded machine, `venv` takes minutes. */
const HANGS = 1_800_000;

function works(command: string, args: readonly string[], cwd = folder): boolean {
  return spawnSync(command, args, { cwd, timeout: HANGS }).status === 0;
}

/** Why there is no wheel or no environment to install it in; undefined when there are both. */
function problem(): string | undefined {
  const isBuilt =
    works(python, ['-m', 'hatchling', 'build', '-t', 'wheel', '-d', folder], PACKAGE) ||
    works('python3', ['-m', 'pip', 'wheel', '--no-deps', '-w', folder, PACKAGE]);
  if (!isBuilt)
    return 'the wheel cannot be built: hatchling is not installed, and pip cannot fetch it';
  if (!works('python3', ['-c', 'import ensurepip, venv'])) return 'python3 -m venv does not work';
  return undefined;
}

it('a new user follows it with the packed tarball and the wheel', (test) => {
  const why = problem();
  test.skip(why !== undefined, why);
  const [wheel] = readdirSync(folder).filter((name) => name.endsWith('.whl'));
  start.follow('In Python, with the package', (project) => {
    expect(sections.get('In Python, with the package')).toContain(
      '```sh\npython3 -m venv .venv\n.venv/bin/pip install /path/to/clone/python/dist/pipe_run-0.1.0-py3-none-any.whl\n```',
    );
    expect(works('python3', ['-m', 'venv', '.venv'], project.root)).toBe(true);
    const install = ['install', '--no-index', path.join(folder, wheel as string)];
    expect(works('.venv/bin/pip', install, project.root)).toBe(true);
  });
});
