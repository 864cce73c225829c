/** The cells of a matrix. */
import { describe, expect, it } from 'vitest';
import { itemOf, mistakesOf, planOf } from '../rig.js';

function ids(matrix: string, params = '{}'): readonly string[] {
  const body = matrix.trim().replace(/^/gm, '      ');
  const text = `params: ${params}\nstages:\n  s:\n    cmd: "true"\n    matrix:\n${body}\n`;
  return planOf(text).items.map(({ id }) => id);
}

describe('a matrix', () => {
  it('gives the product of its axes, in written order, the last varying fastest', () => {
    expect(ids('d: [b, a]\nn: [2, 1]')).toEqual(['s@b,2', 's@b,1', 's@a,2', 's@a,1']);
  });

  it('keeps the kind of its values', () => {
    const plan = planOf(`
stages:
  s: { cmd: "echo \${x}", matrix: { x: [1, 0.001, 1e-7, true, "01", a b] } }
`);
    expect(plan.items.map(({ matrix }) => matrix.x)).toEqual([1, 0.001, 1e-7, true, '01', 'a b']);
    expect(plan.items.map(({ id }) => id)).toEqual([
      's@1',
      's@0.001',
      's@1e-7',
      's@true',
      's@01',
      's@a b',
    ]);
    expect(itemOf(plan, 's@a b').action).toEqual({ kind: 'shell', command: "echo 'a b'" });
  });

  it('names items by its values as written, whatever number that is', () => {
    expect(ids('x: [007, 3.10, 1.0, 1e3, 0x1F, True]')).toEqual([
      's@007',
      's@3.10',
      's@1.0',
      's@1e3',
      's@0x1F',
      's@True',
    ]);
    expect(ids('x: ${list}', '{ list: [007, 1.0] }')).toEqual(['s@007', 's@1.0']);
    expect(ids('x: ${map}', '{ map: { 007: a, 1.0: b } }')).toEqual(['s@007', 's@1.0']);
    expect(ids('x: [007, 8]\nexclude: [{ x: 7 }]')).toEqual(['s@8']);
    const plan = planOf('stages: { s: { cmd: "true", matrix: { x: [007, 1.0] } } }');
    expect(plan.items.map(({ matrix }) => matrix.x)).toEqual([7, 1]);
  });

  it('takes an axis from a param: a list, or the keys of a map', () => {
    expect(ids('d: ${datasets}', '{ datasets: [x, y] }')).toEqual(['s@x', 's@y']);
    expect(ids('o: ${occlusions}', '{ occlusions: { square: { n: 1 }, line: 2 } }')).toEqual([
      's@square',
      's@line',
    ]);
    expect(ids('d: ["${a.first}", z]', '{ a: { first: q } }')).toEqual(['s@q', 's@z']);
  });

  it('follows --set and profiles in its axes', () => {
    const text = `
params: { datasets: [x] }
profiles: { more: { datasets: [x, y] } }
stages: { s: { cmd: "true", matrix: { d: "\${datasets}" } } }
`;
    const count = (variant: object) => planOf(text, variant).items.length;
    expect(count({})).toBe(1);
    expect(count({ profiles: ['more'] })).toBe(2);
    expect(count({ profiles: ['more'], set: ['datasets=[a, b, c]'] })).toBe(3);
  });

  it('omits the cells that exclude covers; an axis that it does not name stands for all', () => {
    expect(ids('d: [a, b]\nn: [1, 2]\nexclude: [{ d: a, n: 2 }]')).toEqual([
      's@a,1',
      's@b,1',
      's@b,2',
    ]);
    expect(ids('d: [a, b]\nn: [1, 2]\nexclude: [{ n: 1 }]')).toEqual(['s@a,2', 's@b,2']);
  });

  it('may exclude values that an axis from a param lacks today', () => {
    expect(ids('d: ${datasets}\nexclude: [{ d: z }]', '{ datasets: [x] }')).toEqual(['s@x']);
  });

  it('adds the cells of include, in the order of the axes', () => {
    expect(ids('d: [a]\nn: [1]\ninclude: [{ n: 9, d: z }]')).toEqual(['s@a,1', 's@z,9']);
    expect(ids('include: [{ d: a, n: 1 }, { n: 2, d: b }]')).toEqual(['s@a,1', 's@b,2']);
    expect(ids('d: [a]\ninclude: [{ d: "${extra}" }]', '{ extra: e }')).toEqual(['s@a', 's@e']);
  });

  it('shows a mistake in a value from a param where the param is named', () => {
    const text = `
params: { datasets: [a, [b]] }
stages:
  s:
    cmd: "true"
    matrix:
      d: \${datasets}
`;
    expect(mistakesOf(text)).toBe(
      `pipeline.yaml:7:10: error: a value of an axis is a text, a number, true or false (bad-axis)
          d: \${datasets}
             ~~~~~~~~~~~`,
    );
  });

  it.each([
    ['0.10', '[0.10]'],
    ['"0.1,0.01"', '[0.1,0.01]'],
    ['true', '[true]'],
    ['"a: b"', '[faces, animals]'],
    ['null', '[faces, animals]'],
  ])('shows how to write the value %s as the list that an axis needs: %s', (value, list) => {
    const text = `params: { x: ${value} }
stages:
  s: { cmd: "true", matrix: { x: "\${x}" } }
`;
    expect(mistakesOf(text)).toContain(`\n  write a list, as in: ${list}`);
  });

  it('prefers an axis to a param of the same name, but finds the param by its full path', () => {
    const plan = planOf(`
params: { model: { vae: { width: 8 } } }
stages:
  s: { cmd: "echo \${model} \${model.vae.width}", matrix: { model: [vae] } }
`);
    expect(itemOf(plan, 's@vae').action).toEqual({ kind: 'shell', command: 'echo vae 8' });
  });
});
