/** Results averaged over an axis or a param on the page: the rows of `pipe results --over`. */
import { expect, it } from 'vitest';
import { averaged, mayRepeat, withAxes } from '../../src/page/client/result-groups.js';
import { cellText, nameIn } from '../../src/page/client/result-rows.js';
import { resultColumns } from '../../src/page/result-columns.js';
import type { ResultRow } from '../../src/results/all-results.js';
import { groupsOver } from '../../src/results/over.js';
import { spreadText } from '../../src/results/repeats.js';
import { columnsOf } from '../../src/results/row-columns.js';

/** Each loss differs; every third result repeats a seed, and has another code or lacks the metric. */
const rows = Array.from({ length: 24 }, (_, at): ResultRow => {
  const dataset = at % 4 < 2 ? 'faces' : 'cars';
  const seed = at % 2 === 0 ? [1, at % 3] : 'none';
  return {
    key: at.toString(16).padStart(16, '0'),
    item: `train@${dataset},${at % 3}`,
    stage: 'train',
    matrix: { dataset, fold: at % 3 },
    when: 1e12 + at,
    seconds: 1,
    state: 'kept',
    params: { 'train.lr': at < 12 ? 0.1 : 0.01, 'train.seed': seed },
    upstream: {},
    env: {},
    code: at % 5 === 0 ? 'c0de' : 'c1de',
    args: { '--seed': String(seed) },
    deps: {},
    metrics: at % 7 === 0 ? {} : { loss: at ** 2 / 10, acc: 1 / (at + 1) },
    bytes: 1,
  };
});
const columns = withAxes(resultColumns(rows));
const all = rows.map((_, row) => row);

it.each(['fold', 'dataset', 'train.seed', 'train.lr'])(
  'over %s they are those of the command line',
  (name) => {
    const groups = groupsOver(rows, name, columnsOf(rows)).reverse();
    const over = columns.find((column) => column.name === name)!;
    const found = averaged(columns, all, over);
    expect(found.rows.map((row) => rows[row]?.key)).toEqual(groups.map(({ keys }) => keys[0]));
    const texts = (column: string) => {
      const shown = found.columns.find((each) => each.name === column)!;
      return found.rows.map((row) => cellText(shown, row));
    };
    expect(texts('n')).toEqual(groups.map(({ n }) => String(n)));
    for (const metric of ['loss', 'acc'])
      expect(texts(metric)).toEqual(
        groups.map(({ spreads: { [metric]: spread } }) => {
          if (spread === undefined) return '–';
          return spread.sd === undefined
            ? `${Number(spread.mean.toPrecision(5))}`
            : spreadText(spread.mean, spread.sd);
        }),
      );
    expect(found.columns.map((column) => column.name)).not.toContain(name);
    expect(nameIn(found.columns, found.rows[0]!)).toBe('train');
  },
);

it('offers axes and params with several values', () => {
  const names = mayRepeat(columns, all).map(({ name }) => name);
  expect(names).toEqual(['train.lr', 'train.seed', 'dataset', 'fold']);
  expect(mayRepeat(columns, [0, 4]).map(({ name }) => name)).toEqual(['train.seed', 'fold']);
});
