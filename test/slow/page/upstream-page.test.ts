/** A sweep whose metric another stage computes, in the view Results of a real report. */
import { expect, it, onTestFinished } from 'vitest';
import { act, search } from '../../page/act.js';
import { project } from '../../rig/projects.js';
import { findChromium, openPage } from '../../stages/support/browser.js';

const chromium = findChromium();

it.skipIf(chromium === undefined)(
  'shows, filters, sorts and draws results by a param of a stage upstream',
  async () => {
    const made = project({
      'pipeline.yaml': `params: { train: { lr: 1 } }
stages:
  train: { cmd: "echo \${train.lr} > \${outs.model}", outs: { model: cache/out/model.txt } }
  evaluate:
    cmd: printf '{"val":{"loss":0.%s}}' "$(cat \${deps.model})" > \${outs.scores}
    deps: { model: cache/out/model.txt }
    metrics: { scores: cache/out/scores.json }
`,
    });
    for (const rate of [3, 1, 2])
      expect((await made.run('--set', `train.lr=${rate}`)).code).toBe(0);
    expect((await made.pipe('report')).code).toBe(0);
    const page = await openPage(chromium!, made.path('cache/report.html'));
    onTestFinished(() => page.close());
    await page.emulate({ width: 1280, height: 800 });
    const column = (name: string) =>
      page.evaluate<string[]>(
        `(() => { const heads = [...document.querySelectorAll('.table thead th')].map((each) => each.innerText.trim()); const at = heads.findIndex((each) => each.startsWith(${JSON.stringify(name)})); return [...document.querySelectorAll('.table tbody tr:not(.space)')].map((row) => row.cells[at].innerText.trim()); })()`,
      );
    await act(page, `location.hash = '#/results'`);
    expect(await column('train.lr')).toEqual(['2', '1', '3']);
    expect(await column('deps.model')).toHaveLength(3);
    await act(
      page,
      `[...document.querySelectorAll('button.sort')].find((each) => each.firstChild.textContent === 'train.lr').click()`,
    );
    expect(await column('train.lr')).toEqual(['1', '2', '3']);
    expect(await column('val.loss')).toEqual(['0.1', '0.2', '0.3']);
    await search(page, 0, 'lr>1 params.lr<3');
    expect(await column('train.lr')).toEqual(['2']);
    await act(
      page,
      `[...document.querySelectorAll('.forms input')].find((each) => each.parentElement.textContent.includes('scatter')).click()`,
    );
    expect(
      await page.evaluate(
        `[...document.querySelectorAll('figure select')].map(({ value }) => value)`,
      ),
    ).toEqual(['train.lr', 'val.loss']);
    expect(page.complaints).toEqual([]);
  },
);
