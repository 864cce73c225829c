/** YAML as pipeline.yaml accepts it: anchors, merge keys, keys and numbers. */
import { describe, expect, it } from 'vitest';
import type { AstNode } from '../../../src/pipeline/document/ast.js';
import { createDiagnostics } from '../../../src/pipeline/document/diagnostics.js';
import { createSource } from '../../../src/pipeline/document/source-text.js';
import { parseValue, parseYaml } from '../../../src/pipeline/document/yaml.js';
import { mistakesIn, mistakesOf } from '../rig.js';

function read(text: string): AstNode {
  const diagnostics = createDiagnostics(createSource('pipeline.yaml', text));
  const root = parseYaml(diagnostics);
  diagnostics.check();
  return root!;
}

describe('values', () => {
  it('are those of the YAML 1.2 core schema, regardless of directives', () => {
    const text = '%YAML 1.1\n---\na: yes\nb: 0o17\nc: 0x1F\nd: 1e3\ne: ~\nf: "1"\ng: -0\n';
    expect(read(text).value).toEqual({ a: 'yes', b: 15, c: 31, d: 1000, e: null, f: '1', g: 0 });
  });

  it('know their place', () => {
    const text = 'a:\n  b: [x, "y"]\n';
    const list = read(text).entries!.get('a')!.node.entries!.get('b')!;
    expect(text.slice(list.key.start, list.key.end)).toBe('b');
    const { start, end } = list.node.items![1]!.span;
    expect(text.slice(start, end)).toBe('"y"');
  });

  it('accept numbers and booleans as keys, as texts', () => {
    expect(Object.keys(read('2.5: a\ntrue: b\n0x10: c\n').value as object).sort()).toEqual([
      '16',
      '2.5',
      'true',
    ]);
  });

  it('refuse tags of other schemas', () => {
    expect(mistakesIn(() => read('a: !!timestamp 2001-01-01\n'))).toContain('(yaml-syntax)');
    expect(mistakesIn(() => read('a: !env HOME\n'))).toBe(
      `pipeline.yaml:1:4: error: unresolved tag: !env (yaml-syntax)
    a: !env HOME
       ~~~~
  quote the text if it should begin with "!"`,
    );
  });
});

describe('anchors and merge keys', () => {
  it('stand for the value, wherever the alias is', () => {
    expect(read('x: &x { a: 1 }\ny: *x\nz: [*x, *x]\n').value).toEqual({
      x: { a: 1 },
      y: { a: 1 },
      z: [{ a: 1 }, { a: 1 }],
    });
  });

  it('use the last anchor before the alias', () => {
    expect(read('a: &x 1\nb: *x\nc: &x 2\nd: *x\n').value).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });

  it('merge: written keys override merged ones, an earlier map a later one', () => {
    const text = `
base: &base { a: 1, b: 1 }
more: &more { b: 2, c: 2 }
one: { <<: *base, b: 9 }
two: { <<: [*base, *more], d: 4 }
three: { b: 9, <<: { a: 5, b: 5 } }
`;
    expect(read(text).value).toMatchObject({
      one: { a: 1, b: 9 },
      two: { a: 1, b: 1, c: 2, d: 4 },
      three: { a: 5, b: 9 },
    });
  });

  it('leave a quoted "<<" as a plain key', () => {
    expect(read('a: { "<<": 1 }\n').value).toEqual({ a: { '<<': 1 } });
  });

  it('report a mistake in a merged value where it is written', () => {
    const text = `
x-gpu: &gpu
  resources: { gpu: many }
stages:
  a: { <<: *gpu, cmd: "true" }
  b: { <<: *gpu, cmd: "true" }
`;
    expect(mistakesOf(text)).toBe(
      `pipeline.yaml:3:21: error: expected a whole number of GPUs, or a param such as \${gpus}, got the text "many" (wrong-value)
      resources: { gpu: many }
                        ~~~~`,
    );
  });

  it('are refused as bombs by the number of their values, not of aliases', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => `k${i}: *x`).join('\n');
    expect(Object.keys(read(`x: &x [1, 2]\n${many}\n`).value as object)).toHaveLength(20_001);
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 30; i++) {
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    }
    expect(mistakesIn(() => read(bomb.join('\n')))).toContain('(alias-bomb)');
  });
});

