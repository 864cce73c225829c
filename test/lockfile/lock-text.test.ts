/** The text of pipeline.lock, written and read again. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LockBlock } from '../../src/lockfile/format/block.js';
import { parseLock } from '../../src/lockfile/format/parse-lock.js';
import { lockText } from '../../src/lockfile/format/sections.js';
import type { Json } from '../../src/stage/context.js';

const hex = fc.array(fc.integer({ min: 0, max: 15 }), { minLength: 64, maxLength: 64 });
const key = hex.map((digits) => digits.map((each) => each.toString(16)).join(''));
const digest = fc
  .tuple(fc.constantFrom('f', 'x', 'd', 'l'), key)
  .map(([kind, name]) => `${kind}:${name}` as LockBlock['outs'][string]['digest']);

/** What separates lines or names somewhere, if not in the file. */
const hard = fc.string({
  unit: fc.constantFrom(...'\u2028\u2029\u0085\r\n\t :"\\#a'),
  minLength: 1,
});

/** As plain words, numbers and quoted text. */
const name = fc
  .oneof(fc.stringMatching(/^[\w.@,/+=-]{1,8}$/), fc.string({ unit: 'binary', minLength: 1 }), hard)
  .filter((text) => text !== '__proto__');

const byName = <T>(value: fc.Arbitrary<T>) => fc.dictionary(name, value, { maxKeys: 4 });
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const json = fc
  .jsonValue({ maxDepth: 2 })
  .map((value) => JSON.parse(JSON.stringify(value)) as Json);

const epochs = fc.record(
  {
    target: fc.nat(),
    patience: fc.nat(),
    best: fc.record({ metric: name, mode: fc.constantFrom('min', 'max') }),
    states: fc.dictionary(fc.nat().map(String), digest, { maxKeys: 3 }),
  },
  { requiredKeys: ['target', 'states'] },
);

const block = fc.record(
  {
    key,
    code: fc.record({
      kind: fc.constant('command'),
      text: fc.oneof(hard, fc.string({ unit: 'binary' })),
    }),
    params: byName(json),
    env: byName(fc.option(fc.string())),
    deps: byName(fc.option(digest)),
    outs: byName(fc.record({ digest, size: fc.nat(), files: fc.nat() })),
    metrics: byName(fc.dictionary(name, number, { minKeys: 1, maxKeys: 4 })),
    epochs,
  },
  { requiredKeys: ['key', 'code', 'params', 'env', 'deps', 'outs', 'metrics'] },
) as fc.Arbitrary<unknown> as fc.Arbitrary<LockBlock>;

it('gives the blocks that it was written from', () => {
  const file = fc.dictionary(name, fc.dictionary(name, block, { minKeys: 1, maxKeys: 2 }), {
    maxKeys: 2,
  });
  fc.assert(
    fc.property(file, (written) => {
      const sections = Object.entries(written).map(
        ([section, blocks]) => [section, new Map(Object.entries(blocks))] as const,
      );
      expect(parseLock(lockText(new Map(sections)))).toEqual(new Map(sections));
    }),
  );
});

it.each([
  ['an out', { outs: { model: { digest: 'f:../../../../etc/passwd', size: 1, files: 1 } } }],
  ['a dep', { deps: { data: 'f:../../../../etc/passwd' } }],
  ['a state', { epochs: { target: 1, states: { 1: 'd:../../secrets' } } }],
])('refuses what is not a digest in %s, also with a checksum that matches', (_what, forged) => {
  const key = 'a'.repeat(64);
  const code = { kind: 'command', text: 'true' };
  const block = { key, code, params: {}, env: {}, deps: {}, outs: {}, metrics: {}, ...forged };
  const text = lockText(new Map([['', new Map([['train', block as unknown as LockBlock]])]]));
  expect(() => parseLock(text)).toThrow(/was edited: pipe does not write such a line/);
});
