/** Compares two files by value, in a known format: JSON, .npy, safetensors. */

import { allowanceOf, type Tolerance } from './deviation.js';
import type { Difference } from './difference.js';
import { compareJson, type ValueComparison } from './json-values.js';
import { readNpy } from './npy-file.js';
import { readSafetensors } from './safetensors-file.js';
import { compareTensors, type Tensor } from './tensor.js';

/** Undefined for another format, or content that does not match the format. */
export function compareValues(
  file: string,
  expected: Buffer,
  actual: Buffer,
  tolerance: Tolerance,
): ValueComparison<Difference> | undefined {
  if (file.endsWith('.json')) {
    return compareJson(expected.toString('utf8'), actual.toString('utf8'), tolerance);
  }
  if (file.endsWith('.npy')) {
    const [before, now] = [readNpy(expected), readNpy(actual)];
    if (before === undefined || now === undefined) return undefined;
    return compareMaps(new Map([['', before]]), new Map([['', now]]), tolerance);
  }
  if (file.endsWith('.safetensors')) {
    const [before, now] = [readSafetensors(expected), readSafetensors(actual)];
    if (before === undefined || now === undefined) return undefined;
    return compareMaps(before, now, tolerance);
  }
  return undefined;
}

function compareMaps(
  expected: ReadonlyMap<string, Tensor>,
  actual: ReadonlyMap<string, Tensor>,
  tolerance: Tolerance,
): ValueComparison<Difference> {
  const allowance = allowanceOf(tolerance);
  let largest = 0;
  for (const name of new Set([...expected.keys(), ...actual.keys()])) {
    const [before, now] = [expected.get(name), actual.get(name)];
    if (before === undefined || now === undefined || natureOf(before) !== natureOf(now)) {
      const of = (tensor: Tensor | undefined) =>
        tensor === undefined ? `no tensor ${name}` : `${name} ${natureOf(tensor)}`.trim();
      return { difference: { kind: 'nature', expected: of(before), actual: of(now) } };
    }
    const compared = compareTensors(name, before, now, allowance(name));
    if ('difference' in compared) return compared;
    largest = Math.max(largest, compared.largest);
  }
  return { largest };
}

/** `F32 [3, 4]`. */
function natureOf({ type, shape, firstFastest, bigEndian }: Tensor): string {
  const order = `${firstFastest === true ? ' in Fortran order' : ''}${bigEndian === true ? ' big-endian' : ''}`;
  return `${type} [${shape.join(', ')}]${order}`;
}
