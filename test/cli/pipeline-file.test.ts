/** `--file <path>`: pipe reads another pipeline file. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { project } from '../rig/projects.js';

const stage = (name: string) =>
  `stages: { ${name}: { cmd: "echo x > \${outs.o}", outs: { o: out/${name}.txt } } }\n`;

function made(): Project {
  return project({
    'pipeline.yaml': stage('main'),
    'pipelines/other.yaml': stage('other'),
    'in/x': '',
  });
}

const last = (text: string) => text.trim().split('\n').at(-1);

it('is read by every command, with the root and the cache of the project', async () => {
  const own = made();
  const first = await own.pipe('--file', 'pipelines/other.yaml', 'run');
  expect([first.code, first.err, last(first.out)]).toEqual([
    0,
    '',
    'pipe: 1 ran, 0 restored, 0 fresh',
  ]);
  expect(existsSync(own.path('out/other.txt'))).toBe(true);
  expect(existsSync(own.path('pipelines/cache'))).toBe(false);
  expect(existsSync(own.path('pipelines/other.yaml.lock'))).toBe(true);
  expect(existsSync(own.path('pipeline.lock'))).toBe(false);
  const words: [string[], string | RegExp][] = [
    [['status'], /^ *other +fresh/m],
    [['why', 'other'], /other/],
    [['log', 'other', '--json'], /"item": "other"/],
    [['graph', '--dot'], /other/],
    [['lock', '--check'], 'pipelines/other.yaml.lock is up to date: 1 item\n'],
    [['run', '--frozen'], 'pipe: would run 0, 1 fresh\n'],
    [['results', '--json'], /"state": "current"/],
    [['verify', 'other'], /other/],
    [['doctor'], /1 item/],
    [['stage', 'types'], /[Oo]ther/],
    [['params'], 'there are no params: write them under `params:`\n'],
    [['cache', 'gc'], /./],
  ];
  for (const [command, text] of words) {
    const ended = await own.pipe(...command, '--file=pipelines/other.yaml');
    expect([command, ended.code, ended.err]).toEqual([command, 0, '']);
    if (typeof text === 'string') expect(ended.out).toBe(text);
    else expect(ended.out).toMatch(text);
  }
  own.write('pipelines/other.yaml', stage('another'));
  const check = await own.pipe('lock', '--file=pipelines/other.yaml');
  expect([check.code, check.out]).toEqual([
    3,
    'other: is not an item of the pipeline\nanother: not in pipelines/other.yaml.lock\n',
  ]);
});

it('is one of several pipelines of a project, which do not disturb each other', async () => {
  const own = made();
  const run = async (...words: string[]) => last((await own.pipe(...words)).out);
  for (const words of [['run'], ['run', '--file', 'pipelines/other.yaml']])
    expect(await run(...words)).toBe('pipe: 1 ran, 0 restored, 0 fresh');
  for (const words of [
    ['run'],
    ['run', '--file', 'pipelines/other.yaml'],
    ['run'],
    ['-C', 'in', 'run', '--file', '../pipelines/other.yaml'],
    ['-C', 'pipelines', 'run', '--file', 'other.yaml'],
  ])
    expect(await run(...words)).toBe('pipe: 0 ran, 0 restored, 1 fresh');
  expect(own.read('pipeline.lock')).toContain('main');
  expect(own.read('pipelines/other.yaml.lock')).not.toContain('main');
  own.remove('out');
  expect(await run('run')).toBe('pipe: 0 ran, 1 restored, 0 fresh');
  expect(existsSync(own.path('out/other.txt'))).toBe(false);
});

it('makes its own folder the project if there is no pipeline.yaml', async () => {
  const own = project({ 'deep/a.yaml': stage('a') });
  expect(last((await own.pipe('run', '--file', 'deep/a.yaml')).out)).toBe(
    'pipe: 1 ran, 0 restored, 0 fresh',
  );
  expect(existsSync(own.path('deep/out/a.txt'))).toBe(true);
});

it.each([
  [
    ['run', '--file', 'no.yaml'],
    /there is no no\.yaml here \(no-pipeline\)\n {2}correct the path after --file/,
  ],
  [['run', '--file'], /^error: --file needs a pipeline file \(option-value\)/],
  [['run', '--file', 'a', '--file=b'], /--file is given twice/],
  [['init', '--file', 'a.yaml'], /pipe init does not read a pipeline file/],
  [['status', '--file', 'in'], /is a folder, not a file/],
  [['status', '--file', 'bad.yaml'], /^bad\.yaml:1:\d+: error: .*stage/],
  [['status', '--file', 'own.yaml'], /would overwrite own\.yaml|own\.yaml/],
])('%j is a user error with its place', async (words, message) => {
  const own = project({
    'in/x': '',
    'pipeline.yaml': stage('main'),
    'bad.yaml': 'stagess: {}\n',
    'own.yaml': 'stages: { a: { cmd: "true", outs: { o: own.yaml } } }\n',
  });
  const { code, err } = await own.pipe(...words);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
