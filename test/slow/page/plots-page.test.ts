/** Plots and pictures of several items and of earlier results: in the report, and in the page of `pipe plots`. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SETTLED } from '../../page/act.js';
import { violations } from '../../page/axe.js';
import { npy } from '../../page/npy.js';
import { ProjectWithin } from '../../rig/within.js';
import { findChromium, openPage, type Page } from '../../stages/support/browser.js';

const FILES = {
  '.gitignore': 'cache\n',
  'pipeline.yaml': `params: { lr: 3, heat: dark }
stages:
  train:
    matrix: { set: [a, b] }
    cmd: |
      printf 'step,train,val\\n1,%s,2\\n2,1,1\\n' \${lr} > \${outs.curve}
      cp \${heat}.npy \${outs.heat}
      cp dark.npy \${outs.more}
    params: [lr, heat]
    outs: { more: "cache/out/\${set}/more.npy" }
    plots:
      curve: { path: "cache/out/\${set}/curve.csv", x: step }
      heat: "cache/out/\${set}/heat.npy"
`,
};

const chromium = findChromium();

describe('the plots of several results', () => {
  let project: ProjectWithin;
  let page: Page | undefined;
  beforeAll(async () => {
    project = new ProjectWithin(FILES);
    writeFileSync(project.path('dark.npy'), npy([2, 2], [0, 0.1, 0.2, 0.3]));
    writeFileSync(project.path('light.npy'), npy([2, 2], [0.7, 0.8, 0.9, 1]));
    // One item after the other, so that the order of the results is known.
    await project.run('--concurrency', '1');
    const git = (...args: string[]) => execFileSync('git', args, { cwd: project.root });
    git('init', '-q');
    git('add', '-A');
    git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-qm', 'one');
    await project.run('--set', 'lr=5');
    project.write('pipeline.yaml', FILES['pipeline.yaml'].replace('heat: dark', 'heat: light'));
    await project.run('--concurrency', '1');
  });
  afterAll(async () => {
    await page?.close();
    project.dispose();
  });

  const open = async (file: string) => {
    await page?.close();
    page = await openPage(chromium!, project.path(file));
    await page.emulate({ width: 1280, height: 800 });
    return page;
  };
  const go = async (hash: string) => {
    await page?.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page?.evaluate(SETTLED);
  };
  const main = () => page!.evaluate<string>(`document.querySelector('main').innerText`);
  const labels = () =>
    page!.evaluate<string[]>(
      `[...document.querySelectorAll('.chart [role=img]')].map((each) => each.ariaLabel)`,
    );
  const legend = () =>
    page!.evaluate<string[]>(
      `[...document.querySelectorAll('.legend li')].map((each) => (each.className === 'off' ? '- ' : '+ ') + each.innerText.trim().replace(/\\s+/g, ' '))`,
    );

  it('writes the page of `pipe plots`, but not with --json', async () => {
    expect((await project.pipe('plots', '--json')).out).not.toContain('plots.html');
    expect(existsSync(project.path('cache/plots.html'))).toBe(false);
    const { out } = await project.pipe('plots', 'train@a');
    expect(out).toMatch(/^train@a +curve .*train, val by step, 2 points$/m);
    expect(out.endsWith('\ncache/plots.html\n')).toBe(true);
    expect(project.read('cache/plots.html')).not.toContain('train@b');
    const refused = await project.pipe('plots', '--out', 'cache/out/a/curve.csv');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain('cache/out/a/curve.csv belongs to train@a');
  });

  it.skipIf(chromium === undefined)(
    'draws those of all items in one chart, and earlier results on demand',
    async () => {
      await project.pipe('report');
      await open('cache/report.html');
      await go('#/plots');
      expect(await labels()).toEqual(['train by step of 2 results']);
      expect(await legend()).toEqual([
        '+ train train@a cache/out/a/curve.csv: 2 rows',
        '+ train train@b cache/out/b/curve.csv: 2 rows',
        '- train train@a lr 5, heat "dark"',
        '- train train@a heat "dark"',
        '- train train@b lr 5, heat "dark"',
        '- train train@b heat "dark"',
      ]);
      await page!.evaluate(
        `[...document.querySelectorAll('.legend input')].find(({ ariaLabel }) => ariaLabel === 'draw train@a lr 5, heat "dark"').click()`,
      );
      await page!.evaluate(SETTLED);
      expect(await labels()).toEqual(['train by step of 3 results']);
      expect(await violations(page!)).toEqual([]);
      await page!.emulate({ width: 390, height: 844 });
      await go('#/item/train%40a');
      expect(await violations(page!)).toEqual([]);
      await page!.emulate({ width: 1280, height: 800 });
      expect(await labels()).toEqual(['train, val by step of 1 result']);
    },
  );

  it.skipIf(chromium === undefined)(
    'shows arrays as pictures, also of earlier results, and two under a slider',
    async () => {
      await go('#/pictures');
      const shots = () => page!.evaluate<number>(`document.querySelectorAll('.shot').length`);
      expect(await shots()).toBe(4);
      await page!.evaluate(`document.querySelector('.bar-of input[type=checkbox]').click()`);
      await page!.evaluate(SETTLED);
      expect(await shots()).toBe(12);
      expect(await main()).toMatch(/heat.npy\s+2×2 float32, black 0, white 1/);
      expect(await main()).toMatch(/heat.npy\s+earlier: lr 5, heat "dark"/);
      for (const path of ['a/heat.npy', 'b/more.npy'])
        await page!.evaluate(
          `[...document.querySelectorAll('.shot')].find((each) => each.firstChild.alt.endsWith('${path}')).click()`,
        );
      await page!.evaluate(SETTLED);
      const widths = await page!.evaluate<number[]>(
        `[...document.querySelectorAll('.stack img')].map((image) => image.naturalWidth)`,
      );
      expect(widths).toEqual([2, 2]);
      expect(await violations(page!)).toEqual([]);
    },
  );

  it.skipIf(chromium === undefined)(
    'shows the pictures and the curves of compared results',
    async () => {
      await go('#/results');
      for (const row of [0, 5]) {
        await page!.evaluate(`document.querySelectorAll('.table tbody input')[${row}].click()`);
        await page!.evaluate(SETTLED);
      }
      const rows = await page!.evaluate<string[]>(
        `[...document.querySelectorAll('.comparison tr')].filter((row) => row.querySelectorAll('img').length === 2).map((row) => row.innerText.trim())`,
      );
      expect(rows.sort()).toEqual(['heat.npy', 'more.npy']);
      expect(await labels()).toEqual(['train, val by step of 2 results']);
      expect(await legend()).toEqual([
        '+ train val train@b heat light',
        '+ train val train@a heat dark',
      ]);
      expect(await violations(page!)).toEqual([]);
      expect(page!.complaints).toEqual([]);
    },
  );

  it.skipIf(chromium === undefined)(
    'has the curves of more earlier results than pictures, and says which it does not have',
    async () => {
      for (const lr of [6, 7, 8]) await project.run('--set', `lr=${lr}`);
      await project.pipe('report');
      await open('cache/report.html');
      await go('#/plots');
      expect((await legend()).length).toBe(2 * (1 + 5));
      await go('#/pictures');
      await page!.evaluate(`document.querySelector('.bar-of input[type=checkbox]').click()`);
      await page!.evaluate(SETTLED);
      expect(await page!.evaluate(`document.querySelectorAll('.shot').length`)).toBe(4 * (1 + 4));
      const results = `document.querySelectorAll('.table tbody tr')`;
      const tick = async (row: number) => {
        await page!.evaluate(`${results}[${row}].querySelector('input').click()`);
        await page!.evaluate(SETTLED);
      };
      await go('#/results');
      for (const row of [0, 11]) await tick(row);
      expect(await labels()).toEqual(['train, val by step of 2 results']);
      expect(await main()).not.toContain('does not contain');
      const key = await page!.evaluate<string>(`${results}[11].innerText.trim().slice(-12)`);
      const records = project.path(`cache/v1/records/${key.slice(0, 2)}`);
      rmSync(path.join(records, readdirSync(records).find((name) => name.startsWith(key))!));
      await project.pipe('report');
      await open('cache/report.html');
      await go('#/results');
      for (const row of [0, 11]) await tick(row);
      expect(await labels()).toEqual(['train, val by step of 1 result']);
      expect(await main()).toContain('The page does not contain the plots of 1 older result.');
    },
  );

  it.skipIf(chromium === undefined)(
    'draws current plots next to those of a revision in the page of `pipe plots diff`',
    async () => {
      const { out } = await project.pipe('plots', 'diff', '--out', 'diff.html');
      expect(out).toMatch(/^train@b +heat +picture +picture +other bytes$/m);
      await open('diff.html');
      const views = await page!.evaluate<string>(`document.querySelector('nav').innerText`);
      expect(views.split(/\s+/)).toEqual(['Plots', 'Pictures']);
      expect(await labels()).toEqual(['train by step of 4 results']);
      await go('#/pictures');
      const text = await main();
      expect(text).toContain('earlier: HEAD');
      expect(text).not.toContain('more.npy');
      for (const dark of [false, true]) {
        await page!.emulate({ width: 390, height: 844, dark });
        await page!.evaluate(SETTLED);
        expect(await page!.evaluate('document.documentElement.scrollWidth')).toBe(390);
        expect(await violations(page!)).toEqual([]);
      }
      expect(page!.complaints).toEqual([]);
    },
  );
});
