/** The request of the JavaScript API: a program without a compiler gets an error that names the field. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderDiagnostic, type UserError } from '../src/error.js';
import { checkRequest } from '../src/run/check-request.js';

const words = fc.array(fc.string());
const VALID: Record<string, fc.Arbitrary<unknown>> = {
  cwd: fc.string(),
  targets: words,
  file: fc.string(),
  profiles: words,
  set: words,
  only: fc.boolean(),
  force: fc.boolean(),
  dry: fc.boolean(),
  keepGoing: fc.boolean(),
  frozen: fc.constantFrom('results', 'keys', false),
  concurrency: fc.integer({ min: 1 }),
  executor: fc.string(),
  detach: fc.boolean(),
  remote: fc.constantFrom('rw', 'r', 'off'),
  env: fc.dictionary(fc.string(), fc.option(fc.string(), { nil: undefined })),
  onEvent: fc.constant(() => {}),
  signal: fc.constant(new AbortController().signal),
};

/** Of no field. */
const WRONG = fc.constantFrom<unknown[]>(
  null,
  0,
  -1,
  1.5,
  Number.NaN,
  Symbol.iterator,
  [3],
  [null],
);

function mistakesOf(request: unknown): string {
  try {
    checkRequest(request);
    return '';
  } catch (error) {
    return (error as UserError).diagnostics.map(renderDiagnostic).join('\n');
  }
}

describe('a request', () => {
  it('may have each field of docs/reference/api.md, or undefined for it', () => {
    const fields = Object.entries(VALID).map(([name, value]) => [
      name,
      fc.option(value, { nil: undefined }),
    ]);
    const request = fc.record(Object.fromEntries(fields), { requiredKeys: [] });
    fc.assert(fc.property(request, (each) => mistakesOf(each) === ''));
  });

  it('with wrong values is a user error that names each of their fields, and nothing else', () => {
    const names = fc.uniqueArray(fc.constantFrom(...Object.keys(VALID)), { minLength: 1 });
    fc.assert(
      fc.property(names, WRONG, (wrong, value) => {
        const request = Object.fromEntries(wrong.map((name) => [name, value]));
        const lines = mistakesOf(request).split('\n');
        expect(
          lines.map((line) => /wrong: (\w+) is .*\(wrong-request\)$/s.exec(line)?.[1]),
        ).toEqual(wrong);
      }),
    );
  });

  it('says what the field takes, and suggests the name that was meant', () => {
    expect(mistakesOf({ targets: 'train', frozen: true, keepgoing: true })).toBe(
      `error: the request of run() is wrong: targets is a list of texts, not "train" (wrong-request)
error: the request of run() is wrong: frozen is "results", "keys" or false, not true (wrong-request)
error: the request of run() is wrong: it has no field keepgoing (wrong-request)
  did you mean "keepGoing"?`,
    );
    expect(mistakesOf(null)).toContain('it is null, not an object');
  });
});
