/** A value of an axis: a piece of an item's name, which people type and which names files. */
import type { Scalar } from './template.js';

/** With the text that names the item and fills the holes. */
export interface AxisValue {
  readonly value: Scalar;
  readonly text?: string;
}

export function isItemText(text: string): boolean {
  return !/^$|[,@*?\p{Cc}]|^\s|\s$/u.test(text);
}

/** What to say of a text that is not {@link isItemText}. */
export const BAD_VALUE = {
  message: "cannot be part of an item's name",
  hint: 'it is empty, or begins or ends with a space, or holds one of , @ * ? or a line break',
};
