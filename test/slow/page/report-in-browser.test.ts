/** The page of `pipe report`, in a real headless Chromium. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SETTLED } from '../../page/act.js';
import { violations } from '../../page/axe.js';
import { FILES } from '../../page/demo.js';
import { Project } from '../../rig/project.js';
import { findChromium, openPage, type Page } from '../../stages/support/browser.js';

const SECRET = 'hush-5ecret-value';

let project: Project;
beforeAll(async () => {
  project = new Project(FILES);
  project.env.TOKEN = SECRET;
  await project.pipe('run', '-k');
  expect(await project.pipe('report')).toMatchObject({ code: 0, out: 'cache/report.html\n' });
});
afterAll(() => project.dispose());

const chromium = findChromium();

describe.skipIf(chromium === undefined)(
  'the page in Chromium (skipped where there is none)',
  () => {
    let page: Page;
    beforeAll(async () => {
      page = await openPage(chromium!, project.path('cache/report.html'));
      await page.emulate({ width: 1280, height: 800 });
    });
    afterAll(async () => {
      await page?.close();
    });

    const go = async (hash: string) => {
      await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
      await page.evaluate(SETTLED);
    };
    const main = () => page.evaluate<string>(`document.querySelector('main').innerText`);

    it('shows the graph, and each item with its reason, metrics, and the state of `pipe status`', async () => {
      const nodes = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.node')].map((node) => node.textContent)`,
      );
      const items: { item: string; state: string }[] = JSON.parse(
        (await project.pipe('status', '--json')).out,
      );
      expect(items).toContainEqual(expect.objectContaining({ item: 'broken', state: 'stale' }));
      expect(nodes).toEqual(items.map(({ item, state }) => `${item} ${state}`));
      const text = await main();
      expect(text).toMatch(/broken\s+stale.*failed last time: exit code 3/s);
      expect(text).toContain('not known before broken has run');
    });

    it('draws the plots of an item', async () => {
      await go('#/item/draw@faces');
      expect(await main()).toMatch(/draw curve.*precision.*curve\.csv: 2 rows/s);
      const labels = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.chart [role=img]')].map((each) => each.ariaLabel)`,
      );
      expect(labels).toContain('precision by recall of 1 result');
      await go('#/');
    });

    it('filters and sorts the table', async () => {
      const names = () =>
        page.evaluate<string[]>(
          `[...document.querySelectorAll('.table tbody a')].map((link) => link.textContent)`,
        );
      await page.evaluate(`{ const box = document.querySelector('input[type=search]');
      box.value = 'train'; box.dispatchEvent(new Event('input', { bubbles: true })); }`);
      await go('#/items');
      expect(await names()).toEqual(['train@faces', 'train@cars']);
      await page.evaluate(
        `[...document.querySelectorAll('button.sort')].find((b) => b.textContent === 'item').click()`,
      );
      await go('#/items');
      expect(await names()).toEqual(['train@cars', 'train@faces']);
    });

    it('follows a link of the graph to an item: its inputs, its epochs and its log', async () => {
      await page.evaluate(
        `document.querySelector('.node[href="#/item/train%40faces"]').dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, view: window }))`,
      );
      await go('#/item/train%40faces');
      const text = await main();
      for (const part of [
        'fits a line',
        'node train.mjs',
        'train.lr\n0.1',
        'fetch@faces',
        '4 of 4',
        'the token is ***',
      ])
        expect(text).toContain(part);
    });

    it('lists the results, those of the measured stage first, with what differs among them', async () => {
      await go('#/results');
      const titles = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.table th')].map((cell) => cell.title)`,
      );
      expect(titles).toContain('metric val.loss');
      expect(titles).not.toContain('param train.lr');
      expect(await main()).toMatch(/2 results.*train@cars.*current/s);
      await page.evaluate(`{ const stage = document.querySelector('select[aria-label=Stage]');
      stage.value = ''; stage.dispatchEvent(new Event('change', { bubbles: true })); }`);
      await go('#/results');
      expect(await main()).toContain('6 results');
    });

    it('overlays the epochs of all items, and hides one', async () => {
      await go('#/epochs');
      expect(await main()).toContain('2 curves');
      await page.evaluate(`document.querySelector('input[aria-label="draw train@cars"]').click()`);
      await go('#/epochs');
      expect(await main()).toContain('1 curve;');
    });

    it('lays one picture over another, under a slider that the keyboard moves', async () => {
      await go('#/pictures');
      const buttons = await page.evaluate<number>(`document.querySelectorAll('.shot').length`);
      expect(buttons).toBe(2);
      for (const at of [0, 1]) {
        await page.evaluate(`document.querySelectorAll('.shot')[${at}].click()`);
        await go('#/pictures');
      }
      await page.evaluate(`document.querySelector('.slider input').focus()`);
      await page.press('ArrowRight');
      await go('#/pictures');
      const clip = await page.evaluate<string>(
        `document.querySelectorAll('.stack img')[1].style.clipPath`,
      );
      expect(clip).toContain('49%');
      const widths = await page.evaluate<number[]>(
        `[...document.querySelectorAll('.stack img')].map((image) => image.naturalWidth)`,
      );
      expect(widths).toEqual([120, 120]);
      expect(await violations(page)).toEqual([]);
      const [picture, slider] = await page.evaluate<number[]>(
        `['.stack img', '.slider'].map((each) => document.querySelector(each).getBoundingClientRect().width)`,
      );
      expect(slider).toBe(picture);
      await page.emulate({ width: 390, height: 844 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      await page.emulate({ width: 1280, height: 800 });
    });

    it('shows the end of the log of a failed item before anything else', async () => {
      await page.emulate({ width: 1280, height: 300 });
      await go('#/item/broken');
      const parts = await page.evaluate<string[]>(
        `[...document.querySelectorAll('article h3')].map((each) => each.textContent.split(' ')[0])`,
      );
      expect(parts[0]).toBe('Log');
      const below = await page.evaluate<number>(
        `{ const box = document.querySelector('.log'); box.firstChild.style.height = '2000px'; box.getBoundingClientRect().bottom - box.firstChild.getBoundingClientRect().bottom; }`,
      );
      expect(below).toBeGreaterThan(0);
      expect(below).toBeLessThan(20);
      await page.emulate({ width: 1280, height: 800 });
    });

    it('shows HTML in metric names and logs as text', async () => {
      await go('#/item/broken');
      expect(await main()).toContain('<script>window.broken = 1</script>');
      await go('#/item/train%40faces');
      expect(await main()).toContain('<img src=x onerror="window.broken = 2">');
      expect(await page.evaluate('String(window.broken)')).toBe('undefined');
    });

    it('breaks no rule of axe-core in any view, in light and in dark', async () => {
      for (const dark of [false, true]) {
        await page.emulate({ width: 1280, height: 800, dark });
        for (const view of [
          'items',
          'results',
          'epochs',
          'plots',
          'pictures',
          'run',
          'item/train%40faces',
          'item/broken',
          'item/draw%40faces',
        ]) {
          await go(`#/${view}`);
          expect([view, await violations(page)]).toEqual([view, []]);
        }
      }
    });

    it('fits a phone, and prints', async () => {
      await page.emulate({ width: 390, height: 844 });
      for (const view of [
        'items',
        'results',
        'epochs',
        'plots',
        'pictures',
        'run',
        'item/train%40faces',
        'item/draw%40faces',
      ]) {
        await go(`#/${view}`);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      }
      await page.emulate({ width: 800, height: 1000, print: true });
      for (const view of ['items', 'results', 'plots', 'item/train%40faces', 'item/draw%40faces']) {
        await go(`#/${view}`);
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
          800,
        );
      }
      await go('#/pictures');
      const sizes = await page.evaluate<number[]>(
        `[...document.querySelectorAll('.shot img')].map((image) => image.offsetWidth)`,
      );
      expect(sizes.length).toBeGreaterThan(0);
      expect(Math.min(...sizes)).toBeGreaterThan(0);
      expect((await page.print()).subarray(0, 5).toString()).toBe('%PDF-');
    });

    it('makes no request and logs no message', () => {
      expect(page.complaints).toEqual([]);
    });
  },
);
