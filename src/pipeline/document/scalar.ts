/** Restricts YAML values to those that JSON can represent. */
import type { Mistake } from './diagnostics.js';

/** `source`: the value as written. */
export function scalarMistake(value: unknown, source: string | undefined): Mistake | undefined {
  if (typeof value === 'string') {
    if (!value.includes('\0')) return undefined;
    return {
      code: 'bad-text',
      message: 'a text cannot contain the character NUL',
      hint: 'remove \\0',
    };
  }
  if (typeof value !== 'number') return undefined;
  if (!Number.isFinite(value)) {
    return {
      code: 'bad-number',
      message: `${source ?? value} is not a number that JSON can represent`,
      hint: 'write a finite number, or put quotes around it to make it a text',
    };
  }
  const whole = /^[-+]?(?:\d+|0x[\da-fA-F]+|0o[0-7]+)$/.test(source ?? '');
  if (!whole || Number.isSafeInteger(value)) return undefined;
  return {
    code: 'bad-number',
    message: `${source} is too large to be kept exactly`,
    hint: 'whole numbers go up to 9007199254740991; put quotes around it to make it a text',
  };
}
