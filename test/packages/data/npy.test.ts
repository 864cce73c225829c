/** `.npy` files: byte for byte as numpy writes them, and read back. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createNpyWriter,
  openNpy,
  readNpy,
  readNpyBytes,
  writeNpy,
} from '@pipe-experiment/data/npy.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'npy-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What numpy 2.4.6 gave for `np.save` of np.arange(6, dtype=uint8).reshape(2, 3), and of float32 [0.5, -1]. */
const NUMPY_BYTES = numpyFile("'|u1'", '(2, 3)', 58, [0, 1, 2, 3, 4, 5]);
const NUMPY_FLOATS = numpyFile("'<f4'", '(2,)', 60, [0, 0, 0, 0x3f, 0, 0, 0x80, 0xbf]);

function numpyFile(descr: string, shape: string, spaces: number, data: number[]): Buffer {
  const header = `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;
  const text = `\x93NUMPY\x01\x00\x76\x00${header}${' '.repeat(spaces)}\n`;
  return Buffer.concat([Buffer.from(text, 'latin1'), Buffer.from(data)]);
}

const python = spawnSync('python3', ['-c', 'import numpy'], { stdio: 'ignore' });

describe('writing', () => {
  test('gives the same bytes as numpy', () => {
    const file = join(folder, 'bytes.npy');
    writeNpy(file, Uint8Array.from([0, 1, 2, 3, 4, 5]), [2, 3]);
    expect(readFileSync(file).equals(NUMPY_BYTES)).toBe(true);

    writeNpy(file, Float32Array.from([0.5, -1]), [2]);
    expect(readFileSync(file).equals(NUMPY_FLOATS)).toBe(true);
  });

  test('in a stream gives the same file as in one piece, with rows counted at the end', () => {
    const data = Uint8Array.from({ length: 5 * 6 }, (_, index) => index);
    const whole = join(folder, 'whole.npy');
    const streamed = join(folder, 'streamed.npy');
    writeNpy(whole, data, [5, 2, 3]);
    const writer = createNpyWriter(streamed, '|u1', [2, 3]);
    writer.write(data.subarray(0, 6));
    writer.write(data.subarray(6));
    expect(writer.close()).toEqual([5, 2, 3]);
    expect(readFileSync(streamed).equals(readFileSync(whole))).toBe(true);
  });

  test('refuses data that do not fill the shape, half rows and another type', () => {
    const file = join(folder, 'wrong.npy');
    expect(() => writeNpy(file, new Uint8Array(5), [2, 3])).toThrow(
      '5 elements do not fill the shape (2, 3)',
    );
    const writer = createNpyWriter(file, '|u1', [4]);
    expect(() => writer.write(new Uint8Array(6))).toThrow('expected rows of 4 × |u1, got 6 × |u1');
    expect(() => writer.write(new Float32Array(4))).toThrow('got 4 × <f4');
    writer.close();
  });
});

describe('reading', () => {
  test.each([
    ['uint8', Uint8Array.from([0, 128, 255, 7])],
    ['int8', Int8Array.from([0, -128, 127, 7])],
    ['uint16', Uint16Array.from([0, 65535, 256, 7])],
    ['int16', Int16Array.from([0, -32768, 256, 7])],
    ['uint32', Uint32Array.from([0, 4294967295, 256, 7])],
    ['int32', Int32Array.from([0, -2147483648, 256, 7])],
    ['float32', Float32Array.from([0.1, Number.NaN, -1e30, 7])],
    ['float64', Float64Array.from([0.1, Number.NaN, -1e300, 7])],
  ])('%s comes back as it was', (name, data) => {
    const file = join(folder, `${name}.npy`);
    writeNpy(file, data, [2, 2]);
    const array = readNpy(file);
    expect(array.shape).toEqual([2, 2]);
    expect(array.data).toEqual(data);
  });

  test('reads single rows without the rest', () => {
    const file = join(folder, 'rows.npy');
    writeNpy(file, Float32Array.from([1, 2, 3, 4, 5, 6]), [3, 2]);
    const reader = openNpy(file);
    expect(reader.rows).toBe(3);
    expect(reader.read(1)).toEqual(Float32Array.from([3, 4]));
    expect(reader.read(1, 2)).toEqual(Float32Array.from([3, 4, 5, 6]));
    expect(() => reader.read(2, 2)).toThrow('rows 2 … 3 are not in 0 … 2');
    reader.close();
  });

  test('names a file that is truncated, of another format, or of an unsupported type', () => {
    const file = join(folder, 'bad.npy');
    writeNpy(file, new Uint8Array(100), [10, 10]);
    truncateSync(file, 200);
    expect(() => readNpy(file)).toThrow(
      `${file}: expected 228 bytes for the shape (10, 10), found 200`,
    );
    writeFileSync(file, 'PNG, honestly');
    expect(() => readNpy(file)).toThrow(`${file}: not an .npy file of version 1.0`);
    writeFileSync(file, NUMPY_BYTES.subarray(0, 40));
    expect(() => readNpy(file)).toThrow(`${file}: the .npy file ends too early`);
    writeFileSync(
      file,
      Buffer.from(NUMPY_BYTES.toString('latin1').replace('|u1', '>f4'), 'latin1'),
    );
    expect(() => readNpy(file)).toThrow('elements of type >f4 are not read here');
    writeFileSync(
      file,
      Buffer.from(NUMPY_BYTES.toString('latin1').replace('False', 'True '), 'latin1'),
    );
    expect(() => readNpy(file)).toThrow('Fortran order is not read here');
    writeNpy(file, new Float32Array(2), [2]);
    expect(() => readNpyBytes(file)).toThrow('expected elements of uint8, found <f4');
  });
});

describe.skipIf(python.status !== 0)('with numpy on this machine', () => {
  test('numpy opens what we write, and we open what numpy writes', () => {
    const ours = join(folder, 'ours.npy');
    const theirs = join(folder, 'theirs.npy');
    writeNpy(
      ours,
      Float64Array.from({ length: 24 }, (_, index) => index / 7),
      [2, 3, 4],
    );
    const program = `
import numpy as np
a = np.load(${JSON.stringify(ours)})
assert a.shape == (2, 3, 4) and a.dtype == np.float64 and a[1, 2, 3] == 23 / 7
np.save(${JSON.stringify(theirs)}, a)
`;
    const run = spawnSync('python3', ['-c', program], { encoding: 'utf8' });
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    expect(readFileSync(theirs).equals(readFileSync(ours))).toBe(true);
  });
});
