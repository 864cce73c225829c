/** A report of results with hundreds of metrics, such as scores for every kind of hole. */
import { expect, it, onTestFinished } from 'vitest';
import { act, search } from '../../page/act.js';
import { project } from '../../rig/projects.js';
import { findChromium, openPage } from '../../stages/support/browser.js';

const chromium = findChromium();

/** 2 × 30 × 3 metrics of each item, and one short name. */
const SCORE = `import { writeFileSync } from 'node:fs';
const [, , out, shift] = process.argv;
const metrics = { loss: Number(shift) };
for (const side of ['train', 'test'])
  for (let hole = 0; hole < 30; hole++)
    for (const [at, score] of ['ssim', 'psnr', 'mae'].entries())
      metrics[side + '.hole' + hole + '.composite.' + score + '.mean'] = Number(shift) + hole + at / 10;
writeFileSync(out, JSON.stringify(metrics));
`;

it.skipIf(chromium === undefined)(
  'shows the metrics that stand out, and those whose names have all the words',
  async () => {
    const made = project({
      'score.mjs': SCORE,
      'pipeline.yaml': `stages:
  score:
    matrix: { shift: [1, 2] }
    cmd: node score.mjs \${outs.scores} \${shift}
    metrics: { scores: "cache/out/\${shift}.json" }
`,
    });
    expect((await made.run()).code).toBe(0);
    expect((await made.pipe('report')).code).toBe(0);
    const page = await openPage(chromium!, made.path('cache/report.html'));
    onTestFinished(() => page.close());
    await page.emulate({ width: 1280, height: 800 });
    const heads = () =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll('.table thead th')].map(({ title }) => title)`,
      );
    const metrics = async () => (await heads()).filter((title) => title.startsWith('metric '));
    expect(await metrics()).toEqual(['metric loss']);
    expect(await page.evaluate(`document.querySelector('main').innerText`)).toContain(
      '1 of 181 metrics here, all in Results',
    );
    await act(page, `location.hash = '#/results'`);
    expect(await metrics()).toHaveLength(181);
    await search(page, 1, 'Test SSIM hole1');
    const ones = ['1', ...Array.from({ length: 10 }, (_, at) => `1${at}`)];
    const wanted = ones.map((hole) => `test.hole${hole}.composite.ssim.mean`);
    expect((await metrics()).sort()).toEqual(wanted.map((name) => `metric ${name}`).sort());
    await act(page, `document.querySelectorAll('.table input')[0].click()`);
    await act(page, `document.querySelectorAll('.table input')[1].click()`);
    const compared = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.comparison tbody th')].map(({ textContent }) => textContent)`,
    );
    expect(compared.filter((text) => text.endsWith('metric'))).toHaveLength(wanted.length);
    await act(page, `document.querySelectorAll('.forms input')[1].click()`);
    const axes = await page.evaluate<string[]>(
      `[...document.querySelectorAll('figure select')].map(({ value }) => value)`,
    );
    expect(new Set(axes).size).toBe(2);
    await act(page, `location.hash = '#/item/score%401'`);
    const listed = () =>
      page.evaluate<string[]>(
        `[...document.querySelectorAll('.numbers dt')].map(({ textContent }) => textContent)`,
      );
    expect(await listed()).toHaveLength(181);
    await search(page, 0, 'hole7 psnr');
    const [hole, score] = ['hole7', 'composite.psnr.mean'];
    expect(await listed()).toEqual([`train.${hole}.${score}`, `test.${hole}.${score}`]);
    expect(page.complaints).toEqual([]);
  },
);
