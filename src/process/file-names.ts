/** File names for items, locks and logs. */
import { sha256 } from '../canonical.js';

/** Leaves room for a suffix, within the 255 bytes that file systems allow. */
const LONGEST = 120;

/**
 * A readable and unique file name: letters, digits and `@ , . _ + = -` are kept, everything else
 * becomes `%xx` by its UTF-8 bytes, and a long name ends in a hash of the whole. Never contains `/`
 * or `~`, and never starts with a dot.
 */
export function fileNameOf(name: string): string {
  const encoded = Buffer.from(name)
    .toString('latin1')
    .replace(
      /^\.|[^A-Za-z0-9@,._+=-]/g,
      (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  if (encoded.length > 0 && encoded.length <= LONGEST) return encoded;
  return `${encoded.slice(0, LONGEST)}%${sha256(name).slice(0, 16)}`;
}
