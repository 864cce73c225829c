/** Which metrics are views of an out, and which are errors. */
import { expect, it } from 'vitest';
import { itemOf, mistakesOf, planOf } from './rig.js';

const stage = (rest: string) => `stages:\n  a:\n    cmd: "true"\n${rest}`;

it('a metric inside an out of its stage is a view of that out, with its own name in the command', () => {
  const plan = planOf(`stages:
  a:
    cmd: ./train \${outs.model} \${outs.scores}
    outs: { model: cache/out/m }
    metrics: { scores: cache/out/m/scores.json }
    tolerance: { scores: { loss: 0.1 } }
`);
  const { outs, views, action, tolerance } = itemOf(plan, 'a');
  expect(outs).toEqual([{ name: 'model', path: 'cache/out/m', metrics: false }]);
  expect(views).toEqual([{ name: 'scores', path: 'cache/out/m/scores.json', out: 'model' }]);
  expect(action).toMatchObject({ command: './train cache/out/m cache/out/m/scores.json' });
  expect(tolerance).toEqual({ 'cache/out/m/scores.json': { loss: 0.1 } });
});

it('a metric that is an out stays one out', () => {
  const plan = planOf(stage('    outs: [m.json]\n    metrics: [m.json]\n'));
  expect(itemOf(plan, 'a').outs).toEqual([{ name: 'm.json', path: 'm.json', metrics: true }]);
  expect(itemOf(plan, 'a').views).toBeUndefined();
});

it('an out inside an out, and an out inside a metric, are errors', () => {
  expect(mistakesOf(stage('    outs: [m, m/a.json]\n'))).toContain('(overlapping-outs)');
  expect(mistakesOf(stage('    outs: [m/a]\n    metrics: [m]\n'))).toContain('(overlapping-outs)');
});

it('two equal names are an error', () => {
  expect(mistakesOf(stage('    outs: { m: m }\n    metrics: { m: m/a.json }\n'))).toContain(
    'two outs are called "m" (duplicate-name)',
  );
});

it('the name of an out under metrics is an error with its path', () => {
  expect(mistakesOf(stage('    outs: { m: out/m.json }\n    metrics: [m]\n'))).toBe(
    `pipeline.yaml:5:15: error: two outs are called "m" (duplicate-name)
        metrics: [m]
                  ~
  write the path of the out: out/m.json`,
  );
});

it('a metric inside an out of another stage is an error that says where it belongs', () => {
  const text = `${stage('    outs: [cache/out/m]\n')}  b:\n    cmd: "true"\n    metrics: [cache/out/m/a.json]\n`;
  expect(mistakesOf(text)).toBe(
    `pipeline.yaml:7:15: error: a writes cache/out/m and b writes cache/out/m/a.json, one inside the other (overlapping-outs)
        metrics: [cache/out/m/a.json]
                  ~~~~~~~~~~~~~~~~~~
  name it under metrics: of a, which writes the folder`,
  );
});
