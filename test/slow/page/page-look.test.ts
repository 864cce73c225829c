/** What screenshots of the page show: whole texts, aligned numbers, paper, stops of the keyboard, empty states. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageText } from '../../../src/page/page-html.js';
import { SETTLED } from '../../page/act.js';
import { violations } from '../../page/axe.js';
import { FILES } from '../../page/demo.js';
import { largeModel } from '../../page/large.js';
import { ProjectWithin } from '../../rig/within.js';
import { findChromium, openPage, type Page } from '../../stages/support/browser.js';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));
const VIEWS = ['items', 'results', 'epochs', 'plots', 'pictures', 'run'] as const;
const ITEMS = ['item/train%40faces', 'item/broken', 'item/draw%40faces'] as const;

const chromium = findChromium();

describe.skipIf(chromium === undefined)('the look of the page (skipped without Chromium)', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'pipe-page-look-'));
  let project: ProjectWithin;
  let small: Page;
  let large: Page;
  beforeAll(async () => {
    project = new ProjectWithin(FILES);
    project.env.TOKEN = 'hush';
    await project.pipe('run', '-k');
    await project.pipe('report');
    const file = path.join(folder, 'large.html');
    writeFileSync(file, pageText(DIST, 'file', largeModel()).html);
    small = await openPage(chromium!, project.path('cache/report.html'));
    large = await openPage(chromium!, file);
    for (const page of [small, large]) await page.emulate({ width: 1280, height: 800 });
  });
  afterAll(async () => {
    await small?.close();
    await large?.close();
    project.dispose();
    rmSync(folder, { recursive: true });
  });

  const go = async (page: Page, view: string) => {
    await page.evaluate(`location.hash = ${JSON.stringify(`#/${view}`)}`);
    await page.evaluate(SETTLED);
  };
  const act = (page: Page, what: string) =>
    page.evaluate(`(async () => { ${what}; await ${SETTLED}; })()`);

  it('boxes of the graph are as wide as their texts', async () => {
    for (const page of [small, large]) {
      await go(page, 'items');
      const rooms = await page.evaluate<number[]>(
        `[...document.querySelectorAll('.node')].flatMap((node) => { const box = node.querySelector('.box').getBBox(); return [...node.querySelectorAll('text')].map((text) => { const { x, width } = text.getBBox(); return box.x + box.width - x - width; }); })`,
      );
      expect(rooms.length).toBeGreaterThan(2);
      expect(Math.min(...rooms)).toBeGreaterThanOrEqual(5);
    }
  });

  it('titles of columns are whole, with the arrow of the order too', async () => {
    for (const [page, view] of [
      [small, 'items'],
      [large, 'items'],
      [large, 'results'],
    ] as const) {
      await go(page, view);
      await act(page, `document.querySelectorAll('button.sort')[1].click()`);
      const cut = await page.evaluate<string[]>(
        `[...document.querySelectorAll('button.sort')].filter(({ scrollWidth, clientWidth, textContent }) => textContent.length <= 24 && scrollWidth > clientWidth).map(({ textContent }) => textContent)`,
      );
      expect([view, cut]).toEqual([view, []]);
    }
  });

  it('decimal points of a column stand in one line', async () => {
    await go(large, 'results');
    const places = await large.evaluate<Record<string, number[]>>(
      `(() => {
        const titles = [...document.querySelectorAll('.table thead th')].map(({ title }) => title);
        const found = {};
        for (const row of document.querySelectorAll('.table tbody tr:not(.space)'))
          for (const [at, cell] of [...row.cells].entries()) {
            const text = cell.firstChild;
            const point = text?.nodeType === 3 ? text.data.indexOf('.') : -1;
            if (!/^metric/.test(titles[at]) || point < 0 || text.data.includes('e')) continue;
            const range = document.createRange();
            range.setStart(text, point);
            range.setEnd(text, point + 1);
            (found[titles[at]] ??= []).push(Math.round(range.getBoundingClientRect().x));
          }
        return found;
      })()`,
    );
    expect(Object.keys(places)).toHaveLength(5);
    for (const xs of Object.values(places)) {
      expect(xs.length).toBeGreaterThan(20);
      expect(Math.max(...xs) - Math.min(...xs)).toBeLessThanOrEqual(1);
    }
  });

  it('shows no control and no hint on paper', async () => {
    await small.emulate({ width: 800, height: 1000, print: true });
    for (const view of [...VIEWS, ...ITEMS]) {
      await go(small, view);
      const shown = await small.evaluate<string[]>(
        `[...document.querySelectorAll('input, select, button:not(.shot), nav, .hint, .crumb')].filter((each) => each.checkVisibility()).map((each) => each.outerHTML)`,
      );
      expect([view, shown]).toEqual([view, []]);
      expect(await small.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(800);
    }
    await small.emulate({ width: 1280, height: 800 });
  });

  it('fits on paper what was drawn for a wide screen', async () => {
    const wider = (view: string) =>
      small.evaluate<string[]>(
        `(() => {
          const rules = [...document.styleSheets].flatMap(({ cssRules }) => [...cssRules]).filter(({ media }) => media?.mediaText === 'print');
          const set = (text, width) => { for (const { media } of rules) media.mediaText = text; document.body.style.width = width; };
          set('all', '700px');
          const found = [...document.querySelectorAll('main *')].filter((each) => each.getBoundingClientRect().right > 701).map((each) => ${JSON.stringify(view)} + ' ' + each.outerHTML.slice(0, 100));
          set('print', '');
          return found;
        })()`,
      );
    for (const view of ['epochs', 'plots', 'run', 'item/train%40faces']) {
      await go(small, view);
      expect(await wider(view)).toEqual([]);
    }
    await go(small, 'results');
    await act(small, `document.querySelectorAll('.forms input')[1].click()`);
    expect(await wider('scatter')).toEqual([]);
    await act(small, `document.querySelectorAll('.forms input')[0].click()`);
  });

  it('has all rows before the browser counts the pages, under a head that it can repeat', async () => {
    await go(large, 'items');
    await act(large, `dispatchEvent(new Event('beforeprint'))`);
    const rows = `document.querySelectorAll('.table tbody tr').length`;
    expect(await large.evaluate(rows)).toBe(1000);
    expect(await large.evaluate(`document.querySelectorAll('thead button').length`)).toBe(0);
    await act(large, `dispatchEvent(new Event('afterprint'))`);
    expect(await large.evaluate(rows)).toBeLessThan(80);
    // Chromium's own printing has neither blank pages nor lost rows.
    const counts = (await large.print()).toString('latin1').matchAll(/\/Count (\d+)/g);
    const pages = Math.max(...[...counts].map(([, count]) => Number(count)));
    expect(pages).toBeGreaterThan(10);
    expect(pages).toBeLessThan(24);
  });

  it('stops the keyboard only at what scrolls', async () => {
    for (const view of [...VIEWS, ...ITEMS]) {
      await go(small, view);
      const idle = await small.evaluate<string[]>(
        `[...document.querySelectorAll('section[tabindex]')].filter((each) => each.scrollWidth <= each.clientWidth && each.scrollHeight <= each.clientHeight).map((each) => each.ariaLabel)`,
      );
      expect([view, idle]).toEqual([view, []]);
    }
    await go(large, 'items');
    expect(await large.evaluate(`document.querySelector('.table').tabIndex`)).toBe(0);
  });

  it('closes the comparison and the slider with Esc', async () => {
    for (const [view, button, opened] of [
      ['results', '.table tbody input', '.comparison'],
      ['pictures', '.shot', '.slider'],
    ] as const) {
      await go(small, view);
      for (const at of [0, 1])
        await act(small, `document.querySelectorAll('${button}')[${at}].click()`);
      const count = () => small.evaluate(`document.querySelectorAll('${opened}').length`);
      expect(await count()).toBe(1);
      await small.press('Escape');
      await small.evaluate(SETTLED);
      expect(await count()).toBe(0);
    }
  });

  it('compares without the columns that every pair differs in, and aligns the values', async () => {
    await go(small, 'results');
    for (const item of ['train@faces', 'train@cars'])
      await act(small, `document.querySelector('[aria-label^="compare ${item}"]').click()`);
    const rows = await small.evaluate<string[][]>(
      `[...document.querySelectorAll('.comparison tr')].map((row) => [...row.cells].map(({ innerText }) => innerText.trim()))`,
    );
    expect(rows[0]?.slice(3)).toEqual(['change', 'in %']);
    expect(rows.map(([name]) => name)).not.toContain('key');
    const loss = rows.find(([name]) => name?.startsWith('loss'));
    expect(loss?.slice(1)).toEqual(['0.3', '0.35', '+0.05', '+16.7']);
    await small.press('Escape');
  });

  it('draws edges of controls in a contrast of 3 to 1', async () => {
    for (const dark of [false, true]) {
      await small.emulate({ width: 1280, height: 800, dark });
      await go(small, 'items');
      const [edge, ground] = await small.evaluate<string[]>(
        `{ const style = getComputedStyle(document.querySelector('input[type=search]')); [style.borderColor, style.backgroundColor]; }`,
      );
      expect(contrast(edge!, ground!)).toBeGreaterThanOrEqual(3);
    }
    await small.emulate({ width: 1280, height: 800 });
  });

  it('gives parallel coordinates room for their names on a phone', async () => {
    await go(large, 'results');
    await act(large, `document.querySelectorAll('.forms input')[2].click()`);
    await large.emulate({ width: 390, height: 844 });
    await large.evaluate(SETTLED);
    expect(await large.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await large.evaluate(`document.querySelector('canvas').clientWidth`)).toBeGreaterThan(
      700,
    );
    expect(await violations(large)).toEqual([]);
    await large.emulate({ width: 1280, height: 800 });
  });

  it('says what to do where there is nothing', async () => {
    const empty = new ProjectWithin({ 'pipeline.yaml': 'stages: {}\n' });
    await empty.pipe('report');
    const page = await openPage(chromium!, empty.path('cache/report.html'));
    const text = () => page.evaluate<string>(`document.querySelector('main').innerText`);
    expect(await text()).toContain('The pipeline has no items.');
    expect(await violations(page)).toEqual([]);
    await go(page, 'run');
    expect(await text()).toContain('No run is recorded yet.');
    expect(page.complaints).toEqual([]);
    await page.close();
    empty.dispose();
  });

  it('leaves no message', () => {
    expect([...small.complaints, ...large.complaints]).toEqual([]);
  });
});

/** Of two colors such as `rgb(1, 2, 3)`, by WCAG. */
function contrast(...colors: readonly [string, string]): number {
  const [high = 0, low = 0] = colors.map(luminance).sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = (color.match(/\d+/g) ?? []).map((part) => {
    const value = Number(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
