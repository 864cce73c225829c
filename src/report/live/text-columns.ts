/** Text width in terminal columns. Pure. */

/** Characters of two columns: East Asian wide ones and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Marks of zero width: they join the character before them. */
const NONE = /[\p{Mn}\p{Me}\p{Cf}]/u;

export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += widthOfChar(char);
  return width;
}

function widthOfChar(char: string): number {
  if (char >= ' ' && char <= '~') return 1;
  if (NONE.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

/** Cuts the text to a width, with `…` at its end. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  return width < 1 ? '' : `${head(text, width - 1)}…`;
}

/** Cuts the middle, because the end of an item's name matters as much as the start. */
export function cutMiddle(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (width < 3) return cut(text, width);
  const after = Math.floor((width - 1) / 2);
  const reversed = [...text].reverse().join('');
  const end = [...head(reversed, after)].reverse().join('');
  return `${head(text, width - 1 - widthOf(end))}…${end}`;
}

export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** As much of the start as fits. */
function head(text: string, width: number): string {
  let taken = '';
  let left = width;
  for (const char of text) {
    left -= widthOfChar(char);
    if (left < 0) break;
    taken += char;
  }
  return taken;
}
