/** From pipeline.yaml to a plan: the examples of the contract, and the effect of each key. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPlan } from '../../src/pipeline/load.js';
import { itemOf, mistakesOf, needsOf, planOf } from './rig.js';

const CONTRACT = `
params:
  image: { size: 100 }
  train: { epochs: 8, batch: 32, seed: 1 }
profiles:
  paper: { train: { epochs: 350 } }
stages:
  report:
    cmd: [cat, "\${deps.all}"]
    deps: { all: "cache/out/*/metrics.json" }
  preprocess:
    desc: gray, 100×100
    matrix: { dataset: [faces, animals] }
    run: stages/preprocess.ts
    deps: { raw: "data/\${dataset}/raw" }
    params: [image]
    outs: { images: "cache/out/\${dataset}/images" }
  count:
    cmd: wc -c \${deps.text} > \${outs.size}
    deps: { text: data/text.txt }
    outs: { size: cache/out/size.txt }
  train:
    matrix: { dataset: [faces, animals] }
    run: stages/train.ts
    deps: { data: "cache/out/\${dataset}/images/part" }
    params: [train]
    outs: { model: "cache/out/\${dataset}/model" }
    metrics: [ "cache/out/\${dataset}/metrics.json" ]
    resources: { gpu: 1 }
    epochs: \${train.epochs}
`;

describe('a plan', () => {
  it('has an item for each cell, in topological order', () => {
    const plan = planOf(CONTRACT);
    expect(plan.items.map(({ id }) => id)).toEqual([
      'preprocess@faces',
      'train@faces',
      'preprocess@animals',
      'train@animals',
      'report',
      'count',
    ]);
    expect(needsOf(plan, 'train@faces')).toEqual(['preprocess@faces']);
    expect(needsOf(plan, 'report')).toEqual(['train@faces', 'train@animals']);
    expect(plan.warnings).toEqual([]);
  });

  it('keeps the written order where that order can run', () => {
    const plan = planOf(`
stages:
  b: { cmd: "true", outs: [cache/out/b] }
  a: { cmd: "true", outs: [cache/out/a] }
  c: { cmd: "true", deps: [cache/out/a] }
  d: { cmd: "true" }
