/** The bytes of a .npy file of 32-bit numbers. */
export function npy(shape: readonly number[], values: readonly number[]): Buffer {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const head = Buffer.from(`\x93NUMPY\x01\x00v\x00${header.padEnd(117)}\n`, 'latin1');
  return Buffer.concat([head, Buffer.from(new Float32Array(values).buffer)]);
}
