/** What a small item costs the run besides its process. */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { BIN, Project, surroundings } from '../rig/project.js';

/** The most calls for an item, on average: 94, and some for a machine that is busy. */
const LIMIT = 105;

/**
 * Loaded before the command: prints how often it asks the file system, except `/proc`, or only how
 * often it reads the file of COUNTED.
 */
const COUNTER = `
const { COUNTED } = process.env;
const fs = require('node:fs');
let calls = 0;
const counting = (call) =>
  Object.assign((...args) => {
    const file = String(args[0]);
    if (COUNTED === undefined ? !file.startsWith('/proc') : file.endsWith(COUNTED)) calls++;
    return call(...args);
  }, call);
for (const [name, call] of Object.entries(fs)) {
  if (!call || !name.endsWith('Sync') || name === 'closeSync') continue;
  if (COUNTED !== undefined && !/^(?:openSync|readFileSync)$/.test(name)) continue;
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
  return callsOf({ 'pipeline.yaml': `stages:\n${stages.join('')}` });
}

/** Calls of a first run, or only how often it reads one file. */
function callsOf(files: Readonly<Record<string, string>>, counted?: string): number {
  const project = new Project({ ...files, 'counter.cjs': COUNTER });
  if (counted !== undefined) project.env.COUNTED = counted;
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

it('the params files and outs that a script names are found by reading it once, for all items', () => {
  const readsFor = (items: number) =>
    callsOf(
      {
        'params.yaml': 'train: { rate: 1 }\n',
        'tools/train.sh': 'cat params.yaml > "$1"\n',
        'pipeline.yaml': `params: params.yaml
stages:
  s:
    matrix: { n: [${Array.from({ length: items }, (_, at) => at)}] }
    cmd: sh tools/train.sh \${outs.o}
    params: [train]
    outs: { o: "out/\${n}" }
`,
      },
      'tools/train.sh',
    );
  const few = readsFor(1);
  expect(few).toBeGreaterThan(1);
  expect(readsFor(6)).toBe(few);
});
