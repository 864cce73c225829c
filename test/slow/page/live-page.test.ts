/** `pipe ui` in a real headless Chromium: it follows runs of other processes. */
import { type ClientRequest, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { violations } from '../../page/axe.js';
import { FILES } from '../../page/demo.js';
import { ended, started } from '../../page/ui.js';
import { Project, type Running } from '../../rig/project.js';
import { findChromium, openPage, type Page } from '../../stages/support/browser.js';

const SECRET = 'hush-5ecret-value';

/** On a busy machine. */
const LONG = { timeout: 300_000 };

const chromium = findChromium();

describe.skipIf(chromium === undefined)('runs in the live page (skipped without Chromium)', () => {
  let project: Project;
  let ui: Running;
  let port: number;
  let page: Page;
  beforeEach(async () => {
    project = new Project(FILES);
    project.env.TOKEN = SECRET;
    [ui, port] = await started(project);
    page = await openPage(chromium!, `http://127.0.0.1:${port}/`);
    await page.emulate({ width: 1280, height: 800 });
  });
  afterEach(async () => {
    await page.close();
    await ended(ui);
    project.dispose();
  });

  const stateOf = (item: string) =>
    page.evaluate<string | undefined>(
      `document.querySelector('.node[href="#/item/${encodeURIComponent(item)}"] .told')?.textContent`,
    );
  const text = () => page.evaluate<string>(`document.querySelector('main').innerText`);

  it('follows a run of another process from start to end, with a failing item', async () => {
    await expect.poll(() => stateOf('fetch@faces'), LONG).toBe('stale');
    project.env.GATE = project.path('gate');
    const run = project.start('run', '-k', '--concurrency', '4');
    await expect.poll(() => stateOf('train@faces'), LONG).toBe('running');
    await expect.poll(() => stateOf('broken'), LONG).toBe('failed');
    await page.evaluate(`location.hash = '#/item/train%40faces'`);
    await expect.poll(text, LONG).toContain('epoch 2 of 4');
    await expect.poll(text, LONG).toContain('the token is ***');
    expect(await text()).toMatch(/epoch 2 of 4, val.loss [\d.]+/);
    expect(await violations(page)).toEqual([]);
    // Its curve is there before its result; no out is of an epoch yet.
    await page.evaluate(`location.hash = '#/epochs'`);
    await expect.poll(text, LONG).toMatch(/train@faces\s+2 of 4\s.*\s2\s+–/);
    await page.evaluate(`location.hash = '#/run'`);
    await expect.poll(text, LONG).toContain('This run');
    project.write('gate', '');
    await run.ended;
    await expect.poll(text, LONG).toContain('The last run');
    expect(await violations(page)).toEqual([]);
    await page.evaluate(`location.hash = '#/items'`);
    await expect.poll(() => stateOf('train@faces'), LONG).toBe('fresh');
    await expect.poll(() => stateOf('summary'), LONG).toBe('unknown');
    expect(page.complaints).toEqual([]);
  });

  it('shows a second run in another terminal, and one whose process was killed', async () => {
    project.env.GATE = project.path('gate');
    const first = project.start('run', 'train@faces');
    await expect.poll(() => stateOf('train@faces'), LONG).toBe('running');
    const second = project.start('run', 'train@cars');
    await expect.poll(() => stateOf('train@cars'), LONG).toBe('running');
    expect(await stateOf('train@faces')).toBe('running');
    second.kill('SIGKILL');
    await second.ended;
    await page.evaluate(`location.hash = '#/run'`);
    await expect.poll(text, LONG).toContain('cut off: its process is gone');
    await page.evaluate(
      `{ const box = document.querySelector('select[aria-label=Run]'); box.value = [...box.options].find(({ text }) => text.endsWith('running')).value; box.dispatchEvent(new Event('change', { bubbles: true })); }`,
    );
    await expect.poll(text, LONG).toContain('This run');
    expect(await text()).toContain('train@faces');
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate('document.title')).toMatch(/^1 running · /);
    project.write('gate', '');
    expect((await first.ended).code).toBe(0);
    expect(page.complaints).toEqual([]);
  });

  it('shows the data while too many other pages follow, and follows once there is room', async () => {
    const address = `http://127.0.0.1:${port}/`;
    const streams: ClientRequest[] = [];
    // The page is one of 64.
    for (let at = 1; at < 64; at++)
      streams.push(
        await new Promise<ClientRequest>((resolve, reject) => {
          const asked = request(`${address}events`, { agent: false }, (response) => {
            response.resume();
            expect(response.statusCode).toBe(200);
            resolve(asked);
          });
          asked.on('error', reject).end();
        }),
      );
    const late = await openPage(chromium!, address);
    onTestFinished(() => late.close());
    const stateIn = (item: string) =>
      late.evaluate(`document.querySelector('.node[href="#/item/${item}"] .told')?.textContent`);
    await expect.poll(() => stateIn('fetch%40faces'), LONG).toBe('stale');
    expect(await late.evaluate(`document.querySelector('[role=alert]')`)).toBeNull();
    for (const stream of streams) stream.on('error', () => undefined).destroy();
    project.env.GATE = project.path('gate');
    const run = project.start('run', 'train@faces');
    await expect.poll(() => stateIn('train%40faces'), LONG).toBe('running');
    project.write('gate', '');
    await run.ended;
  });
});
