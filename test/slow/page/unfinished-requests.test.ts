/** Attacks on `pipe ui` by clients that it gives up after ten seconds. */
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { FILES } from '../../page/demo.js';
import { ask, dial, ended, started } from '../../page/ui.js';
import { Project } from '../../rig/project.js';

it('clients that do not finish their requests, or read no answer, do not stop pipe ui', async () => {
  const project = new Project(FILES);
  onTestFinished(() => project.dispose());
  await project.pipe('run', '-k');
  const [ui, port] = await started(project);
  const answers = async () => (await ask(port, '/data.json')).status;

  const whole = `GET /data.json HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`;
  const halves = await Promise.all(Array.from({ length: 200 }, () => dial(port, whole, true)));
  for (let at = 0; at < 100; at++) await dial(port, `${whole}\r\n`.repeat(20));
  expect(await answers()).toBe(200);
  const [half] = halves as [Socket];
  half.setEncoding('utf8');
  let told = '';
  half.on('data', (text: string) => {
    told += text;
  });
  await new Promise((resolve) => half.once('close', resolve));
  expect(told).toContain('408 Request Timeout');
  expect(await ended(ui)).toBe(130);
});
