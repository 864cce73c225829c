/** docs/getting-started.md, followed word for word in a folder that has the packed package and nothing else. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GettingStarted, sections } from '../../docs/support/getting-started.js';
import type { Project } from '../../rig/project.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;

let start: GettingStarted;
beforeAll(() => {
  start = new GettingStarted();
});
afterAll(() => start.dispose());

/**
 * The way of the page without an environment: the package of the tarball on PYTHONPATH. The other way,
 * with the wheel, takes longer: test/long/getting-started-wheel.test.ts.
 */
function withoutInstallation(project: Project): void {
  expect(sections.get('In Python, with the package')).toContain(
    'set `PYTHONPATH=node_modules/pipe-run/python`, and write `python3` for `.venv/bin/python`',
  );
  project.env.PYTHONPATH = 'node_modules/pipe-run/python';
  project.write('.venv/bin/python', '#!/bin/sh\nexec python3 "$@"\n');
  chmodSync(project.path('.venv/bin/python'), 0o755);
}

describe('docs/getting-started.md', () => {
  it.runIf(hasPython)('holds in Python, line by line', () => start.follow('In Python'));

  it.runIf(hasPython)('holds in Python with the package, line by line', () =>
    start.follow('In Python, with the package', withoutInstallation),
  );

  it('holds in TypeScript, line by line', () => start.follow('In TypeScript'));
});
