/** `pipe ui` in a real headless Chromium: it follows runs of other processes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
  let page: Page;
  beforeEach(async () => {
    project = new Project(FILES);
    project.env.TOKEN = SECRET;
    const [running, port] = await started(project);
    ui = running;
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
    expect(await violations(page)).toEqual([]);
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
    project.write('gate', '');
    expect((await first.ended).code).toBe(0);
    expect(page.complaints).toEqual([]);
  });
});
