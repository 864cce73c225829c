/** The page of 1,000 items and 10,000 results: its size, and what it shows. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageText } from '../../../src/page/page-html.js';
import { SETTLED } from '../../page/act.js';
import { violations } from '../../page/axe.js';
import { largeModel } from '../../page/large.js';
import { findChromium, openPage, type Page } from '../../stages/support/browser.js';

const DIST = fileURLToPath(new URL('../../../dist', import.meta.url));

const folder = mkdtempSync(path.join(tmpdir(), 'pipe-large-page-'));
const file = path.join(folder, 'page.html');
beforeAll(() => writeFileSync(file, pageText(DIST, 'file', largeModel()).html));
afterAll(() => rmSync(folder, { recursive: true }));

it('the page has at most 3 MB', () => {
  expect(statSync(file).size).toBeLessThan(3e6);
});

const chromium = findChromium();

describe.skipIf(chromium === undefined)('in Chromium (skipped where there is none)', () => {
  let page: Page;
  beforeAll(async () => {
    page = await openPage(chromium!, file);
    await page.emulate({ width: 1280, height: 800 });
  });
  afterAll(async () => {
    await page?.close();
  });

  const act = (what: string) => page.evaluate(`(async () => { ${what}; await ${SETTLED}; })()`);
  const type = (text: string) =>
    act(`{ const box = document.querySelector('input[type=search]');
      box.value = ${JSON.stringify(text)}; box.dispatchEvent(new Event('input', { bubbles: true })); }`);
  const click = (title: string) =>
    act(
      `[...document.querySelectorAll('button.sort')].find((each) => each.firstChild.textContent === ${JSON.stringify(title)}).click()`,
    );
  const firstCells = () =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('.table tbody tr:not(.space)')].slice(0, 3).map((row) => row.innerText)`,
    );
  const view = async (hash: string) => {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.evaluate(SETTLED);
  };

  it('renders only the visible rows', async () => {
    expect(await page.evaluate(`document.querySelectorAll('.table tbody tr').length`)).toBeLessThan(
      80,
    );
    await view('#/results');
    expect(await page.evaluate(`document.querySelectorAll('.table tbody tr').length`)).toBeLessThan(
      80,
    );
    expect(await page.evaluate(`document.querySelector('.table table').ariaRowCount`)).toBe(
      '10001',
    );
  });

  it('sorts and filters 10,000 results', async () => {
    await view('#/results');
    await click('val.loss');
    const ascending = await firstCells();
    await click('val.loss');
    expect(await firstCells()).not.toEqual(ascending);
    await type('optimizer=lion width>64');
    expect((await firstCells()).every((text) => text.includes('lion'))).toBe(true);
    expect(await page.evaluate(`document.querySelector('[role=status]').textContent`)).toMatch(
      /^\d+ of 10000 results$/,
    );
    await type('nope=1');
    expect(await page.evaluate(`document.querySelector('[role=alert]').textContent`)).toBe(
      'there is no column nope',
    );
    await type('');
  });

  it('averages results over a param, and shows means and deviations', async () => {
    await view('#/results');
    const over = (name: string) =>
      act(`{ const box = [...document.querySelectorAll('label')].find((each) => each.textContent.startsWith('average over')).querySelector('select');
        box.value = ${JSON.stringify(name)}; box.dispatchEvent(new Event('change', { bubbles: true })); }`);
    await over('train.width');
    expect(await page.evaluate(`document.querySelector('[role=status]').textContent`)).toMatch(
      /^\d+ rows of 10000 results$/,
    );
    expect((await firstCells())[0]).toMatch(/train\s+4\s.* ± /s);
    await type('width>64');
    expect((await firstCells())[0]).toMatch(/train\s+2\s/);
    await page.evaluate(`document.querySelectorAll('.table tbody input')[0].click()`);
    await page.evaluate(SETTLED);
    expect(await page.evaluate(`document.querySelector('.comparison').innerText`)).toContain(' ± ');
    expect(await violations(page)).toEqual([]);
    await type('');
    await over('');
    expect((await firstCells()).join()).not.toContain('±');
  });

  it('scrolls to the last result', async () => {
    await view('#/results');
    await page.evaluate(
      `{ const box = document.querySelector('.table'); box.scrollTop = box.scrollHeight; }`,
    );
    await page.evaluate(SETTLED);
    await page.evaluate(SETTLED);
    const last = await page.evaluate<string>(
      `[...document.querySelectorAll('.table tbody tr:not(.space)')].at(-1).ariaRowIndex`,
    );
    expect(last).toBe('10001');
  });

  it('compares two results, and draws all as points and as lines', async () => {
    await view('#/results');
    await page.evaluate(`document.querySelectorAll('.table tbody input')[0].click()`);
    await page.evaluate(SETTLED);
    await page.evaluate(`document.querySelectorAll('.table tbody input')[1].click()`);
    await page.evaluate(SETTLED);
    const compared = await page.evaluate<string>(`document.querySelector('.comparison').innerText`);
    expect(compared).toContain('What differs among 2 results');
    expect(compared).toContain('val.loss');
    expect(await violations(page)).toEqual([]);
    for (const form of ['scatter', 'parallel']) {
      await act(
        `[...document.querySelectorAll('.forms input')].find((each) => each.parentElement.textContent.includes('${form}')).click()`,
      );
      expect(await page.evaluate(`document.querySelector('.canvas canvas').width`)).toBeGreaterThan(
        1000,
      );
      expect(await violations(page)).toEqual([]);
      if (form === 'scatter') {
        // Four learning rates: a point far beside its value has a name too.
        const named = await page.evaluate<string>(
          `(async () => { const canvas = document.querySelector('.canvas canvas'); const { left, top } = canvas.getBoundingClientRect(); canvas.dispatchEvent(new MouseEvent('mousemove', { clientX: left + 110, clientY: top + 150, bubbles: true })); await ${SETTLED}; return document.querySelector('figcaption').textContent; })()`,
        );
        expect(named).toMatch(/^train@set\d+,\d [0-9a-f]+: train\.lr \S+, test\.psnr 0\.\d+$/);
      }
    }
    expect(page.complaints).toEqual([]);
  });
});
