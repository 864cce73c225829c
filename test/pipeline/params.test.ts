/** The params tree under profiles and --set, and where each value comes from. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { paramsTree } from '../../src/decide/fingerprint.js';
import { leavesOf } from '../../src/json.js';
import { chainManifest, type Manifest } from '../../src/manifest.js';
import { loadParams } from '../../src/pipeline/load.js';
import { type ParamLine, paramLines } from '../../src/pipeline/params-report.js';
import { mistakesOf, planOf, type Variant } from './rig.js';

const TEXT = `params:
  train: { epochs: 8, rate: 0.1 }
  sources:
    faces: { kind: rendered, count: 10 }
  datasets: [faces]
  open: {}
  nothing:
profiles:
  paper:
    train: { epochs: 350 }
  large:
    train: { epochs: 900, rate: 0.2 }
    datasets: [faces, animals]
    open: { any: { thing: 1 } }
    nothing: { a: 1 }
stages: {}
`;

const STAGE = `stages:
  s: { params: [train.rate, sources.faces, datasets], cmd: "echo \${train.epochs}" }`;

const paramsOf = (variant: Variant) => planOf(TEXT, variant).params;

describe('params', () => {
  it('are the tree of the file', () => {
    expect(paramsOf({})).toEqual({
      train: { epochs: 8, rate: 0.1 },
      sources: { faces: { kind: 'rendered', count: 10 } },
      datasets: ['faces'],
      open: {},
      nothing: null,
    });
  });

  it('merge a profile part by part; lists are replaced as a whole, an empty map accepts anything', () => {
    expect(paramsOf({ profiles: ['large'] })).toEqual({
      train: { epochs: 900, rate: 0.2 },
      sources: { faces: { kind: 'rendered', count: 10 } },
      datasets: ['faces', 'animals'],
      open: { any: { thing: 1 } },
      nothing: { a: 1 },
    });
  });

  it('apply several profiles in their order', () => {
    expect(paramsOf({ profiles: ['large', 'paper'] })).toMatchObject({
      train: { epochs: 350, rate: 0.2 },
    });
    expect(paramsOf({ profiles: ['paper', 'large'] })).toMatchObject({ train: { epochs: 900 } });
  });

  it('apply --set last, in order, as the whole value', () => {
    const set = ['train.epochs=50', 'sources.faces={ kind: folder, path: x }', 'train.epochs=51'];
    expect(paramsOf({ profiles: ['paper'], set })).toMatchObject({
      train: { epochs: 51, rate: 0.1 },
      sources: { faces: { kind: 'folder', path: 'x' } },
    });
    expect(paramsOf({ set: ['train={ epochs: 1, rate: 2 }', 'train.epochs=3'] })).toMatchObject({
      train: { epochs: 3, rate: 2 },
    });
  });

  it('may have keys with dots, which every dot path can name (property)', () => {
    // No key continues another one, so that each path has one meaning.
    const key = fc.constantFrom('a', 'b.c', '0.1', '0.01', 'resnet.v2.x', '3.10');
    const tree = fc.letrec<{ node: unknown; map: Record<string, unknown> }>((tie) => ({
      node: fc.oneof({ depthSize: 'small' }, fc.integer({ min: 0, max: 9 }), tie('map')),
      map: fc.dictionary(key, tie('node'), { minKeys: 1, maxKeys: 4 }),
    })).map;
    fc.assert(
      fc.property(tree, (params) => {
        for (const [path] of leavesOf(params)) {
          const text = (tail: string) => `params: ${JSON.stringify(params)}\nstages: { ${tail} }`;
          const stage = `s: { params: ["${path}"], cmd: "echo \${${path}}" }`;
          const before = planOf(text(stage)).params;
          const plan = planOf(text(stage), { set: [`${path}=77`] });
          const changed = leavesOf(plan.params).map(([at, value]) => [at, at === path ? 0 : value]);
          expect(changed).toEqual(leavesOf(before).map(([at, v]) => [at, at === path ? 0 : v]));
          const [item] = plan.items;
          expect(item).toMatchObject({ params: { [path]: 77 }, filled: { [path]: 77 } });
          expect(leavesOf(paramsTree(item!.params, plan.params))).toEqual([[path, 77]]);
          expect(plan.params).toMatchObject(paramsTree(item!.params, plan.params));
        }
      }),
      { numRuns: 40 },
    );
  });

  it('prefer the shorter key if a dot path has two meanings', () => {
    const text = 'params: { m: { a.b: 1, a: { b: 2 } } }\nstages: {}';
    expect(planOf(text, { set: ['m.a.b=3'] }).params).toEqual({ m: { 'a.b': 1, a: { b: 3 } } });
  });

  it('leave the param of the epochs out of the chain also if its key has a dot', () => {
    const chain = (epochs: number) => {
      const text = `params: { t: { "v2.0": ${epochs}, rate: 1 } }
stages: { s: { cmd: x, params: [t], epochs: "\${t.v2.0}" } }`;
      const [item] = planOf(text).items;
      const manifest = { params: item!.params } as unknown as Manifest;
      return chainManifest(manifest, item!.epochs!.param).params;
    };
    expect(chain(3)).toEqual({ t: { rate: 1 } });
  });

  it('say for a new entry of a map with a value for each item how to write the map (property)', () => {
    const name = fc.oneof(
      fc.constantFrom('null', 'true', '007', 'a-b', 'x y'),
      fc.string({ minLength: 1 }),
    );
    const value = fc.oneof(
      fc.integer(),
      fc.constantFrom(0.5, 1e-7, 1e15),
      fc.string(),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 3 }), value, (others, added) => {
        const map = { ...others, default: 1 };
        const text = `params: { a: { epochs: ${JSON.stringify(map)} } }\nstages: {}\n`;
        const variant = { set: [`a.epochs.resnetfifty=${JSON.stringify(added)}`] };
        const hint = /write the whole map: --set '(.*)'$/m.exec(mistakesOf(text, variant));
        fc.pre(hint !== null);
        const { params } = planOf(text, { set: [hint?.[1] as string] });
        expect(params).toEqual({ a: { epochs: { ...map, resnetfifty: added } } });
      }),
    );
    const text = 'params: { epochs: { default: 90, vit: 007 } }\nstages: {}\n';
    expect(mistakesOf(text, { set: ['epochs.resnet=10'] })).toContain(
      "to add an entry, write the whole map: --set 'epochs={ default: 90, vit: 007, resnet: 10 }'",
    );
    expect(mistakesOf(text, { set: ['epochs.resnet=a,b'] })).toContain('resnet: "a,b" }');
    expect(mistakesOf(text, { set: ['epochs.vot=10'] })).toContain('did you mean "epochs.vit"?');
  });

  it('keep a "=" in the value of --set', () => {
    expect(paramsOf({ set: ['datasets=[a=b]'] })).toMatchObject({ datasets: ['a=b'] });
  });

  it('warn if --set gives a number several values, which no run takes one by one', () => {
    const text = TEXT.replace('stages: {}', STAGE);
    const warnings = (...set: string[]) => planOf(text, { set }).warnings;
    const advice = 'run pipe once for each number, or make train.rate an axis of a matrix';
    for (const value of ['0.1,0.2', '1e-3, .01', '[0.1, 0.2]'])
      expect(warnings(`train.rate=${value}`)).toEqual([
        `--set train.rate=${value} is one value: ${advice}`,
      ]);
    expect(warnings('train.rate=0.2', 'datasets=[a,b]', 'datasets=1,2')).toEqual([]);
    expect(warnings('train.rate=auto', 'sources.faces.kind=1,2')).toEqual([]);
  });

  it('warn if --set changes a param that no stage uses, as a whole or in part', () => {
    const text = TEXT.replace('stages: {}', STAGE);
    const warnings = (...set: string[]) => planOf(text, { set }).warnings;
    expect(warnings('open=1', 'sources={ faces: 1 }')).toEqual([
      '--set open=1 changes nothing: no stage has open under params or contains ${open}',
    ]);
    const used = ['train.epochs=1', 'train.rate=1', 'datasets=[x]', 'sources.faces.kind=x'];
    expect(warnings(...used, 'train={ rate: 1, epochs: 2 }')).toEqual([]);
  });

  it('suggest the whole path for the last part of it', () => {
    expect(mistakesOf(TEXT, { set: ['rate=1'] })).toMatch(/ {2}did you mean "train.rate"\?$/);
  });

  it('report errors in profiles that were not requested', () => {
    const text = TEXT.replace('epochs: 350', 'epoch: 350');
    expect(mistakesOf(text)).toBe(
      `pipeline.yaml:10:14: error: there is no param "train.epoch" (unknown-param)
        train: { epoch: 350 }
                 ~~~~~
  did you mean "epochs"?`,
    );
    // It is an error whether or not it was requested.
    expect(mistakesOf(text, { profiles: ['paper'] })).toBe(mistakesOf(text));
  });

  it('may be absent or empty', () => {
    expect(planOf('stages: {}\n').params).toEqual({});
    expect(planOf('params:\nprofiles:\nstages: {}\n').params).toEqual({});
  });
});

describe('where a value comes from', () => {
  const lines = (variant: Omit<Variant, 'files'>): readonly ParamLine[] =>
    paramLines(loadParams({ project: '/nowhere', text: TEXT, ...variant }));

  it('is its line of the file, its profile, or the --set', () => {
    const variant = { profiles: ['paper'], set: ['sources.faces={ kind: zip }'] };
    expect(lines(variant)).toEqual([
      { path: 'train.epochs', value: 350, origin: 'profile paper, pipeline.yaml:10' },
      { path: 'train.rate', value: 0.1, origin: 'pipeline.yaml:2' },
      { path: 'sources.faces.kind', value: 'zip', origin: '--set sources.faces={ kind: zip }' },
      { path: 'datasets', value: ['faces'], origin: 'pipeline.yaml:5' },
      { path: 'open', value: {}, origin: 'pipeline.yaml:6' },
      { path: 'nothing', value: null, origin: 'pipeline.yaml:7' },
    ]);
  });

  it('is the line of the anchor for a merged value', () => {
    const text =
      'x-base: &base\n  rate: 0.1\nparams:\n  train: { <<: *base, epochs: 3 }\nstages: {}\n';
    const tree = loadParams({ project: '/nowhere', text });
    expect(paramLines(tree).map(({ path, origin }) => [path, origin])).toEqual([
      ['train.epochs', 'pipeline.yaml:4'],
      ['train.rate', 'pipeline.yaml:2'],
    ]);
  });
});
