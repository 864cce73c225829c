/** Reads NumPy's .npy files: a header that is a Python dictionary, then the elements. */
import { countOf, type ElementType, sizeOf, type Tensor } from './tensor.js';

const TYPES: Readonly<Record<string, ElementType>> = {
  b1: 'BOOL',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  f2: 'F16',
  f4: 'F32',
  f8: 'F64',
};

/** Undefined if it is not a .npy file, or has elements that are not numbers. */
export function readNpy(bytes: Buffer): Tensor | undefined {
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== '\x93NUMPY') return undefined;
  // Version 1 has a length of two bytes, later versions of four.
  const wide = (bytes[6] ?? 0) >= 2;
  const start = wide ? 12 : 10;
  const length = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', start, start + length);
  const [, order, name] = /'descr':\s*'([<>|=])(\w+)'/.exec(header) ?? [];
  const [, dimensions] = /'shape':\s*\(([\d,\s]*)\)/.exec(header) ?? [];
  const type = name === undefined ? undefined : TYPES[name];
  if (type === undefined || dimensions === undefined) return undefined;
  const shape = dimensions.split(',').map((each) => each.trim());
  const tensor: Tensor = {
    type,
    shape: shape.filter((each) => each !== '').map(Number),
    bytes: bytes.subarray(start + length),
    firstFastest: /'fortran_order':\s*True/.test(header),
    bigEndian: order === '>',
  };
  return tensor.bytes.length === countOf(tensor.shape) * sizeOf(type) ? tensor : undefined;
}
