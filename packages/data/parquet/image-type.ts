/** What kind of image some bytes are, by how they begin. */

/** Hexadecimal beginnings; a dot stands for any digit. */
const BEGINNINGS: readonly (readonly [ending: string, beginning: RegExp])[] = [
  ['jpg', /^ffd8ff/],
  ['png', /^89504e470d0a1a0a/],
  ['gif', /^47494638/],
  ['webp', /^52494646.{8}57454250/],
  ['tif', /^(49492a00|4d4d002a|49492b00|4d4d002b)/],
  ['avif', /^.{8}6674797061766966|^.{8}6674797061766973/],
];

/** The ending of a file name for this image; undefined where it is of no kind that we read. */
export function imageEnding(image: Uint8Array): string | undefined {
  const start = Buffer.from(image.subarray(0, 16)).toString('hex');
  return BEGINNINGS.find(([, beginning]) => beginning.test(start))?.[0];
}
