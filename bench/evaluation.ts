/**
 * Where the time of an evaluation goes: CPU milliseconds for each image, by setting, of every classical
 * fill and of scoring one restoration (all SSIM definitions, PSNR, errors in the hole), on images by formula:
 *
 *   npx esbuild bench/evaluation.ts --bundle --platform=node --format=esm --packages=external --loader:.wasm=binary --target=node20 \
 *     --alias:@pipe-experiment=./packages \
 *     --outfile=node_modules/.bench/evaluation.mjs
 *   node node_modules/.bench/evaluation.mjs [images] [side]
 *
 * CPU time, since a shared machine tells little by the clock. The model's own time is not in it.
 */

import { createRandom } from '@pipe-experiment/data/random.js';
import { createHole } from '@pipe-experiment/fills/hole.js';
import { fitVariogram } from '@pipe-experiment/fills/kriging.js';
import {
  BASELINE_NAMES,
  type BaselineName,
  restoreBaselines,
} from '@pipe-experiment/fills/methods.js';
import { createGram, fitPcaTo } from '@pipe-experiment/fills/pca.js';
import { fitPcaMixture } from '@pipe-experiment/fills/pca-mixture.js';
import { keepKnown } from '@pipe-experiment/images/planes.js';
import { drawMask, type Occlusion } from '../stages/lib/mask.js';
import { createScorer, TARGETS } from '../stages/lib/score.js';

const [count = 100, size = 100] = process.argv.slice(2).map(Number);
const TEST_IMAGES = 2000;

const SETTINGS: Readonly<Record<string, Occlusion>> = {
  square20: { shape: 'square', side: Math.round(0.2 * size) },
  square40: { shape: 'square', side: Math.round(0.4 * size) },
  double20: { shape: 'square', side: Math.round(0.2 * size), count: 2 },
  square44: { shape: 'square', side: Math.round(0.44 * size) },
  square63: { shape: 'square', side: Math.round(0.63 * size) },
};

const random = createRandom(1, 'bench');
const pixels = size * size;
const images = Array.from({ length: count }, () => {
  const [a, b, c] = [random.between(5, 20), random.between(5, 20), random.between(40, 90)];
  return Uint8Array.from({ length: pixels }, (_, i) => {
    const [x, y] = [i % size, Math.floor(i / size)];
    return 128 + c * Math.sin(x / a) * Math.cos(y / b) + random.int(9);
  });
});
const gram = createGram(Uint8Array.from(images.flatMap((image) => [...image])), pixels);
const all24 = fitPcaTo(gram, Int32Array.from(images.keys()), 24);
const clusters = { clusters: 6, components: 12 };
const linear = {
  pca: all24,
  mixture: fitPcaMixture(gram, { size, channels: 1 }, clusters, random),
  variogram: fitVariogram(images, size, 1),
};
const restoreBy = (method: BaselineName, image: Uint8Array, hole: ReturnType<typeof createHole>) =>
  restoreBaselines([method], image, hole, 1, linear).get(method)!;
const scorer = createScorer(size, 1);
const scores = new Float64Array(TARGETS.length * scorer.names.length);

/** CPU milliseconds for each image, after one pass that fills caches and lets V8 compile. */
function measure(work: (at: number) => void): number {
  const pass = (from: number) => {
    for (let at = from; at < count; at++) work(at);
  };
  pass(Math.floor(count / 2));
  const before = process.cpuUsage();
  pass(0);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / count;
}

console.log(`${count} images of ${size}×${size}, CPU ms for each`);
let all = 0;
for (const [name, occlusion] of Object.entries(SETTINGS)) {
  const holes = images.map((_, at) => {
    const stream = createRandom(1, name, at);
    return createHole(drawMask(occlusion, size, stream), size, size);
  });
  const originals = images.map((image) => scorer.prepare(image));
  const restored = images.map((image, at) => restoreBy('harmonic', image, holes[at]!));
  const hazy = images.map((image, at) => {
    const whole = image.map((value) => value ^ 3);
    return { whole, composite: keepKnown(whole, image, holes[at]!.mask, 1) };
  });
  const parts: Record<string, number> = { prepare: measure((at) => scorer.prepare(images[at]!)) };
  for (const method of BASELINE_NAMES) {
    parts[method] = measure((at) => restoreBy(method, images[at]!, holes[at]!));
  }
  parts['score a fill'] = measure((at) =>
    scorer.score(originals[at]!, holes[at]!.mask, restored[at]!, scores, 0),
  );
  parts['score a model'] = measure((at) =>
    scorer.score(originals[at]!, holes[at]!.mask, hazy[at]!, scores, 0),
  );
  // An evaluation computes the parts of a mean once, so the means cost nothing there.
  const computed = BASELINE_NAMES.filter((name) => name !== 'blend' && name !== 'mean-of-three');
  const total =
    parts.prepare! +
    computed.reduce((sum, method) => sum + parts[method]!, 0) +
    BASELINE_NAMES.length * parts['score a fill'] +
    parts['score a model'];
  all += total;
  const list = Object.entries(parts).map(([part, ms]) => `${part} ${ms.toFixed(2)}`);
  console.log(`${name}: ${list.join(', ')}; together ${total.toFixed(1)}`);
}
const seconds = (all * TEST_IMAGES) / 1000;
console.log(
  `${TEST_IMAGES} images, all ${Object.keys(SETTINGS).length} settings, all fills and a model: ` +
    `${seconds.toFixed(0)} s of one core, ${(seconds / Object.keys(SETTINGS).length).toFixed(0)} s a setting`,
);
