/** Limits of the shell (`ulimit`) fail the items that meet them, and nothing else. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BIN, outcomeOf, type Project, surroundings } from '../rig/project.js';
import { project } from '../rig/projects.js';

/** A run in a shell with a limit. It must end within a minute: one that hangs is killed. */
function runUnder(limit: string, { root, env }: Project, ...args: string[]) {
  const script = `ulimit ${limit}; exec "$@"`;
  const command = [process.execPath, BIN, 'run', '--json', '-k', ...args];
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', ...command], {
    cwd: root,
    env: surroundings(env),
    encoding: 'utf8',
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  return { code: status, err: stderr, ...outcomeOf(stdout) };
}

function manyItems(count: number, cmd: string): Project {
  const axis = Array.from({ length: count }, (_, at) => at).join(', ');
  return project({
    'pipeline.yaml': `stages:
  s: { matrix: { n: [${axis}] }, cmd: "${cmd}", outs: { o: "cache/out/\${n}" } }
`,
  });
}

it.each([30, 40, 60])('with %i open files, only items fail, and no lock remains', async (files) => {
  const made = manyItems(60, 'echo ${n} > ${outs.o}');
  const { code, err, summary } = runUnder(`-n ${files}`, made, '--concurrency', '30');
  expect([code, err]).toEqual([1, '']);
  const { ran = 0, fresh = 0, failed = 0, cancelled, blocked } = summary ?? {};
  expect(failed).toBeGreaterThan(0);
  expect([ran + fresh + failed, cancelled, blocked]).toEqual([60, 0, 0]);
  expect(readdirSync(made.path('cache/locks'))).toEqual([]);
  const next = await made.run();
  expect(next.code).toBe(0);
  expect(next.summary).toMatchObject({ ran: failed, fresh: ran + fresh });
  expect(made.read('cache/out/59')).toBe('59\n');
});

it('with a limit on the size of files, each item fails, without a warning from Node', async () => {
  const made = manyItems(30, 'seq 10000 > ${outs.o}');
  const { code, err, items, summary } = runUnder('-f 1', made, '--concurrency', '30');
  expect([code, err, summary?.failed]).toEqual([1, '', 30]);
  for (const { failure } of Object.values(items)) expect(failure?.message).toBe('exit code 153');
  expect((await made.run()).summary).toMatchObject({ ran: 30, failed: 0 });
});
