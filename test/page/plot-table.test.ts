/** Tables of `plots:`, by columns. */
import { expect, it } from 'vitest';
import { tableIn } from '../../src/page/plot-table.js';

const columns = (text: string, path = 'a.csv') => {
  const found = tableIn(text, path);
  return typeof found === 'string' ? found : Object.fromEntries(found);
};

it('reads quotes, Windows line endings, empty cells and a byte order mark', () => {
  expect(columns('\ufeffa,"b ""c""",d\r\n1,"x, y\nz",\r\n\r\n-2e3,"7",NaN')).toEqual({
    a: [1, -2000],
    'b "c"': ['x, y\nz', 7],
    d: [undefined, 'NaN'],
  });
  expect(columns('a\tb\n1\t2,5\n', 'a.tsv')).toEqual({ a: [1], b: ['2,5'] });
  expect(columns('a,b\n1,')).toEqual({ a: [1], b: [undefined] });
});

it('reads a list of objects, with the columns of all objects', () => {
  expect(columns('[{ "a": 1 }, { "b": "x", "a": null }]', 'a.json')).toEqual({
    a: [1, undefined],
    b: [undefined, 'x'],
  });
  expect(columns('[{ "epoch": 1, "val": { "loss": 2, "of": [3] } }]', 'a.json')).toEqual({
    epoch: [1],
    'val.loss': [2],
    'val.of': [undefined],
  });
});

it('reads the one list of objects in an object', () => {
  const text =
    '{ "title": "ROC", "roc": [{ "fpr": 0, "limit": Infinity }, { "fpr": 1, "limit": 0.5 }] }';
  expect(columns(text, 'a.json')).toEqual({ fpr: [0, 1], limit: [undefined, 0.5] });
  expect(columns('{ "a": [{ "x": 1 }], "b": [{ "x": 2 }] }', 'a.json')).toBe(
    'a.json has 2 lists of objects: write each to its own file',
  );
});

it('says what is wrong with a file that is not a table', () => {
  expect(columns('')).toBe('a.csv is empty: its first line must name the columns');
  expect(columns('{}', 'a.json')).toBe('a.json is not a list of objects, and does not contain one');
  expect(columns('[', 'a.json')).toContain('a.json: Unexpected end of JSON input');
});
