/** Where two artifacts differ: files and folders on disk, by bytes and by values. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { compareArtifacts } from '../../src/compare/artifacts.js';
import type { Tolerance } from '../../src/compare/deviation.js';
import { differenceText } from '../../src/compare/difference.js';

const root = mkdtempSync(path.join(tmpdir(), 'pipe-compare-'));
let count = 0;
let folder: string;

beforeEach(() => {
  folder = path.join(root, String(++count));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

type Content = string | Uint8Array;

function put(side: string, files: Readonly<Record<string, Content>>): string {
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(folder, side, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  return path.join(folder, side);
}

/** The comparison of two files of this name, as a verdict and a sentence. */
function compare(name: string, expected: Content, actual: Content, tolerance?: Tolerance): string {
  const [a, b] = [put('a', { [name]: expected }), put('b', { [name]: actual })];
  const compared = compareArtifacts(path.join(a, name), path.join(b, name), tolerance);
  switch (compared.verdict) {
    case 'differs':
      return differenceText(compared.difference);
    case 'tolerated':
      return `tolerated ${compared.largest}`;
    default:
      return compared.verdict;
  }
}

describe('files', () => {
  it('are compared byte by byte, at any length', () => {
    const [a, b] = [Buffer.alloc(3_000_000, 1), Buffer.alloc(3_000_000, 1)];
    expect(compare('x.bin', a, b)).toBe('same');
    b[2_999_999] = 0;
    expect(compare('x.bin', a, b)).toBe('byte 2999999 (line 1): 0x01 before, 0x00 now');
    b[5] = 0;
    expect(compare('x.bin', a, b)).toBe('byte 5 (line 1): 0x01 before, 0x00 now');
  });

  it('differ with the line if they are texts, and with both lengths if these differ', () => {
    expect(compare('x.txt', 'a\nb\nc\n', 'a\nb\n')).toBe(
      'byte 4 (line 3): 0x63 before, its end now; 6 bytes before, 4 now',
    );
    expect(compare('x.bin', 'a\0\nb', 'a\0\nc')).toBe('byte 3: 0x62 before, 0x63 now');
  });
});

describe('JSON', () => {
  it('differs with the path and both values', () => {
    expect(compare('x.json', '{"a":{"b":[1,2]}}', '{"a":{"b":[1,3]}}')).toBe(
      'a.b.1: 2 before, 3 now',
    );
    expect(compare('x.json', '{"a":1,"b":2}', '{"a":1}')).toBe('b: 2 before, absent now');
    expect(compare('x.json', '{"a":[]}', '{"a":{}}')).toBe('a: [] before, {} now');
    expect(compare('x.json', '1', '2')).toBe('the value: 1 before, 2 now');
  });

  it('with the same values in different bytes differs, unless there is a tolerance', () => {
    expect(compare('x.json', '{"a":1}', '{ "a": 1 }')).toMatch(/^byte 1 \(line 1\)/);
    expect(compare('x.json', '{"a":1}', '{ "a": 1 }', {})).toBe('tolerated 0');
  });

  it('may deviate where a pattern allows it, the most specific one first', () => {
    const tolerance = { '*': 0.1, 'ssim.*': 0.01, 'ssim.mean': 0 };
    const text = (mean: number, std: number, psnr: number) =>
      JSON.stringify({ ssim: { mean, deep: { std } }, psnr });
    expect(compare('x.json', text(1, 1, 1), text(1, 1.005, 1.0625), tolerance)).toBe(
      'tolerated 0.0625',
    );
    expect(compare('x.json', text(1, 1, 1), text(1, 1.02, 1), tolerance)).toMatch(/^ssim.deep.std/);
    expect(compare('x.json', text(1, 1, 1), text(1.001, 1, 1), tolerance)).toMatch(/^ssim.mean/);
  });

  it('that is invalid is compared by bytes', () => {
    expect(compare('x.json', '{', '{}')).toMatch(/^byte 1 /);
  });
});

