/** gc in a loop while processes store objects: recorded results exist. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { TestProject } from '../../cache/project.js';

test('gc does not collect a stored result that a process is recording again', async () => {
  const project = new TestProject();
  const script = project.at('beside.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('../../cache/beside.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
  const start = (...args: string[]) => {
    const child = spawn(process.execPath, [script, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number, output }));
    return { child, ended };
  };
  const collector = start('collect', project.root);
  const storers = ['one', 'two'].map((name) => start('store', project.root, name, '400'));
  for (const { ended } of storers) expect(await ended).toEqual({ code: 0, output: '' });
  collector.child.stdin.end();
  const { code, output } = await collector.ended;
  expect(code).toBe(0);
  // Otherwise the test proves nothing.
  expect(Number(/removed (\d+)/.exec(output)?.[1])).toBeGreaterThan(20);
});
