/** Sums, differences and products of each row of a tensor with one vector: biases, batch norm. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { int, MAX_WORKGROUPS, runShader, type Shader, type Width, widthOf } from './program.js';

const WORKGROUP = 256;

const SIGNS = { Add: '+', Sub: '-', Multiply: '*' } as const;
export type RowWise = keyof typeof SIGNS;

/** a [..., C] by b [C], or the other way round: [..., C]. Null when they are shaped otherwise. */
export function rowWise(
  backend: WebGPUBackend,
  name: RowWise,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo | null {
  const vectorFirst = a.shape.length < b.shape.length;
  const [rows, vector] = vectorFirst ? [b, a] : [a, b];
  const columns = vector.shape[0] ?? 0;
  const fits = vector.shape.length === 1 && rows.shape.length > 1 && rows.shape.at(-1) === columns;
  const floats = a.dtype === 'float32' && b.dtype === 'float32';
  if (!fits || !floats || columns === 0) return null;
  return runShader(backend, shaderOf(name, rows.shape, columns, vectorFirst), [rows, vector]);
}

function shaderOf(
  name: RowWise,
  shape: readonly number[],
  columns: number,
  vectorFirst: boolean,
): Shader {
  const width = widthOf(columns);
  const values = shape.reduce((product, side) => product * side, 1) / width;
  const groups = Math.ceil(values / WORKGROUP);
  const x = Math.min(groups, MAX_WORKGROUPS);
  return {
    key: `rowWise_${name}_${vectorFirst}`,
    label: `row-wise ${name} ${shape.join('×')}`,
    inputs: ['rows', 'vector'],
    components: { inputs: [width, width], output: width },
    outputShape: shape,
    workgroupSize: WORKGROUP,
    workgroups: [x, Math.ceil(groups / x), 1],
    uniforms: { values: int(values), columns: int(columns / width), groupsX: int(x) },
    source: sourceOf(name, width, vectorFirst),
  };
}

function sourceOf(name: RowWise, width: Width, vectorFirst: boolean): string {
  const type = width === 4 ? 'vec4<f32>' : 'f32';
  const sides = ['row', 'own'];
  if (vectorFirst) sides.reverse();
  return `
  fn main() {
    let group = workgroupId.y * u32(uniforms.groupsX) + workgroupId.x;
    let place = group * ${WORKGROUP}u + localIndex;
    if (place < u32(uniforms.values)) {
      let row : ${type} = rows[place];
      let own : ${type} = vector[place % u32(uniforms.columns)];
      result[place] = ${sides.join(` ${SIGNS[name]} `)};
    }
  }`;
}
