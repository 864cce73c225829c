/** Reads safetensors files: eight bytes with the header's length, a header in JSON, then the tensors. */
import { ifJson, isTree } from '../json.js';
import { countOf, isElementType, sizeOf, type Tensor } from './tensor.js';

/** Tensors by name in the order of the header; undefined for another format. */
export function readSafetensors(bytes: Buffer): Map<string, Tensor> | undefined {
  if (bytes.length < 8) return undefined;
  const length = Number(bytes.readBigUInt64LE(0));
  if (length > bytes.length - 8) return undefined;
  const header = ifJson(bytes.toString('utf8', 8, 8 + length));
  if (!isTree(header)) return undefined;
  const tensors = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const tensor = tensorOf(entry, bytes.subarray(8 + length));
    if (tensor === undefined) return undefined;
    tensors.set(name, tensor);
  }
  return tensors;
}

function tensorOf(entry: unknown, data: Buffer): Tensor | undefined {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (!isElementType(dtype) || !isCounts(shape) || !isCounts(offsets)) return undefined;
  const [from = 0, to = 0] = offsets;
  if (to > data.length || to - from !== countOf(shape) * sizeOf(dtype)) return undefined;
  return { type: dtype, shape, bytes: data.subarray(from, to) };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isInteger(each) && each >= 0);
}
