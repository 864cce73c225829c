/**
 * The whole experiment by the real command, from scratch to the report: in colour, with holes of
 * every shape, two seeds, small enough for a minute. `pipe run` itself covers gray squares.
 */

import { ssim } from '@pipe-experiment/images/ssim.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scoresOf } from '../../stages/lib/evaluation.js';
import { readImages } from '../../stages/lib/images.js';
import type { ModelFile } from '../../stages/lib/nn/model-files.js';
import { readScores } from '../../stages/lib/scores.js';
import { copyExperiment, SMALL_SIZE as SIZE, SMALL } from '../rig/experiment.js';
import { Project } from '../rig/project.js';

let project: Project;
beforeAll(() => {
  project = new Project();
  copyExperiment(project);
});
afterAll(() => project.dispose());

const run = () => project.pipe('run', ...SMALL);

test('in colour, from rendered images to the report', { timeout: 240_000 }, async () => {
  const first = await run();
  expect(first.err, first.out).toBe('');
  expect(first.code, first.out).toBe(0);
  expect(first.out).toContain('pipe: 10 ran, 0 restored, 0 fresh');

  const at = (path: string) => project.path(`cache/out/animals/${path}`);
  const images = readImages(at('images'));
  expect([images.channels, images.size, images.count]).toEqual([3, SIZE, 48]);
  const [red, green] = [0, 1].map((channel) => images.data.filter((_, i) => i % 3 === channel));
  expect(red).not.toEqual(green);
  const model = JSON.parse(project.read('cache/out/animals/models/shapes/1/model/model.json'));
  expect((model as ModelFile).channels).toBe(3);

  // The SSIM of a colour image is the mean of those of its channels.
  const scores = readScores(at('models/shapes/1/scores'));
  const { settings, layers, picks } = scores.index;
  expect(settings.map(({ shape }) => shape).sort()).toEqual([
    'border',
    'ellipse',
    'rectangle',
    'strokes',
  ]);
  const length = SIZE * SIZE * 3;
  const picture = (pick: number, layer: 'original' | 'model') => {
    const start = (pick * layers.length + layers.indexOf(layer)) * length;
    return scores.examples.subarray(start, start + length);
  };
  const plane = (pixels: Uint8Array, channel: number) => pixels.filter((_, i) => i % 3 === channel);
  const { position } = picks[0]![0]!;
  const byChannel = [0, 1, 2].map((channel) =>
    ssim(
      plane(picture(0, 'original'), channel),
      plane(picture(0, 'model'), channel),
      SIZE,
      SIZE,
      'wang',
    ),
  );
  const mean = byChannel.reduce((sum, value) => sum + value, 0) / 3;
  const wang = scoresOf(scores.test, settings[0]!.name, 'model', 'composite', 'ssim.wang');
  expect(wang[position]).toBeCloseTo(mean, 6);
  expect(new Set(byChannel).size).toBe(3);

  const report = project.read('reports/report.md');
  expect(report).toMatch(/\*\*shapes\*\* \| 0\.\d{4} ± 0\.\d{4} \(seeds ± 0\.\d{4}\)/);
  expect(report).toContain('## By shape and by area');
  expect(project.read('reports/index.html')).toContain(`${SIZE} × ${SIZE} pixels, colour`);

  const again = await run();
  expect(again.out).toContain('pipe: 0 ran, 0 restored, 10 fresh');
});
