import { createHash } from 'node:crypto';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  SafetensorsReader,
  type TensorSource,
  writeSafetensors,
} from '@pipe-experiment/data/safetensors.js';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../stages/support/folders.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const path = (name: string) => join(folder.path, name);

function source(name: string, shape: number[], pieces: number[][]): TensorSource {
  return { name, shape, pieces: () => pieces.map((values) => Float32Array.from(values)) };
}

const TENSORS = [
  source('enc.weight', [2, 3], [[1, 2], [3, 4, 5], [-0.5]]),
  source('bias', [1], [[0.1]]),
  source('none', [0, 4], []),
];

describe('a written file', () => {
  test('is read back: names in order, shapes, values, metadata', async () => {
    await writeSafetensors(path('a'), TENSORS, { arch: 'test' });
    const reader = new SafetensorsReader(path('a'));
    expect(reader.metadata).toEqual({ arch: 'test' });
    expect(reader.tensors.map(({ name, shape }) => [name, shape])).toEqual([
      ['enc.weight', [2, 3]],
      ['bias', [1]],
      ['none', [0, 4]],
    ]);
    expect([...reader.read(reader.tensors[0]!)]).toEqual([1, 2, 3, 4, 5, -0.5]);
    expect([...reader.read(reader.tensors[1]!)]).toEqual([Math.fround(0.1)]);
    expect(reader.read(reader.tensors[2]!)).toHaveLength(0);
    reader.close();
  });

  test('has the bytes of the Python package, which sorts by type and name and pads with spaces', async () => {
    // python3 -c "import hashlib, numpy as np; from safetensors.numpy import save
    // print(hashlib.sha256(save({'a': np.arange(6, dtype=np.float32).reshape(2, 3), 'b': np.array([.25], np.float32)})).hexdigest())"
    await writeSafetensors(path('python'), [
      source('a', [2, 3], [[0, 1, 2, 3, 4, 5]]),
      source('b', [1], [[0.25]]),
    ]);
    const digest = createHash('sha256')
      .update(readFileSync(path('python')))
      .digest('hex');
    expect(digest).toBe('b69511d4565873051b884c8fbb73600b1a1c8a2ce516a9536cd2ba546169b436');
  });

  test('has its values aligned to 8 bytes', async () => {
    await writeSafetensors(path('aligned'), TENSORS, { any: 'x' });
    expect(Number(readFileSync(path('aligned')).readBigUInt64LE(0)) % 8).toBe(0);
  });

  test('requests a piece only when the previous one is written', async () => {
    const asked: number[] = [];
    const pieces = function* () {
      for (let i = 0; i < 3; i++) {
        asked.push(i);
        yield Float32Array.of(i);
      }
    };
    await writeSafetensors(path('lazy'), [{ name: 'x', shape: [3], pieces }]);
    expect(asked).toEqual([0, 1, 2]);
  });

  test('is refused if its values do not fill the shape, or a name is used twice', async () => {
    await expect(writeSafetensors(path('b'), [source('x', [3], [[1, 2]])])).rejects.toThrow(
      'x: 2 values do not fill the shape (3)',
    );
    const twice = [source('x', [1], [[1]]), source('x', [1], [[1]])];
    await expect(writeSafetensors(path('c'), twice)).rejects.toThrow('tensor name used twice: x');
  });
});

describe('a damaged file is named with what is wrong', () => {
  const write = (name: string, header: unknown, values: number) => {
    const text = typeof header === 'string' ? header : JSON.stringify(header);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
    writeFileSync(path(name), Buffer.concat([length, Buffer.from(text), Buffer.alloc(values)]));
    return () => new SafetensorsReader(path(name));
  };
  const tensor = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });

  test('truncated', async () => {
    await writeSafetensors(path('cut'), TENSORS);
    truncateSync(path('cut'), readFileSync(path('cut')).length - 1);
    expect(() => new SafetensorsReader(path('cut'))).toThrow(
      /cut: not a readable .*bytes, expected/,
    );
    truncateSync(path('cut'), 5);
    expect(() => new SafetensorsReader(path('cut'))).toThrow('shorter than its header');
  });

  test('invalid JSON, another type, a wrong length, a gap, an overlap, extra bytes', () => {
    expect(write('1', '{"a":', 0)).toThrow('its header is no JSON');
    expect(write('2', { a: tensor(0, 4, [2], 'F16') }, 4)).toThrow('a has dtype F16, expected F32');
    expect(write('3', { a: tensor(0, 8, [3]) }, 8)).toThrow('a has 8 bytes for the shape (3)');
    expect(write('4', { a: tensor(0, 4), b: tensor(8, 12) }, 12)).toThrow(
      'a gap or an overlap before b',
    );
    expect(write('5', { a: tensor(0, 8), b: tensor(4, 12) }, 12)).toThrow('before b');
    expect(write('6', { a: tensor(0, 4) }, 8)).toThrow('bytes, expected');
    expect(write('7', { a: { dtype: 'F32' } }, 0)).toThrow('a has no valid shape and offsets');
  });
});
