/** The table of results in the page: columns from rows, filter and order. */
import { describe, expect, it } from 'vitest';
import {
  cellText,
  differs,
  filterOf,
  isVaried,
  ordered,
  settingsIn,
} from '../../src/page/client/result-rows.js';
import { resultColumns } from '../../src/page/result-columns.js';
import type { ResultRow } from '../../src/results/all-results.js';
import { columnsOf, differing } from '../../src/results/row-columns.js';

const row = (more: Partial<ResultRow>): ResultRow => ({
  stage: 'train',
  matrix: {},
  env: {},
  bytes: 10,
  key: 'abcdef0123456789',
  item: 'train@faces',
  when: Date.parse('2026-11-28T12:00:00Z'),
  seconds: 3.25,
  state: 'kept',
  params: {},
  upstream: {},
  args: {},
  code: 'c0de',
  deps: {},
  metrics: {},
  ...more,
});

const results = resultColumns([
  row({ params: { 'train.lr': 0.1, 'train.net': 'small' }, metrics: { 'val.loss': 0.5 } }),
  row({ params: { 'train.lr': 0.01, 'train.net': 'large' }, metrics: { 'val.loss': 0.25 } }),
  row({
    item: 'train@cars',
    state: 'removed',
    params: { 'train.lr': 0.001 },
    args: { '--seed': '7' },
  }),
]);
const all = [0, 1, 2];
const column = (name: string) => results.columns.find((each) => each.name === name)!;
const found = (filter: string) => all.filter(filterOf(results.columns, filter));

describe('the columns of results', () => {
  it('are numbers if all values are, else texts, with gaps for missing values', () => {
    expect(column('train.lr').cells).toEqual([0.1, 0.01, 0.001]);
    expect(column('--seed').cells).toEqual([null, null, 7]);
    expect(column('train.net')).toMatchObject({ cells: [0, 1, null], texts: ['small', 'large'] });
    expect(cellText(column('key'), 0)).toBe('abcdef012345');
    expect(cellText(column('val.loss'), 2)).toBe('–');
    expect(cellText(column('bytes'), 0)).toBe('10 B');
  });

  it('tell whether rows differ', () => {
    expect(isVaried(column('code'), all)).toBe(false);
    expect(isVaried(column('state'), [0, 1])).toBe(false);
    expect(isVaried(column('state'), all)).toBe(true);
  });
});

it('differ on the page as in `pipe results`: not only because the items do', () => {
  const evaluated = (item: string, upstream: ResultRow['upstream'], data: string, code = 'c0de') =>
    row({
      item: `evaluate@${item}`,
      stage: 'evaluate',
      upstream,
      deps: { data, same: 'f:0' },
      code,
    });
  const rows = [
    evaluated('pca', { 'pca.rank': 4, seed: 1 }, 'f:1'),
    evaluated('pca', { 'pca.rank': 4, seed: 2 }, 'f:1'),
    evaluated('net', { 'net.width': 8, 'net.depth': 2, seed: 1 }, 'f:2'),
    evaluated('net', { 'net.width': 9, 'net.depth': 2, seed: 1 }, 'f:2', 'c1de'),
    evaluated('net', { seed: 1 }, 'f:2'),
  ];
  const { columns } = resultColumns(rows);
  const onPage = (which: number[]) =>
    columns
      .filter(({ kind }) => ['param', 'code', 'dep'].includes(kind))
      .filter((each) => differs(each, columns, which))
      .map(({ name }) => name);
  expect(onPage([0, 1, 2, 3])).toEqual(['net.width', 'seed', 'code']);
  expect(onPage([0, 1, 2, 3, 4])).toEqual(['net.depth', 'net.width', 'seed', 'code']);
  for (const which of [
    [0, 1],
    [0, 2],
    [2, 3, 4],
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4],
  ]) {
    const some = which.map((at) => rows[at] as ResultRow);
    expect(onPage(which)).toEqual(differing(columnsOf(some), some).map(({ name }) => name));
  }
});

describe('the filter of results', () => {
  it('compares numbers and texts, and joins terms by "and"', () => {
    expect(found('')).toEqual(all);
    expect(found('train.lr<0.05')).toEqual([1, 2]);
    expect(found('lr<0.05 and state=kept')).toEqual([1]);
    expect(found('params.lr<0.05 and params.train.net=large')).toEqual([1]);
    expect(found('train.net!=small')).toEqual([1, 2]);
    expect(found('net~LAR')).toEqual([1]);
    expect(found('cars')).toEqual([2]);
    expect(found('val.loss>=0.25')).toEqual([0, 1]);
    expect(found('lr < 0.05 state = kept')).toEqual([1]);
    expect(found('key=abcdef')).toEqual(all);
    expect(found('val.loss!=0.25')).toEqual([0, 2]);
    // The titles of columns are names too.
    expect(found('time>3 size=10')).toEqual(all);
    expect(found('time>4')).toEqual([]);
  });

  it('names an unknown column and an invalid date, and does not compare a number with a text', () => {
    expect(() => found('nope=1')).toThrow('there is no column nope');
    expect(() => found('when>soon')).toThrow('"soon" is not a date: write it as in 2026-01-31');
    expect(found('train.lr<small')).toEqual([]);
  });
});

it('orders by numbers and by texts, with gaps last in both directions', () => {
  expect(ordered(all, column('val.loss'), false)).toEqual([1, 0, 2]);
  expect(ordered(all, column('val.loss'), true)).toEqual([0, 1, 2]);
  expect(ordered(all, column('train.net'), false)).toEqual([1, 0, 2]);
  // Equal values keep the order of the rows.
  expect(ordered(all, column('state'), true)).toEqual([2, 0, 1]);
  expect(ordered([0, 2], column('bytes'), true)).toEqual([0, 2]);
});

it('names a result by its first settings, without those that it does not have', () => {
  const settings = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, at) => ({
    name,
    kind: 'param' as const,
    cells: [at === 1 ? null : at, at < 2 ? at : null],
  }));
  expect(settingsIn(settings, 0)).toBe('a 0, c 2, d 3, e 4, and 1 more');
  expect(settingsIn(settings, 1)).toBe('a 0, b 1');
});
