/** A value of an axis: part of an item's name, which users type and which names files. */
import type { Scalar } from './fill-placeholders.js';

/** With the text for the item's name and for placeholders. */
export interface AxisValue {
  readonly value: Scalar;
  readonly text?: string;
}

export function isItemText(text: string): boolean {
  return !/^$|[,@*?\p{Cc}]|^\s|\s$/u.test(text);
}

/** Error texts for a value that is not {@link isItemText}. */
export const BAD_VALUE = {
  message: "cannot be part of an item's name",
  hint: 'use a value that is not empty, has no space at either end, and contains no , @ * ? or line break',
};