`);
    expect(plan.items.map(({ id }) => id)).toEqual(['b', 'a', 'c', 'd']);
  });

  it('contains everything that is known about an item', () => {
    expect(itemOf(planOf(CONTRACT, { profiles: ['paper'] }), 'train@faces')).toEqual({
      id: 'train@faces',
      stage: 'train',
      matrix: { dataset: 'faces' },
      action: { kind: 'module', file: 'stages/train.ts' },
      deps: [{ name: 'data', path: 'cache/out/faces/images/part', glob: false, made: true }],
      outs: [
        { name: 'model', path: 'cache/out/faces/model', metrics: false },
        {
          name: 'cache/out/faces/metrics.json',
          path: 'cache/out/faces/metrics.json',
          metrics: true,
        },
      ],
      params: { train: { epochs: 350, batch: 32, seed: 1 } },
      env: [],
      secrets: [],
      resources: { cpu: 1, memory: 0, gpu: 1 },
      epochs: { target: 350, param: 'train.epochs' },
      retries: 0,
      always: false,
      needs: [0],
    });
  });

  it('is plain JSON, equal after a round trip', () => {
    const plan = planOf(CONTRACT);
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('is read from the project if no text is given', () => {
    const project = mkdtempSync(join(tmpdir(), 'pipe-plan-'));
    try {
      writeFileSync(join(project, 'pipeline.yaml'), CONTRACT);
      expect(loadPlan({ project })).toEqual(planOf(CONTRACT));
    } finally {
      rmSync(project, { recursive: true });
    }
  });

  it('depends on nothing but the text, the profiles and the sets', () => {
    const text = CONTRACT.replace(/image: .*/, 'image: { size: 100 }  # a comment');
    expect(planOf(text)).toEqual(planOf(CONTRACT));
    expect(planOf(CONTRACT, { set: ['train.epochs=9'] })).not.toEqual(planOf(CONTRACT));
  });
});

/** The only item of a stage with these lines. */
function item(lines: string, params = '{}') {
  const body = lines.replace(/^/gm, '    ');
  return planOf(`params: ${params}\nstages:\n  s:\n    cmd: "true"\n${body}\n`).items[0]!;
}

describe('the keys of a stage', () => {
  it('accepts deps by name or as a list, in which the path is the name', () => {
    expect(item('deps: { a: ./data//x.txt, b: data/y/../z }').deps).toEqual([
      { name: 'a', path: 'data/x.txt', glob: false, made: false },
      { name: 'b', path: 'data/z', glob: false, made: false },
    ]);
    expect(item('deps: [data/x.txt, "data/*.csv"]').deps).toEqual([
      { name: 'data/x.txt', path: 'data/x.txt', glob: false, made: false },
      { name: 'data/*.csv', path: 'data/*.csv', glob: true, gathered: [], made: false },
    ]);
  });

  it('treats metrics as outs, and a path in both as one out', () => {
    expect(item('outs: { m: out/m.json, n: out/n }\nmetrics: [out/m.json]').outs).toEqual([
      { name: 'm', path: 'out/m.json', metrics: true },
      { name: 'n', path: 'out/n', metrics: false },
    ]);
    expect(item('metrics: { scores: out/m.json }').outs).toEqual([
      { name: 'scores', path: 'out/m.json', metrics: true },
    ]);
  });

  it('accepts resources as numbers, sizes and params', () => {
    expect(item('resources: { cpu: 2.5, gpu: 2, memory: 4G }').resources).toEqual({
      cpu: 2.5,
      gpu: 2,
      memory: 4 * 2 ** 30,
    });
    const params = '{ cores: 3, ram: 500MiB }';
    const lines = 'resources:\n  cpu: ${cores}\n  memory: ${ram}';
    expect(item(lines, params).resources).toEqual({ cpu: 3, gpu: 0, memory: 500 * 2 ** 20 });
  });

  it('accepts a timeout as a duration or in seconds', () => {
    expect(item('timeout: 1h30m').timeout).toBe(5400);
    expect(item('timeout: 90').timeout).toBe(90);
    expect(item('timeout: ${t}', '{ t: 2h }').timeout).toBe(7200);
  });

  it('accepts retries, always, env and secrets; names are sorted and unique', () => {
    expect(item('retries: 2\nalways: true\nenv: [B, A, B]\nsecrets: [TOKEN]')).toMatchObject({
      retries: 2,
      always: true,
      env: ['A', 'B'],
      secrets: ['TOKEN'],
    });
  });

  it('accepts epochs as a number, a param, or with patience', () => {
    expect(item('epochs: 5').epochs).toEqual({ target: 5 });
    expect(item('epochs: ${n}', '{ n: 7 }').epochs).toEqual({ target: 7, param: 'n' });
    const search = 'epochs:\n  max: ${t.n}\n  patience: 3\n  best: val.ssim';
    expect(item(search, '{ t: { n: 7 } }').epochs).toEqual({
      target: 7,
      param: 't.n',
      patience: 3,
      best: { metric: 'val.ssim', mode: 'max' },
    });
  });

  it('accepts keep with the best in either direction', () => {
    const keep = 'keep: { last: 2, every: 50, best: { metric: val.loss, mode: min } }';
    expect(item(`epochs: 5\n${keep}`).epochs?.keep).toEqual({
      last: 2,
      every: 50,
      best: { metric: 'val.loss', mode: 'min' },
    });
  });

  it('names no param for epochs from an axis, even if a param has the same name', () => {
    const plan = planOf(`
params: { n: 3 }
stages:
  s: { matrix: { n: [5] }, cmd: "true", epochs: "\${n}" }
`);
    expect(plan.items[0]!.epochs).toEqual({ target: 5 });
  });

  it('gives tolerance by path, whether an out is given by name or path', () => {
    const plan = planOf(`
