/** The JSON Schema says the same as the loader, to an independent validator. */
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { createDiagnostics } from '../../../src/pipeline/document/diagnostics.js';
import { pipelineSchema } from '../../../src/pipeline/document/pipeline-schema.js';
import { createSource } from '../../../src/pipeline/document/source-text.js';
import { parseYaml } from '../../../src/pipeline/document/yaml.js';
import { loadPlan } from '../../../src/pipeline/load.js';

const schema = pipelineSchema();
// `oneOf` requires run or cmd, which are defined next to it: valid, except under this strictness.
const accepts = new Ajv({ strict: true, strictRequired: false, allowUnionTypes: true }).compile(
  schema,
);

function read(text: string): unknown {
  return parseYaml(createDiagnostics(createSource('pipeline.yaml', text)))!.value;
}

function loads(text: string): boolean {
  try {
    loadPlan({ project: '/nowhere', text });
    return true;
  } catch {
    return false;
  }
}

const stage = (lines: string) => `params: { n: 1 }\nstages:\n  s: { cmd: "true", ${lines} }\n`;

const VALID = [
  'stages: {}',
  'params:\nprofiles:\nstages: {}',
  '$schema: x\nx-anchors: [1, { a: 2 }]\nstages: {}',
  'params: { a: [1, { b: ~ }] }\nprofiles: { p: { a: [] } }\nstages: {}',
  'stages: { s: { run: a.ts } }',
  'stages: { s: { cmd: [a, 1, true] } }',
  stage('desc: x, deps: [a, "b/*"], outs: { o: out }, metrics: { m: m.json }'),
  stage('deps: { a: b }, outs: [c], metrics: [d]'),
  stage('plots: { roc: { path: r.csv, x: fpr, y: [tpr] }, a: b.png, c: { path: d.json, y: e } }'),
  stage('plots: [a.svg, { path: b.tsv, x: n }]'),
  stage('deps: { a: { path: b, optional: true }, c: { path: d } }'),
  stage('deps: [a, { path: "b/*", optional: false }]'),
  stage('shell: bash'),
  'shell: bash\nstages: { s: { cmd: a, shell: sh }, t: { cmd: [b] } }',
  stage('params: [n], env: [A_1], secrets: [B]'),
  stage(
    'matrix: { d: [1, a, true], e: "${xs}", include: [{ d: 2, e: f }], exclude: [{ e: 1 }] }',
  ).replace('n: 1', 'n: 1, xs: [1]'),
  stage('resources: { cpu: 1.5, gpu: 1, memory: 4G }'),
  stage('resources: { cpu: "${n}", gpu: "${n}", memory: "${n}" }'),
  stage('epochs: 5, keep: { last: 0, every: 1, best: val.ssim }'),
  stage('epochs: "${n}", keep: { best: { metric: a.b, mode: min } }'),
  stage('epochs: { max: 5, patience: 2, best: val.ssim }'),
  stage('timeout: 1h30m, retries: 0, always: false'),
  stage('timeout: 1.5, retries: "${n}"'),
  stage('outs: { o: out }, tolerance: { o: { "a.*": 0.5 } }'),
];

const INVALID = [
  '[]',
  'params: {}',
  'stage: {}\nstages: {}',
  'stages: []',
  'stages: { s: { } }',
  'stages: { s: { run: a.ts, cmd: b } }',
  'stages: { "a@b": { cmd: x } }',
  'stages: { s: { cmd: [] } }',
  'stages: { s: { cmd: "" } }',
  'stages: { s: { cmd: [[a]] } }',
  'params: 3\nstages: {}',
  'profiles: { p: 3 }\nstages: {}',
  stage('out: [a]'),
  stage('deps: a'),
  stage('deps: [3]'),
  stage('deps: { "a b": c }'),
  stage('deps: { a: { optional: true } }'),
  stage('deps: { a: { path: b, optional: yes } }'),
  stage('deps: [{ path: b, absent: true }]'),
  stage('outs: { a: { path: b, optional: true } }'),
  stage('plots: { a: { path: b.csv, z: c } }'),
  stage('plots: { a: { path: b.csv, x: 1 } }'),
  stage('plots: { a: { path: b.csv, y: [] } }'),
  stage('plots: a.csv'),
  stage('shell: zsh'),
  'shell: [bash]\nstages: {}',
  stage('outs: [""]'),
  stage('params: n'),
  stage('env: [A-B]'),
  stage('env: A'),
  stage('matrix: { d: a }'),
  stage('matrix: { d: [[a]] }'),
  stage('matrix: { d: [a], include: { d: a } }'),
  stage('resources: { gpus: 1 }'),
  stage('resources: { gpu: 0.5 }'),
  stage('resources: { cpu: 0 }'),
  stage('resources: { memory: 4GB }'),
  stage('epochs: 0'),
  stage('epochs: many'),
  stage('epochs: { patience: 3, best: a }'),
  stage('epochs: 5, keep: { last: -1 }'),
  stage('epochs: 5, keep: { best: { metric: a } }'),
  stage('epochs: 5, keep: { best: { metric: a, mode: up } }'),
  stage('timeout: soon'),
  stage('timeout: 0'),
  stage('retries: -1'),
  stage('always: yes'),
  stage('outs: [o], tolerance: { o: 3 }'),
  stage('outs: [o], tolerance: { o: { a: -1 } }'),
];

describe('the JSON Schema of pipeline.yaml', () => {
  it.each(VALID)('accepts what loads: %j', (text) => {
    expect(accepts(read(text)), JSON.stringify(accepts.errors)).toBe(true);
    expect(loads(text)).toBe(true);
  });

  it.each(INVALID)('refuses what does not load: %j', (text) => {
    expect(accepts(read(text))).toBe(false);
    expect(loads(text)).toBe(false);
  });

  it('describes each key of a stage, for editors', () => {
    const { properties } = schema as { properties: Record<string, unknown> };
    const stages = properties.stages as { additionalProperties: { properties: object } };
    const undescribed = Object.entries(stages.additionalProperties.properties)
      .filter(([, each]) => !(each as { description?: string }).description)
      .map(([key]) => key);
    expect(undescribed).toEqual([]);
  });

  it('is plain JSON with its dialect and title', () => {
    expect(JSON.parse(JSON.stringify(schema))).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'pipeline.yaml',
      additionalProperties: false,
    });
  });
});