describe('texts that are refused', () => {
  it('is a file beyond the size limit', () => {
    expect(mistakesOf(`# ${'x'.repeat(9 * 1024 * 1024)}\n`)).toBe(
      `error: pipeline.yaml has 9.0 MiB, and pipe reads at most 8.0 MiB (too-large)
  use a matrix instead of writing every stage out`,
    );
  });

  it('is one that is nested too deeply, in either style, without a stack overflow', () => {
    expect(mistakesOf('['.repeat(100_000))).toContain('(too-deep)');
    const blocks = Array.from({ length: 200 }, (_, i) => `${' '.repeat(i)}a:\n`).join('');
    expect(mistakesOf(blocks)).toContain('(too-deep)');
  });

  it('is an empty one, a list, a text', () => {
    for (const text of ['', '# only this\n'])
      expect(mistakesOf(text)).toContain('error: pipeline.yaml is empty (missing-key)');
    for (const [text, got] of [
      ['- a\n', 'a list'],
      ['stages\n', 'the text "stages"'],
    ] as const) {
      expect(mistakesOf(text)).toContain(`error: expected a map, got ${got} (wrong-value)`);
    }
  });

  it('shows only the start of a cascade', () => {
    const slips = [
      '    matrix: { dataset: ${datasets} }\n',
      '\tcmd: x\n\tdesc: y\n',
      '    deps: [data/x\n',
      '    cmd: "x" > y\n',
      '    cmd: x\n      desc: y\n',
    ];
    for (const slip of slips) {
      const text = `stages:\n  a:\n${slip}    outs: { s: x }\n  b: { cmd: y }\n`;
      expect(mistakesOf(text).match(/^pipeline.yaml:/gm)).toHaveLength(1);
    }
  });

  it('shows all independent errors', () => {
    const text = 'a: @x\nb: y: z\nc: !env HOME\n';
    const lines = [...mistakesOf(text).matchAll(/^pipeline.yaml:(\d+):/gm)].map(([, line]) => line);
    expect(lines).toEqual(['1', '2', '3']);
  });

  it.each([
    ['cmd: echo a: b; node ${deps.x} ${outs.y}', '3:10', 'put the whole text in quotes'],
    ['cmd: "x" > y', '3:14', 'put the whole text in quotes of the other kind'],
    ['cmd: "x', '3:10', 'put another " at the end of the text'],
    ['cmd:x', '3:5', 'write "cmd: x"'],
    ['outs', '3:5', 'write "outs:"'],
    ['deps: { a: [b, [c, d] }', '3:16', 'put "]" after its last entry'],
    ['deps: { a: [b]', '3:11', 'put "}" after its last entry'],
    ['cmd: x\n      desc: y', '4:7', 'indent it by 4 spaces, like "cmd" in line 3'],
    [
      'cmd: |\n        echo a: b\n   desc: y',
      '5:4',
      'indent it by 4 spaces, like "cmd" in line 3, or by 2 spaces, like "a" in line 2',
    ],
  ])('gives place and hint for: %s', (slip, place, cure) => {
    const mistakes = mistakesOf(`stages:\n  a:\n    ${slip}\n    env: [A]\n`);
    expect(mistakes).toMatch(new RegExp(`^pipeline.yaml:${place}: error: `));
    expect(mistakes.split('\n').at(-1)).toBe(`  ${cure}`);
  });

  it('underlines after tabs, wide and combined characters', () => {
    expect(mistakesOf('stages:\n  a: { cmd: "é日本", out: 3 }\n')).toContain(
      `pipeline.yaml:2:20: error: unknown key "out" (unknown-key)
      a: { cmd: "é日本", out: 3 }
                       ~~~`,
    );
  });

  it('reads files with a byte order mark and with Windows line endings', () => {
    expect(mistakesOf('stages:\r\n  a: { cmd: x, out: 3 }\r\n')).toContain(
      '    a: { cmd: x, out: 3 }\n',
    );
    expect(read('\uFEFFa: 1\n').value).toEqual({ a: 1 });
  });
});

describe('the value of --set', () => {
  it('is any YAML value', () => {
    const values = ['1', 'x y', '[a, 1]', '{ a: { b: 1 } }', '', '"1"', 'true', '0.1'];
    expect(values.map((text) => (parseValue(text) as { value: unknown }).value)).toEqual([
      1,
      'x y',
      ['a', 1],
      { a: { b: 1 } },
      null,
      '1',
      true,
      0.1,
    ]);
  });

  it('says what is wrong with it', () => {
    expect(parseValue('{ a: 1, a: 2 }')).toEqual({
      error: 'the key "a" is already used in line 1',
    });
    expect(parseValue('*x')).toEqual({
      error: 'YAML reads *x as an alias, and there is no anchor &x',
    });
    expect(parseValue('.nan')).toEqual({ error: '.nan is not a number that JSON can represent' });
  });
});
