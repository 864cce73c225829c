/** Which items a command line selects. */
import { describe, expect, it } from 'vitest';
import { select, withNeeds } from '../../src/pipeline/select.js';
import { mistakesIn, planOf } from './rig.js';

const plan = planOf(`
stages:
  raw: { cmd: "true", outs: [out/raw] }
  train: { matrix: { d: [faces, animals] }, cmd: "true", deps: [out/raw], outs: ["out/\${d}/m"] }
  evaluate:
    matrix: { d: [faces, animals], o: [double20, square40] }
    cmd: "true"
    deps: ["out/\${d}/m"]
    outs: ["out/\${d}/\${o}"]
  trace: { cmd: "true" }
`);

const names = (indices: readonly number[]) => indices.map((index) => plan.items[index]!.id);
const chosen = (...targets: string[]) => names(select(plan, targets));

describe('select', () => {
  it('accepts a stage, an item, or nothing', () => {
    expect(chosen('train')).toEqual(['train@faces', 'train@animals']);
    expect(chosen('train@animals')).toEqual(['train@animals']);
    expect(chosen('evaluate@faces,double20')).toEqual(['evaluate@faces,double20']);
    expect(chosen()).toHaveLength(plan.items.length);
  });

  it('accepts patterns: of items with @, of stages without', () => {
    expect(chosen('train@*')).toEqual(['train@faces', 'train@animals']);
    expect(chosen('evaluate@*,double20')).toEqual([
      'evaluate@faces,double20',
      'evaluate@animals,double20',
    ]);
    expect(chosen('*@faces')).toEqual(['train@faces']);
    expect(chosen('tra*')).toEqual(['train@faces', 'train@animals', 'trace']);
    expect(chosen('tra??')).toHaveLength(3);
    expect(chosen('*')).toHaveLength(plan.items.length);
  });

  it('gives each item once, in plan order, whatever the order of the targets', () => {
    expect(chosen('trace', 'train@faces', 'train', 'raw')).toEqual([
      'raw',
      'train@faces',
      'train@animals',
      'trace',
    ]);
  });

  it.each([
    ['trian', 'there is no stage or item "trian"', 'did you mean "train"?'],
    ['train@face', 'there is no stage or item "train@face"', 'did you mean "train@faces"?'],
    ['trian@faces', 'there is no stage or item "trian@faces"', 'did you mean "train@faces"?'],
    [
      'evaluate@faces',
      'there is no stage or item "evaluate@faces"',
      "for all of them: 'evaluate@faces,*'",
    ],
    [
      'trace@faces',
      'there is no stage or item "trace@faces"',
      '"trace" has no matrix: it is a single item',
    ],
    [
      'nothing-alike',
      'there is no stage or item "nothing-alike"',
      'stages are: raw, train, evaluate, trace',
    ],
    [
      '3861a527e9',
      'there is no stage or item "3861a527e9"',
      'if it is the key of a result: `pipe results diff`, `pipe checkout` and `pipe epochs` take keys',
    ],
    ['zz*', 'no stage or item matches "zz*"', 'stages are: raw, train, evaluate, trace'],
  ])('explains %s', (target, message, hint) => {
    expect(mistakesIn(() => select(plan, [target]))).toBe(
      `error: ${message} (unknown-target)\n  ${hint}`,
    );
  });

  it('names every target that selects nothing', () => {
    const text = mistakesIn(() => select(plan, ['train', 'x1', 'x2']));
    expect(text.match(/"x\d"/g)).toEqual(['"x1"', '"x2"']);
  });

  it('treats other characters of patterns as literal', () => {
    expect(() => select(plan, ['train@(faces|animals)*'])).toThrow('matches');
    expect(() => select(plan, ['t[r]ain*'])).toThrow('matches');
  });
});

describe('the needed items', () => {
  it('are all that the items need', () => {
    const [item] = select(plan, ['evaluate@faces,double20']);
    expect(names(withNeeds(plan, [item!]))).toEqual([
      'raw',
      'train@faces',
      'evaluate@faces,double20',
    ]);
  });
});
