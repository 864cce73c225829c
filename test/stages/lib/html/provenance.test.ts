import { expect, test } from 'vitest';
import { paramsInUse } from '../../../../stages/lib/html/provenance.js';

test("the page shows the params of its items' models and sources, and all others", () => {
  const params = {
    split: { train: 4 },
    sources: { faces: { kind: 'a' }, photos: { kind: 'b' } },
    model: { vae: { width: 1 }, restorer: { width: 2 }, paper20: { width: 3 } },
  };
  const used = ['vae', 'restorer'].map((model) => ({
    item: `evaluate@faces,${model},1`,
    digests: {},
  }));
  expect(paramsInUse(params, used)).toEqual({
    split: { train: 4 },
    sources: { faces: { kind: 'a' } },
    model: { vae: { width: 1 }, restorer: { width: 2 } },
  });
});

test('an item whose name contains none of them keeps all params', () => {
  const params = { model: { vae: {} } };
  expect(paramsInUse(params, [{ item: 'evaluate', digests: {} }])).toEqual(params);
});
