/** The stage `report`: its content for one item or many, gray or colour, with curves or without. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spread } from '@pipe-experiment/numerics/statistics.js';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { scoresOf } from '../../stages/lib/evaluation.js';
import { checkModel } from '../../stages/lib/nn/model-config.js';
import { readScores } from '../../stages/lib/scores.js';
import report from '../../stages/report.js';
import { runStage } from './support/context.js';
import { evaluated } from './support/evaluated.js';

vi.mock('../../stages/lib/restore.js', async () => {
  const { rowModels } = await import('./support/restorer.js');
  return rowModels();
});

const root = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(root, { recursive: true }));

async function reportOn(name: string, scores: string | readonly string[], params: object = {}) {
  const folder = join(root, name);
  mkdirSync(folder);
  const outs = { html: join(folder, 'index.html'), md: join(folder, 'report.md') };
  await runStage(report, { params: { image: { size: 56 }, ...params }, deps: { scores }, outs });
  return { html: readFileSync(outs.html, 'utf8'), md: readFileSync(outs.md, 'utf8') };
}

const paperSquares = {
  small: { shape: 'square', side: 11 },
  large: { shape: 'square', side: 22 },
  two: { shape: 'square', side: 11, count: 2 },
} as const;

const history = [1, 2, 3].map((epoch) => ({
  epoch,
  learningRate: 0.001,
  loss: 1 / epoch,
  val: { loss: 1.2 / epoch, ssim: 0.8, ssimPrefill: 0.7 },
}));

describe('the report of two data sets', () => {
  let made: { html: string; md: string };
  let folders: string[];

  beforeAll(async () => {
    const common = { model: 'rows', occlusions: paperSquares, history };
    folders = [
      await evaluated(root, { ...common, dataset: 'faces', notes: ['The train set is <capped>.'] }),
      await evaluated(root, {
        ...common,
        dataset: 'animals',
        test: 7,
        standIn: false,
        label: 'photos',
      }),
    ];
    made = await reportOn('two', folders);
  });

  it('is one file that makes no requests', () => {
    const urls = [...made.html.matchAll(/\b(?:src|href)="([^"#][^"]*)"/g)].map(([, url]) => url!);
    expect(urls.filter((url) => !url.startsWith('data:'))).toEqual([]);
    expect(made.html).toContain("default-src 'none'");
    expect(made.html).not.toMatch(/@import|url\((?!#|data:)/);
  });

  it('says plainly which data are a stand-in, and which are not', () => {
    expect(made.html).toContain('<strong>Stand-in data.</strong> faces are rendered');
    expect(made.md).toContain('**Stand-in data.**');
    expect(made.md).toContain('ours: faces (stand-in), rows');
    expect(made.md).toContain('ours: animals, rows');
  });

  it('shows the paper’s two tables with our figures beside them, by definition', () => {
    for (const figure of [
      '0.8874 ± 0.0493',
      '0.6869 ± 0.1606',
      '0.9012 ± 0.0537',
      '0.8692 ± 0.0590',
      '0.8553 ± 0.0617',
    ]) {
      expect(made.html).toContain(figure);
      expect(made.md).toContain(figure);
    }
    const { index } = readScores(folders[0]!);
    expect(index.settings.map(({ name }) => name)).toEqual(['small', 'two', 'large']);
    const line = made.md.split('\n').find((text) => text.includes('ours: faces (stand-in), rows'))!;
    const metrics = JSON.parse(readFileSync(join(folders[0]!, '../metrics.json'), 'utf8'));
    const { whole, composite } = metrics.test.small.model;
    expect(line).toContain(
      `${whole.ssim.global.mean.toFixed(4)} ± ${whole.ssim.global.std.toFixed(4)}`,
    );
    expect(line).toContain(
      `${composite.ssim.wang.mean.toFixed(4)} ± ${composite.ssim.wang.std.toFixed(4)}`,
    );
  });

  it('shows the gap between the two data sets next to that of the best classical fill', () => {
    const part = made.md.split('## Does it need a homogeneous data set?')[1]!.split('\n## ')[0]!;
    expect(part).toContain('differ by 0.2143 between FFHQ and Animals-10');
    const scores = folders.map((folder) => readScores(folder).test);
    const mean = (set: number, method: string) =>
      spread(scoresOf(scores[set]!, 'large', method, 'composite', 'ssim.wang')).mean;
    const best = (set: number) =>
      Math.max(...['none', 'mean', 'harmonic', 'pca'].map((method) => mean(set, method)));
    expect(mean(0, 'model')).not.toBeCloseTo(mean(1, 'model'), 3);
    const text = (gap: number) => `${gap < 0 ? '−' : '+'}${Math.abs(gap).toFixed(4)}`;
    expect(part).toContain(
      `| 1 × 22 px | wang, composite | ${text(mean(0, 'model') - mean(1, 'model'))} | ${text(best(0) - best(1))} |`,
    );
    expect(part).toMatch(
      /rows cuts more on faces than on animals in \d of 3 settings, less in \d, .*\. These are stand-in data/,
    );
    // By how much the model cuts 1 − SSIM of the best fill, by hand.
    const cut = (set: number) => (100 * (mean(set, 'model') - best(set))) / (1 - best(set));
    const percent = (value: number) => `${value < 0 ? '−' : ''}${Math.abs(value).toFixed(1)} %`;
    const cells = part.split('\n').find((line) => /^\| 1 × 22 px \| −?\d+\.\d %/.test(line))!;
    expect(cells).toContain(percent(cut(0)));
    expect(cells).toContain(percent(cut(1)));
    expect(made.html).toContain('Does it need a homogeneous data set?');
  });

  it('summarises the result of the model in a sentence', () => {
    expect(made.md).toContain(
      'rows (3 epochs) against the best of 4 classical fills: behind in all 3 settings.',
    );
  });

  it('says how verdicts come about, what the test images are drawn from, and that there is one training', () => {
    expect(made.md).toContain('“Ahead” and “behind” mean by more than 0.0005 in SSIM');
    expect(made.md).toContain('The 10 test images are of 10 groups');
    expect(made.html).toContain('One training; how much another would differ is not known.');
    expect(made.md).toMatch(/over harmonic: behind, 100 % worse/);
  });

  it('gives the gain by the distance from the rim, over PCA, by gradients, and the costs', () => {
    const { index, test } = readScores(folders[0]!);
    const at = (method: string) => index.methods.indexOf(method as never);
    const depth = made.md.split('## By the distance from the rim')[1]!.split('\n## ')[0]!;
    const [model, fill] = ['model', 'harmonic'].map((method) => index.rims[2]![at(method)]![0]!);
    const line = depth.split('\n').find((text) => text.startsWith('| 1 × 22 px'))!;
    expect(line).toContain(`−${Math.abs(model! - fill!).toFixed(4)}`);
    expect(line).toMatch(/\| – \| – \|$/);
    const twin = made.md.split('## Does it take a network')[1]!.split('\n## ')[0]!;
    const gms = spread(scoresOf(test, 'large', 'model', 'composite', 'gms')).mean;
    expect(twin).toContain(`| ${gms.toFixed(4)} |`);
    expect(made.md).toMatch(/\| faces, rows \| – \| – \| – \| 3 \| – \| 60 \| – \| – \|/);
  });

  it('shows faces next to animals, and the worst image of each setting', () => {
    const part = (id: string) => made.html.split(`id="${id}"`)[1]!.split('</section>')[0]!;
    // Two seeded images of each set, four pictures of each image.
    expect(part('side-by-side').match(/<img /g)).toHaveLength(2 * 2 * 4);
    expect(part('failures').match(/<img /g)).toHaveLength(2 * 3 * 4);
  });

  it('says for each system that the paper cites whether it is a row, and if not, why', () => {
    for (const text of [made.html, made.md]) {
      expect(text).toContain('needs a trained VGG-19');
      expect(text).toContain('SSIM 0.862, PSNR 23.43 (Places365)');
    }
  });

  it('escapes text from the data', () => {
    expect(made.html).toContain('The train set is &lt;capped&gt;.');
    expect(made.html).not.toContain('<capped>');
  });

  it('draws a curve for the loss, with the validation next to it', () => {
    expect(made.html).toContain(
      'faces: loss by epoch; rows ends at 0.333, rows, validation ends at 0.400',
    );
  });

  it('draws the starting point of the network in the chart of its score', () => {
    expect(made.html).toContain(
      'faces: ssim by epoch; rows, validation ends at 0.800, rows, validation, before the network ends at 0.700',
    );
    expect(made.html).not.toContain('<strong>ssimPrefill');
  });

  it('lists every file that was used with its digest', () => {
    const { digests } = readScores(folders[1]!).index;
    for (const digest of Object.values(digests)) expect(made.md).toContain(digest);
    expect(made.md).toMatch(/scores\/examples\.npy \| `[0-9a-f]{64}`/);
  });

  it('is the same the second time, and contains no date', async () => {
    expect(await reportOn('again', folders)).toEqual(made);
    expect(made.html).not.toMatch(new RegExp(`\\b${new Date().getFullYear()}-`));
  });
});

describe('the report', () => {
  it('accepts one item without curves and notes, given as a file in its folder', async () => {
    const folder = await evaluated(root, { dataset: 'mine', model: 'rows', standIn: false });
    const { html } = await reportOn('one', join(folder, 'index.json'));
    expect(html).toContain('No training history was kept.');
    expect(html).not.toContain('Stand-in data');
    expect(html).not.toContain('Does it need a homogeneous data set?');
  });

  it('gives mean and deviation over seeds if there are several', async () => {
    const one = { dataset: 'seeded', model: 'rows' };
    const folders = [
      await evaluated(root, { ...one, seed: 1 }),
      await evaluated(root, { ...one, seed: 2 }),
    ];
    const { html, md } = await reportOn('seeds', folders);
    expect(md).toMatch(/\*\*rows\*\* \| 0\.\d{4} ± 0\.\d{4} \(seeds ± 0\.\d{4}\)/);
    expect(html).toContain('2 seeds');
    // Both seeds restore alike, so the bootstrap over images gives what it gives for one of them.
    const gains = (text: string) => text.split('\n').filter((line) => line.includes(' … '));
    const alone = await reportOn('one-seed', folders[0]!);
    expect(gains(md)).toHaveLength(3);
    expect(gains(md)).toEqual(gains(alone.md));
  });

  it('compares each switch with the base, seed by seed, on the images of its own kernel', async () => {
    const config = (changed: object) =>
      checkModel({ arch: 'deepvision', base: 'code', occlusions: ['square12'], ...changed }, 'm', [
        'square12',
      ]);
    const folders: string[] = [];
    for (const seed of [1, 2]) {
      const one = { dataset: 'ablated', seed, count: 16, test: 4 };
      const code = { ...one, kernel: 'nearest' as const, haze: 10 + seed };
      folders.push(
        await evaluated(root, { ...code, model: 'code', config: config({}) }),
        await evaluated(root, { ...code, model: 'slope', haze: 4, config: config({ slope: 0.2 }) }),
        await evaluated(root, {
          ...one,
          model: 'kernel',
          haze: 20,
          config: config({ kernel: 'first' }),
        }),
      );
    }
    const { html, md } = await reportOn('ablation', folders, { ablation: { base: 'code' } });
    expect(html).toContain('ablated (nearest)');
    expect(html).toContain('ablated (cubic)');
    const part = md.split('## Switch by switch')[1]!.split('##')[0]!;
    const lines = part.split('\n').filter((text) => text.startsWith('| '));
    const global = (at: number) =>
      JSON.parse(readFileSync(join(folders[at]!, '../metrics.json'), 'utf8')).test.square12.model
        .whole.ssim.global.mean as number;
    const changes = [global(1) - global(0), global(4) - global(3)];
    const mean = (changes[0]! + changes[1]!) / 2;
    const deviation = Math.abs(changes[0]! - changes[1]!) / Math.SQRT2;
    expect(mean).toBeGreaterThan(0.001);
    const slope = lines.find((line) => line.startsWith('| slope | slope 1 → 0.2 |'))!;
    expect(slope).toContain(`(+${mean.toFixed(4)} ± ${deviation.toFixed(4)})`);
    expect(slope).toContain('(0.0000 ± 0.0000)'); // the composite has no haze
    expect(lines.find((line) => line.startsWith('| kernel |'))).toMatch(
      /nearest → first.*\(−0\.\d{4} ±/,
    );
    expect(lines.at(-1)).toMatch(/^\| best classical fill \|/);
  });

  it('compares the steps of an axis of homogeneity by the reduction of 1 − SSIM, with intervals', async () => {
    const steps = ['alike', 'mixed'];
    const folders = await Promise.all(
      steps.map((dataset, at) =>
        evaluated(root, { dataset, model: 'rows', test: 6, count: 16 + at }),
      ),
    );
    const asked = { homogeneity: { classes: [...steps, 'not evaluated'], none: ['alike'] } };
    const { html, md } = await reportOn('homogeneity', folders, asked);
    const part = md.split('## What homogeneity alone is worth')[1]!.split('\n## ')[0]!;
    const lines = part.split('\n').filter((text) => text.startsWith('| '));
    expect(lines.map((line) => line.split(' | ')[0])).toEqual([
      '| data set',
      '| ---',
      '| alike',
      '| mixed',
      '| alike − mixed',
    ]);
    const { index, test } = readScores(folders[0]!);
    const left = 1 - spread(scoresOf(test, 'square12', 'harmonic', 'composite', 'ssim.wang')).mean;
    const gain = index.gains.find(
      ({ setting, baseline, score }) =>
        setting === 'square12' && baseline === 'harmonic' && score === 'ssim.wang',
    )!;
    expect(lines[2]).toContain(`| ${((100 * gain.mean) / left).toFixed(1).replace('-', '−')} % (`);
    expect(part).not.toContain('none, rows');
    expect(html).toContain('classes, rows: cut of 1 − SSIM by step');
    await expect(
      reportOn('no-list', folders, { homogeneity: { classes: 'alike' } }),
    ).rejects.toThrow('homogeneity.classes: expected a list of data sets');
  });

  it('gives tables by shape and by area, each image under the area of its own hole', async () => {
    const occlusions = {
      boxes: { shape: 'rectangle', area: [0.02, 0.38] },
      frames: { shape: 'border', area: [0.02, 0.38] },
      square12: { shape: 'square', side: 12 },
    } as const;
    const folder = await evaluated(root, {
      dataset: 'shaped',
      model: 'rows',
      occlusions,
      test: 30,
      count: 42,
    });
    const { html, md } = await reportOn('shapes', folder);
    expect(html).toContain('id="shapes"');
    const lines = md.split('## By shape and by area')[1]!.split('\n## ')[0]!.split('\n');
    const boxes = lines.find((line) => line.startsWith('| rectangle 2–38 %'))!;
    expect(lines.some((line) => line.startsWith('| border'))).toBe(true);
    expect(lines.some((line) => line.startsWith('| 1 × 12 px'))).toBe(false);
    const cells = boxes.split('|').map((text) => text.trim());
    const counted = cells.flatMap((text) => /(\d+) images$/.exec(text)?.[1] ?? []).map(Number);
    const { areas, test } = readScores(folder);
    const at = readScores(folder).index.settings.findIndex(({ name }) => name === 'boxes');
    const own = Array.from({ length: 30 }, (_, image) => areas[at * 30 + image]!);
    const inBin = (from: number, to: number) =>
      own.filter((area) => area >= from && area < to).length;
    expect(counted).toEqual([inBin(0, 0.1), inBin(0.1, 0.2), inBin(0.2, 0.3), inBin(0.3, 0.4)]);
    expect(cells.at(-2)).toBe('–');
    const wang = scoresOf(test, 'boxes', 'model', 'composite', 'ssim.wang');
    const small = wang.filter((_, image) => own[image]! < 0.1);
    expect(cells[2]).toMatch(new RegExp(`^${spread(small).mean.toFixed(4)}, [+−]`));
  });

  it('shows several models side by side, and accepts colour', async () => {
    const one = {
      dataset: 'colour',
      channels: 3,
      size: 24,
      count: 12,
      test: 4,
      occlusions: { dot: { shape: 'square', side: 6 } },
    } as const;
    const folders = [
      await evaluated(root, { ...one, model: 'rows' }),
      await evaluated(root, { ...one, model: 'columns', samples: 2 }),
    ];
    const { html, md } = await reportOn('models', folders);
    expect(md).toContain('**rows**');
    expect(md).toContain('**columns**');
    expect(html).toContain('sample 2');
    const depth = md.split('## By the distance from the rim')[1]!.split('\n## ')[0]!;
    expect(depth).toContain('colour, rows');
    expect(depth).toContain('colour, columns');
    expect(md).toMatch(/\| colour, columns \|.*\| \d\.\d\d levels \| [\d.]+ % of 33 % \|/);
    expect(md).toMatch(/\| colour, rows \|.*\| – \| – \|/);
    expect(html).toContain('24 × 24 pixels, colour');
  });

  it('refuses items of one data set that were scored on different settings', async () => {
    const one = { dataset: 'mixed', count: 14, test: 4 };
    const folders = [
      await evaluated(root, { ...one, model: 'a' }),
      await evaluated(root, { ...one, model: 'b', occlusions: paperSquares }),
    ];
    await expect(reportOn('mixed-report', folders)).rejects.toThrow(
      'evaluate@mixed,a and evaluate@mixed,b were scored on other images, settings or methods',
    );
  });

  it('reports that there is nothing to show', async () => {
    await expect(reportOn('nothing', [root])).rejects.toThrow('no evaluated item was found');
  });
});
