/** `-C <folder>`: pipe starts in another folder. */
import { existsSync, symlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import { project } from '../rig/projects.js';

const PIPELINE = 'stages: { where: { cmd: "pwd > ${outs.o}", outs: { o: where.txt } } }\n';

it.each([
  ['before the command', ['-C', 'a/b', 'run']],
  ['after the command', ['run', '-C', 'a/b']],
  ['in one word', ['-Ca/b', 'run']],
  ['twice, each from the one before', ['-C', 'a', 'run', '-C', 'b']],
  ['as a folder within the project', ['-C', 'a/b/c', 'run']],
])('-C %s runs the pipeline of that folder, with the paths of its options', async (_, words) => {
  const made = project({ 'a/b/pipeline.yaml': PIPELINE, 'a/b/c/x': '' });
  const { code, out, err } = await made.pipe(...words, '--summarize', 'summary.json');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(/^pipe: 1 ran, 0 restored, 0 fresh$/m);
  expect(made.read('a/b/where.txt').trim()).toMatch(/\/a\/b$/);
  expect(
    existsSync(made.path(words.includes('a/b/c') ? 'a/b/c/summary.json' : 'a/b/summary.json')),
  ).toBe(true);
});

it('-C gives the answer for its folder, whatever is stored for the current folder', async () => {
  const made = project({ 'pipeline.yaml': PIPELINE, 'in/pipeline.yaml': PIPELINE });
  const run = async (...words: string[]) =>
    (await made.pipe(...words)).out.trim().split('\n').at(-1);
  await run('run');
  expect(await run('run')).toBe('pipe: 0 ran, 0 restored, 1 fresh');
  expect(await run('run', '-C', 'in')).toBe('pipe: 1 ran, 0 restored, 0 fresh');
  expect(await run('-C', 'in', 'run')).toBe('pipe: 0 ran, 0 restored, 1 fresh');
  made.remove('in/where.txt');
  expect(await run('-C', 'in', 'run')).toBe('pipe: 0 ran, 1 restored, 0 fresh');
});

it.each([
  ['a folder that is not there', 'nowhere', 'there is no such folder'],
  ['a file', 'file', 'this is not a folder'],
])('-C with %s is a user error with a hint', async (_, folder, problem) => {
  const made = project({ file: '' });
  const { code, err } = await made.pipe('-C', folder, 'status');
  expect([code, err]).toEqual([
    2,
    `error: -C ${folder}: ${problem} (no-folder)\n  give the folder of a pipeline.yaml\n`,
  ]);
});

it('-C without a folder is a user error, and a pipeline.yml there gets the hint to rename it', async () => {
  const made = project({ 'in/pipeline.yml': PIPELINE });
  made.write('in/deep/file', '');
  const [bare, misnamed, below] = await Promise.all([
    made.pipe('run', '-C'),
    made.pipe('-C', 'in', 'run'),
    made.pipe('-C', 'in/deep', 'run'),
  ]);
  expect([bare.code, bare.err]).toEqual([
    2,
    'error: -C needs a folder (option-value)\n  as in: pipe -C experiments/first run\n',
  ]);
  expect(misnamed.code).toBe(2);
  expect(misnamed.err).toContain('rename pipeline.yml to pipeline.yaml');
  expect(below.err).toContain('rename ../pipeline.yml to pipeline.yaml');
});

it('a pipeline.yaml that is a broken link gets the hint to correct it', async () => {
  const made = project({ file: '' });
  symlinkSync('nowhere.yaml', made.path('pipeline.yaml'));
  const { code, err } = await made.pipe('run');
  expect(code).toBe(2);
  expect(err).toContain('pipeline.yaml is a link to a file that does not exist: correct the link');
});