/** A .npy file of version 1. */
function npy(
  descr: string,
  shape: readonly number[],
  data: ArrayBufferView,
  fortran = false,
): Buffer {
  const dimensions = shape.map((length) => `${length},`).join(' ');
  const dictionary = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${dimensions}), }`;
  const header = `${dictionary.padEnd(117)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(header.length);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    length,
    Buffer.from(header),
    bytes,
  ]);
}

function safetensors(
  tensors: Readonly<Record<string, readonly [string, number[], Uint8Array]>>,
): Buffer {
  let at = 0;
  const entries = Object.entries(tensors).map(([name, [dtype, shape, bytes]]) => {
    const entry = { dtype, shape, data_offsets: [at, at + bytes.length] };
    at += bytes.length;
    return [name, entry];
  });
  const header = Buffer.from(
    JSON.stringify({ __metadata__: { by: 'test' }, ...Object.fromEntries(entries) }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, ...Object.values(tensors).map(([, , bytes]) => bytes)]);
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

describe('.npy files', () => {
  const before = Float32Array.of(0, 1, 2, 3, 4, 5);
  const after = Float32Array.of(0, 1, 2, 3.5, 4, 4.75);

  it('differ with the index, both values and the largest deviation', () => {
    expect(compare('x.npy', npy('<f4', [2, 3], before), npy('<f4', [2, 3], after))).toBe(
      'element [1, 0]: 3 before, 3.5 now; 2 of 6 values differ, by at most 0.5',
    );
  });

  it('count in the order in which they are stored', () => {
    expect(
      compare('x.npy', npy('<f4', [2, 3], before, true), npy('<f4', [2, 3], after, true)),
    ).toMatch(/^element \[1, 1\]: 3 before/);
  });

  it('with big-endian integers and doubles are read correctly', () => {
    const big = (value: number) => Uint8Array.of(0, value);
    expect(compare('x.npy', npy('>i2', [1], big(7)), npy('>i2', [1], big(9)))).toMatch(
      /^element \[0\]: 7 before, 9 now/,
    );
    const double = (value: number) => npy('<f8', [1], Float64Array.of(value));
    expect(compare('x.npy', double(0.1), double(0.2))).toMatch(
      /^element \[0\]: 0.1 before, 0.2 now/,
    );
  });

  it('may deviate by what * allows; NaN equals NaN, and a value that became NaN is never allowed', () => {
    const array = (...values: number[]) => npy('<f4', [values.length], Float32Array.from(values));
    expect(compare('x.npy', array(1, Number.NaN), array(1.25, Number.NaN), { '*': 0.25 })).toBe(
      'tolerated 0.25',
    );
    expect(compare('x.npy', array(1, 2), array(1, Number.NaN), { '*': 9 })).toMatch(
      /^element \[1\]: 2 before, NaN now; 1 of 2 values differ, by at most Infinity/,
    );
  });

  it('with other shapes or types differ in these, and files that are not arrays are compared by bytes', () => {
    expect(compare('x.npy', npy('<f4', [6], before), npy('<f4', [2, 3], before))).toBe(
      'F32 [6] before, F32 [2, 3] now',
    );
    expect(compare('x.npy', npy('<U4', [1], before), npy('<U4', [1], after))).toMatch(/^byte /);
    expect(compare('x.npy', 'not one', 'nor this')).toMatch(/^byte 2 /);
  });
});

describe('safetensors', () => {
  it('differ with the tensor, index, both values and the largest deviation', () => {
    const file = (weight: readonly number[], bias: number) =>
      safetensors({
        'layer.bias': ['F32', [1], bytesOf(Float32Array.of(bias))],
        'layer.weight': ['F64', [2, 2], bytesOf(Float64Array.from(weight))],
      });
    expect(compare('m.safetensors', file([1, 2, 3, 4], 0.5), file([1, 2, 3.5, 8], 0.5))).toBe(
      'tensor layer.weight at [1, 0]: 3 before, 3.5 now; 2 of 4 values differ, by at most 4',
    );
    expect(compare('m.safetensors', file([1, 2, 3, 4], 0.5), file([1, 2, 3, 4], 0.75))).toMatch(
      /^tensor layer.bias at \[0\]: 0.5 before, 0.75 now/,
    );
    const tolerance = { '*.weight': 1 };
    expect(
      compare('m.safetensors', file([1, 2, 3, 4], 0), file([1, 2, 3.5, 4], 0), tolerance),
    ).toBe('tolerated 0.5');
    expect(
      compare('m.safetensors', file([1, 2, 3, 4], 0), file([1, 2, 3, 4], 1), tolerance),
    ).toMatch(/^tensor layer.bias/);
  });

  it('with halves, bfloat16 and integers are read correctly', () => {
    // 0x3c00 is 1 and 0x0001 the smallest subnormal of binary16; 0x3f80 is 1 in bfloat16.
    const words = (...values: number[]) => bytesOf(Uint16Array.from(values));
    const halves = (...values: number[]) =>
      safetensors({ t: ['F16', [values.length], words(...values)] });
    expect(compare('m.safetensors', halves(0x3c00, 0x0001), halves(0x3c00, 0xc000))).toMatch(
      /^tensor t at \[1\]: 5.960464477539063e-8 before, -2 now/,
    );
    const brains = (value: number) => safetensors({ t: ['BF16', [1], words(value)] });
    expect(compare('m.safetensors', brains(0x3f80), brains(0x4040))).toMatch(
      /^tensor t at \[0\]: 1 before, 3 now/,
    );
    const longs = (value: bigint) =>
      safetensors({ t: ['I64', [1], bytesOf(BigInt64Array.of(value))] });
    expect(compare('m.safetensors', longs(-5n), longs(6n))).toMatch(
      /^tensor t at \[0\]: -5 before, 6/,
    );
  });

  it('with other tensors differ in their names', () => {
    const file = (name: string) => safetensors({ [name]: ['U8', [1], Uint8Array.of(1)] });
    expect(compare('m.safetensors', file('a'), file('b'))).toBe('a U8 [1] before, no tensor a now');
  });
});

describe('folders', () => {
  it('are compared file by file: the first one that differs, and how many more do', () => {
    const a = put('a', { 'in/x.txt': '1', 'in/y.txt': '1', z: '1', same: '1' });
    const b = put('b', { 'in/x.txt': '1', 'in/y.txt': '2', z: '2', same: '1' });
    expect(compareArtifacts(a, b, undefined)).toMatchObject({
      verdict: 'differs',
      file: 'in/y.txt',
      difference: { kind: 'bytes', offset: 0 },
      more: 1,
    });
  });

  it('differ in entries that are absent on either side, including empty folders', () => {
    const a = put('a', { x: '1', y: '1' });
    const b = put('b', { y: '1' });
    expect(compareArtifacts(a, b, undefined)).toMatchObject({
      file: 'x',
      difference: { kind: 'absent', side: 'actual' },
    });
    expect(compareArtifacts(b, a, undefined)).toMatchObject({
      file: 'x',
      difference: { kind: 'absent', side: 'expected' },
    });
    mkdirSync(path.join(b, 'x'));
    expect(compareArtifacts(a, b, undefined)).toMatchObject({
      file: 'x',
      difference: { expected: 'a file', actual: 'a folder' },
    });
  });

  it('differ in links and modes', () => {
    const [a, b] = [put('a', { x: '1' }), put('b', { x: '1' })];
    chmodSync(path.join(b, 'x'), 0o755);
    expect(compareArtifacts(a, b, undefined)).toMatchObject({
      difference: { expected: 'a file', actual: 'an executable file' },
    });
    chmodSync(path.join(b, 'x'), 0o644);
    symlinkSync('x', path.join(a, 'l'));
    symlinkSync('y', path.join(b, 'l'));
    expect(compareArtifacts(a, b, undefined)).toMatchObject({
      file: 'l',
      difference: { expected: 'a link to x', actual: 'a link to y' },
    });
  });
});
