/** What a small item costs the run besides its process. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { BIN, Project, surroundings } from '../rig/project.js';

/** The most calls for an item, on average: 100, and some for a machine that is busy. */
const LIMIT = 115;

/** Loaded before the command: prints how often it asks the file system, except `/proc`. */
const COUNTER = `
const fs = require('node:fs');
let calls = 0;
const counting = (call) =>
  Object.assign((...args) => {
    if (!String(args[0]).startsWith('/proc')) calls++;
    return call(...args);
  }, call);
for (const [name, call] of Object.entries(fs)) {
  if (!call || !name.endsWith('Sync') || name === 'closeSync') continue;
  fs[name] = counting(call);
  if (call.native) fs[name].native = counting(call.native);
}
process.on('exit', () => fs.writeSync(2, String(calls)));
`;

/** Calls of a first run of this many items. */
function callsFor(items: number): number {
  const stages = Array.from(
    { length: items },
    (_, at) => `  i${at}: { cmd: 'echo ${at} > out/${at}', outs: [out/${at}] }\n`,
  );
  const project = new Project({
    'counter.cjs': COUNTER,
    'pipeline.yaml': `stages:\n${stages.join('')}`,
  });
  try {
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--require', project.path('counter.cjs'), BIN, 'run'],
      { cwd: project.root, env: surroundings(project.env), encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
    return Number(stderr);
  } finally {
    project.dispose();
  }
}

it('the first run of a small item asks the file system about a hundred times', () => {
  const calls = (callsFor(24) - callsFor(4)) / 20;
  expect(calls).toBeGreaterThan(50);
  expect(calls).toBeLessThan(LIMIT);
});
