/** Tables in the width of a terminal. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fitted } from '../../src/report/fit.js';
import { widthOf } from '../../src/report/live/text-columns.js';
import { listTable, plainTable } from '../../src/report/text-table.js';

const ITEMS = [
  ['item', 'results', 'size', 'computed in'],
  ['evaluate@faces,double20,seed-1', '3', '1.2 MiB', '2 h 05 min'],
  ['train@faces', '12', '340 KiB', '3 min 20 s'],
];

it('cuts the middle of the longest text, and no number', () => {
  expect(listTable(ITEMS, 48)).toBe(
    `  item             results  size     computed in
  evaluat…,seed-1  3        1.2 MiB  2 h 05 min
  train@faces      12       340 KiB  3 min 20 s
`,
  );
});

it('cuts nothing if nothing limits the width, or everything fits', () => {
  const whole = listTable(ITEMS);
  expect(whole).toContain('evaluate@faces,double20,seed-1');
  expect(listTable(ITEMS, 80)).toBe(whole);
});

it('puts columns that do not fit into a separate table, with the first column', () => {
  const rows = [
    ['item', 'val.loss', 'val.ssim', 'val.psnr'],
    ['train@a', '0.12345678', '0.87654321', '31.2345678'],
  ];
  expect(plainTable(rows, 32)).toBe(
    `item       val.loss    val.ssim
train@a  0.12345678  0.87654321

item       val.psnr
train@a  31.2345678
`,
  );
});

it('keeps keys, dates and short names whole in 80 columns, and splits the table instead', () => {
  const names = ['train.lr', 'train.width', 'val.loss', 'val.psnr', 'seconds_per_image'];
  const rows = [
    ['key', 'item', 'when', ...names],
    ['1b47ba1ab1', 'evaluate@cats', '2026-11-29 09:59', '0.001', '64', '0.1', '25.7', '0.01'],
  ];
  expect(plainTable(rows, 80)).toBe(
    `key         item           when              train.lr  train.width  val.loss
1b47ba1ab1  evaluate@cats  2026-11-29 09:59     0.001           64       0.1

key         val.psnr  seconds_per_image
1b47ba1ab1      25.7               0.01
`,
  );
});

it('cuts names before keys and dates, where that keeps the table whole', () => {
  const rows = [
    ['key', 'item', 'when', 'state'],
    ['1b47ba1ab1', 'evaluate@faces,double20', '2026-11-29 09:59', 'current'],
  ];
  expect(plainTable(rows, 52)).toBe(
    `key         item           when              state
1b47ba1ab1  evalua…uble20  2026-11-29 09:59  current
`,
  );
});

it('cuts no mean with its deviation, and no value with its epoch', () => {
  const rows = [
    ['stage', 'val.loss', 'val.psnr'],
    ['train', '0.1324 ± 0.0037', '27.31 (epoch 22)'],
  ];
  expect(plainTable(rows, 30)).toBe(
    `stage  val.loss
train  0.1324 ± 0.0037

stage  val.psnr
train  27.31 (epoch 22)
`,
  );
});

it('puts the decimal points of a column in one line', () => {
  const rows = [
    ['item', 'loss', 'n', 'last'],
    ['a', '0.1', '2', '7'],
    ['b', '12', '10', '0.25'],
    ['c', '–', '3', '1e-9'],
    ['d', '0.123', '', '–'],
  ];
  expect(plainTable(rows)).toBe(
    `item    loss   n  last
a      0.1     2  7
b     12      10  0.25
c      –       3  1e-9
d      0.123      –
`,
  );
});

it('keeps every row within the width, and every number whole (property)', () => {
  const cell = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => `x${text.replaceAll('\n', '')}`),
    fc.constantFrom('0.123456', '12', '1.2 MiB', '2 h 05 min'),
  );
  const rows = fc
    .integer({ min: 1, max: 8 })
    .chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns })));
  fc.assert(
    fc.property(rows, fc.integer({ min: 24, max: 100 }), (all, room) => {
      const tables = fitted(all, room);
      for (const row of tables.flat())
        expect(row.map(widthOf).reduce((sum, width) => sum + width + 2, -2)).toBeLessThanOrEqual(
          room,
        );
      const shown = new Set(tables.flat(2));
      for (const text of all.flat()) if (/^\d/.test(text)) expect(shown).toContain(text);
    }),
  );
});

it('prints a table of any length', () => {
  const rows = Array.from({ length: 200_000 }, (_, at) => [`m.${at}`, String(at / 10)]);
  expect(plainTable([['metric', 'train'], ...rows]).split('\n')[10]).toMatch(/^m\.9 +0\.9$/);
});
