/**
 * Environment values that are not UTF-8. Node decodes every invalid byte to the same character.
 * Here such a byte is a lone surrogate, as in Python (`surrogateescape`): different values have
 * different texts, and each text can be converted back to its bytes.
 */
import { readIfThere } from './proc.js';

/** Node's replacement for a byte that it cannot decode. */
const LOST = '\uFFFD';

const ESCAPED = /([\udc80-\udcff])/u;

/** True for a text that represents bytes that are not UTF-8. */
export function isRaw(text: string): boolean {
  return ESCAPED.test(text);
}

function rawText(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const character = bytes.subarray(at, at + lengthOf(bytes[at] as number));
    const decoded = character.toString();
    const isText = Buffer.from(decoded).equals(character);
    text += isText ? decoded : String.fromCharCode(0xdc00 + (bytes[at] as number));
    at += isText ? character.length : 1;
  }
  return text;
}

/** Length of the UTF-8 character that begins with the byte. */
function lengthOf(first: number): number {
  if (first < 0xc0) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

export function bytesOf(text: string): Buffer {
  const parts = text.split(ESCAPED).map((part) => {
    return isRaw(part) ? Buffer.from([part.charCodeAt(0) - 0xdc00]) : Buffer.from(part);
  });
  return Buffer.concat(parts);
}

/**
 * Only the variables, without inherited members (`toString`), and with raw values on Linux. On
 * other systems a damaged value stays as Node decoded it.
 */
export function wholeEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const whole: NodeJS.ProcessEnv = Object.assign(Object.create(null), env);
  const lost = Object.keys(env).filter((name) => env[name]?.includes(LOST));
  if (lost.length === 0) return whole;
  const values = startValues();
  for (const name of lost) {
    const bytes = values.get(name);
    // The program may have changed the value since.
    if (bytes?.toString() === env[name]) whole[name] = rawText(bytes as Buffer);
  }
  return whole;
}

/** The environment at the start of this process. */
function startValues(): Map<string, Buffer> {
  const values = new Map<string, Buffer>();
  // Absent on other systems, or hidden from this process: a damaged value is then an error.
  const text = readIfThere('/proc/self/environ') ?? '';
  for (const entry of text.split('\0')) {
    const end = entry.indexOf('=');
    if (end > 0) values.set(entry.slice(0, end), Buffer.from(entry.slice(end + 1), 'latin1'));
  }
  return values;
}
