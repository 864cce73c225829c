/** Places where the system makes no folder: a message, and never a command without end. */
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { project } from '../rig/projects.js';

const PIPELINE = 'stages: { a: { cmd: "echo 1 > a.txt", outs: [a.txt] } }\n';

it.skipIf(!existsSync('/proc/self')).each([
  ['verify', ['verify', '--report', '/proc/none/verify.json'], 2],
  ['run', ['run', '--summarize', '/proc/none/run.json'], 2],
  ['report', ['report', '--out', '/proc/none/page.html'], 1],
  ['checkout', ['checkout', 'a', '/proc/none/a'], 1],
])('%s reports it', async (_name, args, code) => {
  const made = project({ 'pipeline.yaml': PIPELINE });
  expect((await made.pipe('run')).code).toBe(0);
  const ended = await made.pipe(...args);
  expect([ended.code, ended.err]).toEqual([code, expect.stringContaining('/proc/none')]);
  expect(ended.err).not.toContain('internal error');
});

it.skipIf(!existsSync('/proc/self')).each([
  ['PIPE_CACHE', '/proc/none'],
  ['PIPE_RUNTIME_DIR', '/proc/none'],
  ['PIPE_REMOTE', 'file:///proc/none'],
])('a run with %s there ends', async (name, value) => {
  const made = project({ 'pipeline.yaml': PIPELINE });
  made.env[name] = value;
  const ended = await made.pipe('run');
  expect([0, 1, 2]).toContain(ended.code);
  expect(ended.err + ended.out).not.toContain('internal error');
});