stages:
  s:
    matrix: { d: [a] }
    cmd: "true"
    outs: { m: "out/\${d}.json", n: "out/\${d}.n.json" }
    tolerance: { m: { "*.ssim": 0.001 }, "out/\${d}.n.json": { loss: 0 } }
`);
    expect(plan.items[0]!.tolerance).toEqual({
      'out/a.json': { '*.ssim': 0.001 },
      'out/a.n.json': { loss: 0 },
    });
  });

  it('resolves params by dot path, with axes in the path, overlapping or not', () => {
    const plan = planOf(`
params: { a: { b: 1, c: 2 }, sources: { x: { n: 1 } } }
stages:
  s: { matrix: { d: [x] }, cmd: "true", params: [a, a.b, "sources.\${d}"] }
`);
    expect(plan.items[0]!.params).toEqual({ a: { b: 1, c: 2 }, 'a.b': 1, 'sources.x': { n: 1 } });
  });

  it('inserts axes and params into desc and run', () => {
    const plan = planOf(`
params: { kind: ts }
stages:
  s: { matrix: { d: [x] }, desc: "of \${d}", run: "stages/\${d}.\${kind}" }
`);
    expect(plan.items[0]).toMatchObject({
      desc: 'of x',
      action: { kind: 'module', file: 'stages/x.ts' },
    });
  });
});

describe('all mistakes together', () => {
  it('shows mistakes of shape, of names, of edges and of the command line together', () => {
    const text = `
params: { rate: 0.1 }
stages:
  a:
    cmd: cat \${deps.tex} > \${outs.size}
    deps: { text: data/text.txt, more: cache/out/b }
    out: { size: cache/out/size.txt }
    outs: { size: cache/out/size.txt }
    timeout: soon
  b:
    cmd: "true"
    deps: [cache/out/size.txt]
    outs: [cache/out/b]
`;
    expect(mistakesOf(text, { profiles: ['papre'], set: ['rat=1'] })).toBe(
      `pipeline.yaml:5:14: error: \${deps.tex} is not known here (unknown-name)
        cmd: cat \${deps.tex} > \${outs.size}
                 ~~~~~~~~~~~
  did you mean "deps.text"?

pipeline.yaml:6:40: error: these items depend on each other: a → b → a (cycle)
        deps: { text: data/text.txt, more: cache/out/b }
                                           ~~~~~~~~~~~
  here, a reads what b writes; remove this dep or another one of the cycle, or split one of the stages

pipeline.yaml:7:5: error: unknown key "out" (unknown-key)
        out: { size: cache/out/size.txt }
        ~~~
  did you mean "outs"?

pipeline.yaml:9:14: error: expected a time above 0, such as 90s, 30m, 2h, 1h30m or 7d, or a number of seconds, got the text "soon" (bad-duration)
        timeout: soon
                 ~~~~

error: there is no profile "papre" (unknown-profile)
  pipeline.yaml has no profiles

error: --set rat=1: there is no param "rat" (unknown-param)
  did you mean "rate"?`,
    );
  });

  it('does not report a name whose definition has an error', () => {
    const text = `
stages:
  a:
    matrix: { d: [x, "y,z"] }
    cmd: cat \${deps.text} \${d} > \${outs.size}
    deps: { text: /etc/passwd }
    outs: out
`;
    expect(mistakesOf(text).match(/\(([a-z-]+)\)$/gm)).toEqual([
      '(bad-axis)',
      '(path-outside)',
      '(wrong-value)',
    ]);
  });

  it('shows the same mistake of many cells once, and of different values at most three', () => {
    const text = `
params: { model: { a: 1 } }
stages:
  s:
    matrix: { m: [b, c, d, e, f], n: [1, 2] }
    cmd: echo \${nothing}
    params: ["model.\${m}"]
    outs: [out/s]
`;
    const codes = mistakesOf(text).match(/\(([a-z-]+)\)$/gm);
    expect(codes).toEqual([
      '(unknown-name)',
      '(unknown-param)',
      '(unknown-param)',
      '(unknown-param)',
      '(overlapping-outs)',
      '(overlapping-outs)',
      '(overlapping-outs)',
    ]);
  });
});
