/** Which plots are views of an out, which are outs, and which are errors. */
import { expect, it } from 'vitest';
import { itemOf, mistakesOf, planOf } from './rig.js';

const stage = (rest: string) => `stages:\n  a:\n    cmd: "true"\n${rest}`;

it('a plot inside an out of its stage is a view of that out, with its own name in the command', () => {
  const plan = planOf(`stages:
  a:
    cmd: ./score \${outs.roc}
    outs: { scores: cache/out/s }
    plots:
      roc: { path: cache/out/s/roc.csv, x: fpr, y: [tpr] }
      loss: { path: cache/out/s/loss.json, y: loss }
      picture: cache/out/s/a.PNG
`);
  const { outs, plots, action } = itemOf(plan, 'a');
  expect(outs).toEqual([{ name: 'scores', path: 'cache/out/s', metrics: false }]);
  expect(plots).toEqual([
    { name: 'roc', path: 'cache/out/s/roc.csv', out: 'scores', x: 'fpr', y: ['tpr'] },
    { name: 'loss', path: 'cache/out/s/loss.json', out: 'scores', y: ['loss'] },
    { name: 'picture', path: 'cache/out/s/a.PNG', out: 'scores' },
  ]);
  expect(action).toMatchObject({ command: './score cache/out/s/roc.csv' });
});

it('a plot that is an out stays one out, and a plot outside all outs is an out', () => {
  const { outs, plots, views } = itemOf(
    planOf(
      stage('    outs: { t: a.csv }\n    metrics: [m.json]\n    plots: [a.csv, m.json, b.svg]\n'),
    ),
    'a',
  );
  expect(outs).toEqual([
    { name: 't', path: 'a.csv', metrics: false },
    { name: 'm.json', path: 'm.json', metrics: true },
    { name: 'b.svg', path: 'b.svg', metrics: false },
  ]);
  expect(plots?.map(({ name, out }) => [name, out])).toEqual([
    ['a.csv', 't'],
    ['m.json', 'm.json'],
    ['b.svg', 'b.svg'],
  ]);
  expect(views).toBeUndefined();
});

it('two plots may draw one file, but not under the same name', () => {
  const one = '{ path: a.csv, y: b }, { path: a.csv, y: c }';
  expect(mistakesOf(stage(`    plots: [${one}]\n`))).toContain(
    'two plots are called "a.csv" (duplicate-name)',
  );
  const { outs, plots } = itemOf(
    planOf(stage('    plots: { b: { path: a.csv, y: b }, c: { path: a.csv, y: c } }\n')),
    'a',
  );
  expect(outs).toHaveLength(1);
  expect(plots).toHaveLength(2);
});

it('an unknown key and a column that is not a text are errors with a place and a hint', () => {
  expect(mistakesOf(stage('    plots: { roc: { path: a.csv, xs: fpr, y: [1] } }\n'))).toBe(
    `pipeline.yaml:4:34: error: unknown key "xs" (unknown-key)
        plots: { roc: { path: a.csv, xs: fpr, y: [1] } }
                                     ~~
  did you mean "x"?

pipeline.yaml:4:47: error: expected the name of a column, as a text, got the number 1 (wrong-value)
        plots: { roc: { path: a.csv, xs: fpr, y: [1] } }
                                                  ~
  if the column is called 1, put it into quotes: "1"`,
  );
});

it('a plot inside an out of another stage is an error that says where it belongs', () => {
  const text = `${stage('    outs: [m]\n')}  b:\n    cmd: "true"\n    plots: [m/a.csv]\n`;
  expect(mistakesOf(text)).toContain('name it under plots: of a, which writes the folder');
});
