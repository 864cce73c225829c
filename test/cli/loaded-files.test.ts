/** Which files of dist/ a run reads: code that one command needs must not slow down the others. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { BIN, Project, surroundings } from '../rig/project.js';

/** The most bytes of code that a run with nothing to do may load; see docs/architecture.md. */
const LIMIT = 455_000;

const DIST = path.resolve(path.dirname(BIN), '../dist');

/** Loaded before the command: prints each file that it reads. */
const RECORDER = `
const fs = require('node:fs');
const { readFileSync } = fs;
const read = new Set();
fs.readFileSync = (file, ...rest) => {
  read.add(String(file));
  return readFileSync(file, ...rest);
};
process.on('exit', () => fs.writeSync(2, JSON.stringify([...read])));
`;

let project: Project;

beforeAll(() => {
  project = new Project({
    'recorder.cjs': RECORDER,
    'pipeline.yaml': 'stages: { a: { cmd: "echo 1 > o", outs: [o] } }\n',
  });
  for (let time = 0; time < 2; time++) loaded('run');
});
afterAll(() => project.dispose());

/** The command's files, relative to dist/. */
function loaded(...argv: string[]): string[] {
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--require', project.path('recorder.cjs'), BIN, ...argv],
    { cwd: project.root, env: surroundings(project.env), encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  const all = JSON.parse(stderr.slice(stderr.lastIndexOf('['))) as string[];
  return all
    .map((file) => path.relative(DIST, file))
    .filter((file) => !file.startsWith('.') && file.endsWith('.cjs'))
    .sort();
}

it('a run with nothing to do loads no code of other commands, and no library', () => {
  const files = loaded('run', '--json');
  expect(files).toEqual(['main.cjs', 'pipe.cjs']);
  const bytes = files.map((file) => statSync(path.join(DIST, file)).size);
  expect(bytes.reduce((sum, each) => sum + each)).toBeLessThan(LIMIT);
});

it('only a run that prints text looks for a stored answer', () => {
  expect(loaded('run')).toContain('fast-path.cjs');
});

it.each([['run', '--dry'], ['status'], ['why', 'a']])(
  '%s %s loads no more than that',
  (...argv) => {
    expect(loaded(...argv).filter((file) => file !== 'fast-path.cjs')).toEqual([
      'main.cjs',
      'pipe.cjs',
    ]);
  },
);

it('another command loads its own code on demand', () => {
  expect(loaded('metrics')).toEqual(['main.cjs', 'pipe.cjs', 'rest.cjs']);
});

/** Prints each flag that V8 gets, and each code cache that is made, in their order. */
const FLAGS = `
const { writeSync } = require('node:fs');
const v8 = require('node:v8');
const { Script } = require('node:vm');
const { setFlagsFromString } = v8;
v8.setFlagsFromString = (flag) => {
  writeSync(2, flag + ' ');
  setFlagsFromString(flag);
};
const { createCachedData } = Script.prototype;
Script.prototype.createCachedData = function () {
  writeSync(2, 'cache ');
  return createCachedData.call(this);
};
`;

/** A copy of the tool without a code cache, and a command of it. */
function newCopy(files: Readonly<Record<string, string>>) {
  const made = new Project(files);
  onTestFinished(() => made.dispose());
  const dist = made.path('pipe/dist');
  cpSync(DIST, dist, { recursive: true, filter: (file) => path.basename(file) !== '.code' });
  for (const part of ['bin', 'package.json'])
    cpSync(path.join(DIST, '..', part), made.path(`pipe/${part}`), { recursive: true });
  const run = (argv: readonly string[], node: readonly string[] = []) => {
    const options = { cwd: made.root, env: surroundings(made.env), encoding: 'utf8' } as const;
    const command = [...node, made.path('pipe/bin/pipe.cjs'), ...argv];
    const { status, stderr } = spawnSync(process.execPath, command, options);
    expect(status, stderr).toBe(0);
    return stderr;
  };
  return { made, dist, run };
}

it('V8 keeps all code that a first command runs until the code cache is made', () => {
  const { made, run } = newCopy({ 'pipeline.yaml': 'stages: {}\n', 'flags.cjs': FLAGS });
  const recorded = () => run(['status', '--json'], ['--require', made.path('flags.cjs')]);
  expect(recorded()).toMatch(/^--no-flush-bytecode --flush-bytecode (cache )+$/);
  expect(recorded()).toBe('');
});

it('the code cache that a run of many items leaves is the one that the next command uses', () => {
  const names = Array.from({ length: 60 }, (_, at) => `o${at}`).join(', ');
  const { dist, run } = newCopy({
    'pipeline.yaml': `stages: { s: { matrix: { o: [${names}] }, cmd: "echo 1 > \${outs.o}", outs: { o: "\${o}" } } }\n`,
  });
  const written = (...argv: string[]) => {
    run(argv);
    const folder = path.join(dist, '.code');
    return readdirSync(folder).map((name) => [name, statSync(path.join(folder, name)).ino]);
  };
  const first = written('run');
  expect(first.map(([name]) => String(name).split('-')[0])).toContain('rest');
  expect(written('run', '--force', '--only', 's@o0')).toEqual(first);
});
