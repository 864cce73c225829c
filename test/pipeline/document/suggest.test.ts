/** `did you mean …?` */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest, suggest } from '../../../src/pipeline/document/suggest.js';
import { mistakesOf } from '../rig.js';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['abc', 'abc', 0],
    ['outs', 'out', 1],
    ['trian', 'train', 1],
    ['kitten', 'sitting', 3],
    ['ab', 'ba', 1],
    ['ca', 'abc', 3],
    ['', 'abc', 3],
  ])('%s → %s is %i', (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });

  it('gives up at its limit, and is the same below it (property)', () => {
    const word = fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 9 }), (a, b, limit) => {
        const exact = editDistance(a, b);
        const limited = editDistance(a, b, limit);
        expect(limited).toBe(exact < limit ? exact : Math.max(limited, limit));
      }),
    );
  });
});

describe('nearest', () => {
  it('is the closest of the known names, if one is close enough', () => {
    const known = ['deps', 'outs', 'params', 'metrics', 'timeout'];
    expect(
      ['dep', 'OUTS', 'parms', 'metric', 'tiemout'].map((name) => nearest(name, known)),
    ).toEqual(['deps', 'outs', 'params', 'metrics', 'timeout']);
    expect(['x', 'foo', 'command', ''].map((name) => nearest(name, known))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is a name that was truncated, or has a suffix', () => {
    expect(['fro', 'dry-run', 'no', 'dr'].map((name) => nearest(name, ['frozen', 'dry']))).toEqual([
      'frozen',
      'dry',
      undefined,
      'dry',
    ]);
  });

  it('is the first of several equally close names', () => {
    expect(nearest('bat', ['cat', 'hat'])).toBe('cat');
  });
});

describe('suggest', () => {
  it('lists the known names if none is close, but not endlessly', () => {
    expect(suggest('xyz', ['a', 'b'], 'stages are')).toBe('stages are: a, b');
    const many = Array.from({ length: 40 }, (_, i) => `name${i}`);
    expect(suggest('xyz', many, 'stages are')).toMatch(/name11, …$/);
    expect(suggest('xyz', [], 'stages are')).toBeUndefined();
    expect(suggest('xyz', ['a'])).toBeUndefined();
  });
});

describe('a typo in a stage', () => {
  const PIPELINE = `
stages:
  clean:
    cmd: node clean.mjs \${deps.raw} \${outs.clean}
    deps: { raw: data/raw.txt }
    outs: { clean: cache/out/clean.txt }
`;

  it('in a placeholder gets the name with the syntax of a placeholder', () => {
    expect(mistakesOf(PIPELINE.replace('${deps.raw}', '${deps.row}'))).toBe(
      `pipeline.yaml:4:25: error: \${deps.row} is not known here (unknown-name)
        cmd: node clean.mjs \${deps.row} \${outs.clean}
                            ~~~~~~~~~~~
  did you mean "deps.raw"?`,
    );
  });

  it('in an unclosed placeholder is reported as unclosed, not as a long unknown name', () => {
    expect(mistakesOf(PIPELINE.replace('${deps.raw}', '${deps.raw'))).toBe(
      `pipeline.yaml:4:25: error: "\${deps.raw" is not closed (bad-template)
        cmd: node clean.mjs \${deps.raw \${outs.clean}
                            ~~~~~~~~~~
  put "}" after the name; for a literal "\${" write "$\${"`,
    );
  });

  it('is not blamed on a placeholder within another one, which has another remedy', () => {
    expect(mistakesOf(PIPELINE.replace('${deps.raw}', '${filter.length.${build}}'))).toContain(
      `
  a placeholder cannot contain another one: list "filter.length.\${build}" under "params:" of the stage, and read the value from the JSON file that PIPE_CONTEXT names`,
    );
  });

  it('in a key is reported once, without errors about the missing key', () => {
    expect(mistakesOf(PIPELINE.replace('outs:', 'output:'))).toBe(
      `pipeline.yaml:6:5: error: unknown key "output" (unknown-key)
        output: { clean: cache/out/clean.txt }
        ~~~~~~
  did you mean "outs"?`,
    );
  });

  it('in the last part of a param gets the keys next to it, and never the map around it', () => {
    const hint = (name: string) =>
      mistakesOf(
        `params: { train: { batch_size: 8, rate: 1 } }${PIPELINE}`.replace('deps.raw', name),
      )
        .split('\n')
        .at(-1);
    expect(hint('train.batch')).toBe('  did you mean "train.batch_size"?');
    expect(hint('train.momentum')).toBe('  "train" has: batch_size, rate');
  });

  it('in a name with a hyphen gets the name, and an expansion of the shell its spelling', () => {
    const hint = (cmd: string) =>
      mistakesOf(`params: { batch-size: 8 }\nstages: { s: { cmd: "run \${${cmd}}", outs: [o] } }\n`)
        .split('\n')
        .at(-1);
    expect(hint('batch-sise')).toBe('  did you mean "batch-size"?');
    expect(hint('params.batch-size')).toBe('  write ${batch-size}');
    expect(hint('home-none')).toBe("  for the shell's own ${home-none} write $${home-none}");
    expect(hint('batch-size%8')).toBe(
      "  for the shell's own ${batch-size%8} write $${batch-size%8}",
    );
  });

  it('in an expression gets the kinds of names that this place takes', () => {
    const text = 'params: { n: 1 }\nstages: { s: { cmd: "run ${n + 1}", outs: ["${n + 1}"] } }\n';
    expect(mistakesOf(text).match(/an expression: .*/g)).toEqual([
      'an expression: an axis, a param, deps.x, outs.x or resources.x',
      'an expression: an axis or a param',
    ]);
  });

  it.each([
    ['remote: { url: "s3://b/x", endpont: "http://x" }', '', 'endpoint'],
    ['remote: { ur: "s3://b/x" }', '', 'url'],
    ['', 'epochs: { mx: 3 }', 'max'],
    ['', 'epochs: { max: 3, best: { metrc: loss, mode: min } }', 'metric'],
    ['', 'plots: { p: { pth: p.csv } }', 'path'],
    ['', 'resources: { gpus: 1 }', 'gpu'],
  ])(
    'in a key of an inner map is reported once, with the intended key (%s%s)',
    (top, inner, meant) => {
      const text = `${top}${PIPELINE}    ${inner}\n`;
      const errors = mistakesOf(text).match(/error: .*/g);
      expect(errors).toEqual([expect.stringMatching(/^error: unknown key /)]);
      expect(mistakesOf(text)).toContain(`did you mean "${meant}"?`);
    },
  );

  it('next to the intended key does not affect that key', () => {
    const both = PIPELINE.replace('outs:', 'output: x\n    outs:').replace(
      'outs.clean',
      'outs.cle',
    );
    expect(mistakesOf(both).match(/error: .*/g)).toEqual([
      'error: ${outs.cle} is not known here (unknown-name)',
      'error: unknown key "output" (unknown-key)',
    ]);
  });
});
