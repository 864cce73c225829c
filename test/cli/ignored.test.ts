/** A project's cache is not committed by accident, even without a .gitignore. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `
stages:
  write:
    cmd: printf one > \${outs.text}
    outs: { text: cache/out/text.txt }
`;

it('a new cache is ignored by git, pipeline.lock is not', async () => {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: made.root, encoding: 'utf8' });
  git('init', '--quiet');
  expect((await made.pipe('run')).code).toBe(0);
  git('add', '-A', '--', ':!.runtime');
  expect(git('diff', '--cached', '--name-only')).toBe('pipeline.lock\npipeline.yaml\n');
});

it('the user decides for an existing cache', async () => {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  await made.pipe('run');
  made.remove('cache/.gitignore');
  made.write('pipeline.yaml', PIPELINE.replace('one', 'two'));
  expect((await made.pipe('run')).out).toContain('pipe: 1 ran');
  expect(existsSync(made.path('cache/.gitignore'))).toBe(false);
});

it('in a folder with user files, PIPE_CACHE makes git ignore nothing', async () => {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE, 'store/mine.txt': '' });
  made.env.PIPE_CACHE = 'store';
  expect((await made.pipe('run')).code).toBe(0);
  expect(existsSync(made.path('store/v1'))).toBe(true);
  expect(existsSync(made.path('store/.gitignore'))).toBe(false);
});
