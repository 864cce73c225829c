/** A param that is a map has one value for each item of a matrix. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainManifest, type Manifest } from '../../../src/manifest.js';
import { itemOf, mistakesOf, planOf } from '../rig.js';

const PIPELINE = `
params:
  train: { epochs: { default: 7, vit: 30 }, rate: 1 }
  memory: { default: 1G, "2": 4G }
  lr: { resnet: 0.10, vit: 1e-3 }
stages:
  train:
    matrix: { model: [resnet, vit], seed: [1, 2] }
    cmd: fit --lr \${lr}
    params: [train]
    epochs: \${train.epochs}
    resources: { memory: "\${memory}" }
    outs: ["\${model}-\${seed}-\${lr}.pt"]
`;

describe('a param that is a map', () => {
  it('gives each item the entry for a value of its axes, or the default', () => {
    const plan = planOf(PIPELINE);
    expect(
      plan.items.map(({ id, epochs, resources, outs, filled }) => [
        id,
        epochs?.target,
        resources.memory / 1024 ** 3,
        outs[0]!.path,
        filled,
      ]),
    ).toEqual([
      ['train@resnet,1', 7, 1, 'resnet-1-0.10.pt', { lr: 0.1 }],
      ['train@resnet,2', 7, 4, 'resnet-2-0.10.pt', { lr: 0.1 }],
      ['train@vit,1', 30, 1, 'vit-1-1e-3.pt', { lr: 0.001 }],
      ['train@vit,2', 30, 4, 'vit-2-1e-3.pt', { lr: 0.001 }],
    ]);
  });

  it('gives an item its own number of epochs as the param', () => {
    const plan = planOf(PIPELINE);
    expect(itemOf(plan, 'train@vit,1').params).toEqual({ train: { epochs: 30, rate: 1 } });
    expect(itemOf(plan, 'train@resnet,1').params).toEqual({ train: { epochs: 7, rate: 1 } });
  });

  it('leaves the number of epochs out of the chain if the stage lists the entry of each item', () => {
    const chains = (b: number, other: number) =>
      planOf(
        `params: { e: { a: 2, b: ${b}, default: ${other} } }
stages: { s: { cmd: x, params: ["e.\${m}", e.default], epochs: "\${e}", matrix: { m: [a, b] } } }`,
      ).items.map(({ params, epochs }) => {
        const manifest = { params } as unknown as Manifest;
        return [epochs?.target, chainManifest(manifest, epochs?.param).params];
      });
    expect(chains(3, 9)).toEqual([
      [2, { 'e.default': 9 }],
      [3, { 'e.default': 9 }],
    ]);
    expect(chains(5, 8)[1]).toEqual([5, { 'e.default': 8 }]);
  });

  it('is replaced by --set, as a whole or by entry', () => {
    const targets = (set: string) =>
      planOf(PIPELINE, { set: [set] }).items.map(({ epochs }) => epochs?.target);
    expect(targets('train.epochs=3')).toEqual([3, 3, 3, 3]);
    expect(targets('train.epochs.vit=9')).toEqual([7, 7, 9, 9]);
  });

  it('is an error without an entry for an item, and with several', () => {
    const mistake = (lr: string) =>
      mistakesOf(
        `params: { lr: ${lr} }\nstages: { a: { cmd: "x \${lr}", matrix: { m: [x, y], n: [z] } } }`,
      );
    expect(mistake('{ x: 1 }')).toContain('${lr} is a map with no entry for y or z: only one');
    expect(mistake('{ y: 1, z: 2 }')).toContain('${lr} is a map with entries for both y and z:');
    expect(mistake('{ x: 1, default: { k: 2 } }')).toContain('${lr} is a map: only a text');
  });

  it('gives the entry of a value, and not the one called default, if an axis has the value default', () => {
    const text =
      'params: { e: { default: 1, vit: 2 } }\nstages: { a: { cmd: "x ${e}", matrix: { m: [cnn, vit], n: [default, big] } } }';
    expect(planOf(text).items.map(({ id, filled }) => [id, filled])).toEqual([
      ['a@cnn,default', { e: 1 }],
      ['a@cnn,big', { e: 1 }],
      ['a@vit,default', { e: 2 }],
      ['a@vit,big', { e: 2 }],
    ]);
  });

  it('is an error as a number without a matrix, with a hint to name an entry', () => {
    const mistakes = mistakesOf(
      'params: { e: { default: 1, vit: 2 } }\nstages: { a: { cmd: x, epochs: "${e}" } }',
    );
    expect(mistakes).toContain('got a map from ${e}');
    expect(mistakes).toContain('name one, as in ${e.default}');
  });

  it.each([
    ['[1, 1]', 'duplicate-item'],
    ['["a,b"]', 'bad-axis'],
    ['"${none}"', 'unknown-name'],
  ])('is no mistake of its own if the matrix is %s, which is one', (axis, code) => {
    const stage = `{ cmd: "x \${e}", epochs: "\${e}", timeout: "\${e}", outs: ["o/\${e}"], matrix: { k: ${axis} } }`;
    const mistakes = mistakesOf(`params: { e: { default: 1, vit: 2 } }\nstages: { a: ${stage} }`);
    expect(mistakes.match(/\([a-z-]+\)$/gm)).toEqual([`(${code})`]);
  });

  it('stays a list of keys as an axis, also if one of them is called default', () => {
    const text =
      'params: { m: { default: 1, y: 2 } }\nstages: { a: { cmd: "x ${k}", matrix: { k: "${m}" } } }';
    expect(planOf(text).items.map(({ id }) => id)).toEqual(['a@default', 'a@y']);
  });

  it('gives what the same param gives as a number for each item alone', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'default');
    const numbers = fc.dictionary(key, fc.integer({ min: 1, max: 99 }), { minKeys: 1 });
    fc.assert(
      fc.property(numbers, (map) => {
        const text = (epochs: unknown, axis: string) =>
          `params: ${JSON.stringify({ e: epochs })}\nstages: { s: { cmd: "x \${e}", params: [e], epochs: "\${e}", matrix: { m: ${axis} } } }`;
        for (const value of ['a', 'b', 'c']) {
          const expected = map[value] ?? map.default;
          if (expected === undefined) {
            expect(mistakesOf(text(map, `[${value}]`))).toContain('no-entry');
          } else {
            expect(planOf(text(map, `[${value}]`)).items).toEqual(
              planOf(text(expected, `[${value}]`)).items,
            );
          }
        }
      }),
    );
  });
});
