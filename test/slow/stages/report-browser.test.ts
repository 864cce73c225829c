/**
 * The report in a real headless Chromium: no errors, the slider by keyboard, phone, dark mode,
 * paper.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import report from '../../../stages/report.js';
import { findChromium, openPage, type Page } from '../../stages/support/browser.js';
import { runStage } from '../../stages/support/context.js';
import { evaluated } from '../../stages/support/evaluated.js';

vi.mock('../../../stages/lib/restore.js', async () => {
  const { rowModels } = await import('../../stages/support/restorer.js');
  return rowModels();
});

const chromium = findChromium();

describe.skipIf(chromium === undefined)(
  'the report in Chromium (skipped where there is none)',
  () => {
    const root = mkdtempSync(join(tmpdir(), 'report-browser-'));
    let page: Page;

    beforeAll(async () => {
      const history = [1, 2].map((epoch) => ({ epoch, loss: 1 / epoch }));
      const scores = [
        await evaluated(root, { dataset: 'faces', model: 'rows', samples: 2, history }),
        await evaluated(root, { dataset: 'animals', model: 'rows', history }),
      ];
      mkdirSync(join(root, 'reports'));
      const html = join(root, 'reports', 'index.html');
      await runStage(report, {
        params: { ablation: { base: 'rows' } },
        deps: { scores },
        outs: { html, md: join(root, 'report.md') },
      });
      page = await openPage(chromium!, html);
    });

    afterAll(async () => {
      await page?.close();
      rmSync(root, { recursive: true });
    });

    const textOf = (selector: string) =>
      page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).textContent`);
    const choose = (selector: string, value: string) =>
      page.evaluate(`{ const select = document.querySelector(${JSON.stringify(selector)});
      select.value = ${JSON.stringify(value)}; select.dispatchEvent(new Event('change')); }`);

    it('loads without an error, a message or a request', () => {
      expect(page.complaints).toEqual([]);
    });

    it('draws its pictures: every image decodes', async () => {
      const sizes = await page.evaluate<number[]>(`Promise.all(
      [...document.querySelectorAll('defs image')].map(async (element) => {
        const image = new Image(); image.src = element.getAttribute('href');
        await image.decode(); return image.naturalHeight;
      }))`);
      expect(sizes).toEqual([8 * 56, 8 * 56, 6 * 56, 6 * 56]);
    });

    it('moves the slider by the arrow keys, and uncovers the image', async () => {
      const clip = () =>
        page.evaluate<string>(`document.getElementById('gallery-over').style.clipPath`);
      await page.evaluate(`document.getElementById('gallery-slider').focus()`);
      expect(await clip()).toContain('50%');
      await page.press('ArrowRight');
      await page.press('ArrowRight');
      expect(await clip()).toContain('48%');
      await page.press('ArrowLeft');
      expect(await clip()).toContain('49%');
    });

    it('chooses an image by Tab and Enter, and keeps the focus there', async () => {
      await page.evaluate(`document.querySelector('#gallery-picks button').focus()`);
      await page.press('Tab');
      await page.press('Enter');
      const pressed = await page.evaluate<number>(
        `[...document.querySelectorAll('#gallery-picks button')].findIndex((b) => b.getAttribute('aria-pressed') === 'true')`,
      );
      expect(pressed).toBe(1);
      const focused = await page.evaluate<boolean>(
        `document.activeElement === document.querySelectorAll('#gallery-picks button')[1]`,
      );
      expect(focused).toBe(true);
      expect(await textOf('#gallery-caption')).toMatch(/^median · images\//);
    });

    it('switches from one data set to the other, whose layers differ', async () => {
      await choose('#gallery-right', 'sample 2');
      expect(await textOf('#gallery-right-name')).toBe('sample 2');
      await choose('#gallery-dataset', '1');
      expect(await textOf('#gallery-right-name')).toBe('restored');
      await choose('#gallery-dataset', '0');
    });

    it('shows another score in the tables, and marks the best by its kind', async () => {
      const select = '[data-for="methods-faces"][data-axis="score"]';
      const before = await textOf('#methods-faces tbody td');
      const options = await page.evaluate<string[]>(
        `[...document.querySelector(${JSON.stringify(select)}).options].map((o) => o.textContent)`,
      );
      await choose(select, String(options.indexOf('mean error in the hole, gray levels')));
      expect(await textOf('#methods-faces tbody td')).not.toBe(before);
      const best = await page.evaluate<{ value: number; all: number[] }>(`(() => {
      const column = [...document.querySelectorAll('#methods-faces tbody tr')].map((row) => row.cells[1]);
      const value = (cell) => Number(cell.firstChild.textContent);
      return { value: value(column.find((cell) => cell.classList.contains('best'))), all: column.map(value) };
    })()`);
      expect(best.value).toBe(Math.min(...best.all));
      expect(await textOf('#methods-faces [data-what]')).toContain('mean error in the hole');
    });

    it('fits a phone: only tables scroll sideways, and the controls are large enough to touch', async () => {
      await page.emulate({ width: 390, height: 844 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      const ablation = await page.evaluate<number>(
        `document.querySelector('#ablation table th:first-child').offsetWidth`,
      );
      expect(ablation).toBeLessThan(0.5 * 390);
      const heights = await page.evaluate<number[]>(
        `[...document.querySelectorAll('select')].filter((s) => s.offsetParent).map((s) => s.offsetHeight)`,
      );
      expect(Math.min(...heights)).toBeGreaterThanOrEqual(32);
    });

    it('has enough contrast in light and in dark', async () => {
      for (const dark of [false, true]) {
        await page.emulate({ width: 1280, height: 900, dark });
        const worst = await page.evaluate<number>(WORST_CONTRAST);
        expect(worst).toBeGreaterThanOrEqual(4.5);
      }
    });

    it('prints without the gallery, and with folded parts unfolded', async () => {
      await page.emulate({ width: 800, height: 1000, print: true });
      const shown = (selector: string) =>
        page.evaluate<boolean>(
          `document.querySelector(${JSON.stringify(selector)}).offsetParent !== null`,
        );
      expect(await shown('#gallery-body')).toBe(false);
      expect(await shown('#restored')).toBe(true);
      await page.evaluate(`dispatchEvent(new Event('beforeprint'))`);
      expect(await shown('.digest')).toBe(true);
      const pdf = await page.print();
      expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
      expect(page.complaints).toEqual([]);
    });
  },
);

/** The lowest contrast (WCAG 2) between text and its background. */
const WORST_CONTRAST = `(() => {
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('p, th, td, small, figcaption, li a, summary, label, button, select')];
  return Math.min(...texts.filter((element) => element.offsetParent && element.textContent.trim()).map((element) => {
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
})()`;
