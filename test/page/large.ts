/** Data of a page with 1,000 items and 10,000 results. */
import type { PageItem, PageModel } from '../../src/page/model.js';
import { resultColumns } from '../../src/page/result-columns.js';

const METRICS = ['test.psnr', 'test.ssim', 'train.loss', 'val.loss', 'val.ssim'];

/** Not random: the same page each time. */
function noise(at: number): number {
  return (((at + 1) * 2654435761) % 4294967296) / 4294967296;
}

function digest(at: number): string {
  return Array.from({ length: 8 }, (_, part) =>
    Math.floor(noise(at * 8 + part) * 2 ** 32)
      .toString(16)
      .padStart(8, '0'),
  ).join('');
}

function figures(at: number): Record<string, number> {
  return Object.fromEntries(METRICS.map((name, each) => [name, noise(at * 7 + each)]));
}

function item(at: number): PageItem {
  const isTrained = at % 2 === 1;
  const id = `${isTrained ? 'train' : 'prepare'}@set${at >> 1},${at % 5}`;
  const epochs = Array.from({ length: 20 }, (_, epoch) => epoch + 1);
  return {
    id,
    stage: isTrained ? 'train' : 'prepare',
    desc: 'a stage of a large sweep',
    state: at % 7 === 0 ? 'stale' : 'fresh',
    reasons: at % 7 === 0 ? ['param train.lr 0.1 → 0.01', 'code of lib/net.py changed'] : [],
    key: digest(at),
    command: `python3 train.py --rate ${noise(at).toFixed(4)} --data cache/out/set${at >> 1}/data`,
    params: { train: { lr: noise(at), width: 32 << (at % 4), epochs: 20 } },
    env: [],
    resources: { cpu: 2, gpu: isTrained ? 1 : 0 },
    deps: [
      { name: 'data', path: `cache/out/set${at >> 1}/data`, digest: `d:${digest(at + 5000)}` },
    ],
    outs: [
      {
        name: 'model',
        path: `cache/out/${id}/model`,
        digest: `d:${digest(at + 9000)}`,
        size: 5e6,
        files: 3,
      },
    ],
    needs: isTrained ? [at - 1] : [],
    metrics: isTrained ? figures(at) : {},
    seconds: 100 * noise(at),
    ...(isTrained && {
      epochs: {
        target: 20,
        wanted: 20,
        drawn: 'val.loss',
        numbers: epochs,
        values: {
          'val.loss': epochs.map((epoch) => Number((noise(at) / epoch).toPrecision(6))),
          'val.ssim': epochs.map((epoch) => Number((1 - noise(at) / epoch).toPrecision(6))),
        },
      },
    }),
    log: {
      tail: Array.from({ length: 8 }, (_, line) => `step ${line}: loss ${noise(at + line)}`),
      bytes: 9000,
    },
  };
}

export function largeModel(items = 1000, results = 10_000): PageModel {
  const rows = Array.from({ length: results }, (_, at) => ({
    stage: 'train',
    matrix: {},
    env: {},
    bytes: 1000,
    key: digest(at),
    item: `train@set${at % 500},${at % 5}`,
    when: 1.79e12 + at * 60_000,
    seconds: 100 * noise(at),
    state: (['current', 'kept', 'removed'] as const)[at % 3] ?? 'kept',
    params: {
      'train.lr': 10 ** -Math.ceil(4 * noise(at + 3)),
      'train.width': 32 << (at % 4),
      'train.optimizer': ['adam', 'sgd', 'lion'][at % 3] as string,
    },
    upstream: {},
    args: {},
    code: digest(at % 9),
    deps: { data: digest(at % 500) },
    metrics: figures(at),
  }));
  return {
    format: 1,
    project: 'large',
    pipe: '0.1.0',
    made: '2026-11-28T12:00:00.000Z',
    variant: '',
    items: Array.from({ length: items }, (_, at) => item(at)),
    results: resultColumns(rows),
    notes: [],
  };
}
