/** Measures texts: SVG does not wrap them, so each box gets the width of its text. */

let context: CanvasRenderingContext2D | undefined;

/** In CSS pixels, in the font of the page. */
export function textWidth(text: string, size: number): number {
  context ??= document.createElement('canvas').getContext('2d') ?? undefined;
  if (context === undefined) return text.length * size * 0.6;
  context.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}

export function fitting(text: string, size: number, room: number): string {
  if (textWidth(text, size) <= room) return text;
  let length = text.length;
  while (length > 0 && textWidth(`${text.slice(0, length)}…`, size) > room) length--;
  return length < 3 ? '' : `${text.slice(0, length)}…`;
}
