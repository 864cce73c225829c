/** File names for what has a name of its own: items, locks, logs. */
import { createHash } from 'node:crypto';

/** Room is left for what is put behind the name, within the 255 bytes that file systems allow. */
const LONGEST = 120;

/**
 * A name as a file's name, which can be read and never collides: letters, digits and `@ , . _ + = -`
 * stay, everything else becomes `%xx` by its UTF-8 bytes, and a long one ends in a hash of it all.
 * Neither `/` nor `~` is ever in it, nor does it start with a dot.
 */
export function fileNameOf(name: string): string {
  const encoded = Buffer.from(name)
    .toString('latin1')
    .replace(
      /^\.|[^A-Za-z0-9@,._+=-]/g,
      (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
  if (encoded.length > 0 && encoded.length <= LONGEST) return encoded;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 16);
  return `${encoded.slice(0, LONGEST)}%${hash}`;
}
