/** The text that keys are hashes of: the same for equal values, in any order of their members. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonical } from '../src/canonical.js';

const json = fc.jsonValue({ maxDepth: 4 });

/** The same value with the members of every object in another order. */
function reversed(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(reversed);
  const members = Object.entries(value).map(([key, member]) => [key, reversed(member)]);
  return Object.fromEntries(members.reverse());
}

test('the order of members makes no difference, and nothing is lost', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonical(reversed(value))).toBe(canonical(value));
      expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('keys are in code unit order, even those that look like numbers', () => {
  expect(canonical({ b: 1, a: { 10: 'x', 9: 'y' } })).toBe('{"a":{"10":"x","9":"y"},"b":1}');
  expect(canonical({ 9: 1, 10: 2 })).toBe('{"10":2,"9":1}');
  expect(canonical({ '\u{1f600}': 1, '\uffff': 2 })).toBe('{"\u{1f600}":1,"\uffff":2}');
});

test('values that JSON lacks get a text that no string produces', () => {
  expect(canonical({ a: Number.NaN, b: [Number.POSITIVE_INFINITY, 'Infinity'] })).toBe(
    '{"a":<NaN>,"b":[<Infinity>,"Infinity"]}',
  );
  expect(canonical({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
});
