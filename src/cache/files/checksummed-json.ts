/** Checksummed JSON: each small file carries the checksum of its own text. */
import { hash } from 'node:crypto';

const HEAD = '{"sum":"';
const MIDDLE = '","body":';
const BODY = HEAD.length + 64 + MIDDLE.length;

/** One line of JSON: `{"sum":"<sha256 of the body's text>","body":…}`. */
export function withChecksum(body: unknown): string {
  const text = JSON.stringify(body);
  return `${HEAD}${hash('sha256', text)}${MIDDLE}${text}}\n`;
}

/** The body; undefined if the text is incomplete, changed in any bit, or not checksummed JSON. */
export function checkedBody(text: string): unknown {
  const isSealed = text.startsWith(HEAD) && text.startsWith(MIDDLE, BODY - MIDDLE.length);
  if (!isSealed || !text.endsWith('}\n')) return undefined;
  const body = text.slice(BODY, -2);
  if (hash('sha256', body) !== text.slice(HEAD.length, HEAD.length + 64)) return undefined;
  return JSON.parse(body) as unknown;
}
