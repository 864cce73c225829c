/** Tensors in the bytes of a file, compared element by element. */

import { isWithin } from './deviation.js';
import type { TensorDifference } from './difference.js';
import type { ValueComparison } from './json-values.js';

/** Types by the names of safetensors. */
export type ElementType = keyof typeof ELEMENTS;

export interface Tensor {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Elements in storage order. */
  readonly bytes: Uint8Array;
  /** Column-major, as in Fortran. */
  readonly firstFastest?: boolean;
  readonly bigEndian?: boolean;
}

interface Element {
  readonly size: number;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

const ELEMENTS = {
  BOOL: { size: 1, read: (view, at) => view.getUint8(at) },
  U8: { size: 1, read: (view, at) => view.getUint8(at) },
  I8: { size: 1, read: (view, at) => view.getInt8(at) },
  U16: { size: 2, read: (view, at, little) => view.getUint16(at, little) },
  I16: { size: 2, read: (view, at, little) => view.getInt16(at, little) },
  F16: { size: 2, read: (view, at, little) => half(view.getUint16(at, little)) },
  BF16: { size: 2, read: (view, at, little) => brain(view.getUint16(at, little)) },
  U32: { size: 4, read: (view, at, little) => view.getUint32(at, little) },
  I32: { size: 4, read: (view, at, little) => view.getInt32(at, little) },
  F32: { size: 4, read: (view, at, little) => view.getFloat32(at, little) },
  U64: { size: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  I64: { size: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  F64: { size: 8, read: (view, at, little) => view.getFloat64(at, little) },
} as const satisfies Record<string, Element>;

export function isElementType(name: unknown): name is ElementType {
  return typeof name === 'string' && Object.hasOwn(ELEMENTS, name);
}

export function sizeOf(type: ElementType): number {
  return ELEMENTS[type].size;
}

export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Compares two tensors of the same type and shape. */
export function compareTensors(
  name: string,
  expected: Tensor,
  actual: Tensor,
  allowed: number,
): ValueComparison<TensorDifference> {
  const size = countOf(expected.shape);
  const [before, now] = [reader(expected), reader(actual)];
  let first = -1;
  let count = 0;
  let largest = 0;
  for (let at = 0; at < size; at++) {
    const [a, b] = [before(at), now(at)];
    if (a === b) continue;
    const deviation = Math.abs(a - b);
    // A number that became NaN deviates infinitely.
    if (!Number.isNaN(a) || !Number.isNaN(b))
      largest = Math.max(largest, Number.isNaN(deviation) ? Number.POSITIVE_INFINITY : deviation);
    if (isWithin(a, b, allowed)) continue;
    if (first < 0) first = at;
    count++;
  }
  if (first < 0) return { largest };
  const index = indexOf(first, expected);
  const values = { expected: before(first), actual: now(first) };
  return { difference: { kind: 'tensor', tensor: name, index, ...values, count, size, largest } };
}

/** An element by its position in storage. */
export function reader({ type, bytes, bigEndian = false }: Tensor): (index: number) => number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { size, read }: Element = ELEMENTS[type];
  return (index) => read(view, index * size, !bigEndian);
}

/** Position of the n-th stored element. */
function indexOf(n: number, { shape, firstFastest = false }: Tensor): number[] {
  const index: number[] = [];
  let rest = n;
  for (const length of firstFastest ? shape : [...shape].reverse()) {
    index.push(rest % length);
    rest = Math.floor(rest / length);
  }
  return firstFastest ? index : index.reverse();
}

/** IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits fraction. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const scratch = new DataView(new ArrayBuffer(4));

/** bfloat16: the upper half of a binary32. */
function brain(bits: number): number {
  scratch.setUint32(0, bits << 16);
  return scratch.getFloat32(0);
}
