/** `pipe stage types`: types that a compiler accepts where the stage fits pipeline.yaml, and only there. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync, utimesSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PIPELINE = `params:
  train: { lr: 0.1, name: x, more: {}, warm: null, sizes: [1, 2], mixed: [1, a] }
  model: { small: { depth: 1 }, large: { depth: 2, wide: true } }
profiles:
  warm: { train: { warm: 3 } }
stages:
  pre-process:
    desc: 'ends a comment: */'
    cmd: cat \${deps.all} text.txt > \${outs.o}
    deps: { all: { path: "data/*.txt", optional: true } }
    outs: { o: out.txt }
  pre_process: { cmd: touch made.txt, deps: [text.txt], outs: [made.txt] }
  train:
    matrix: { model: [small, large], seed: [1] }
    run: stages/train.ts
    deps: { data: out.txt }
    params: [train, "model.\${model}"]
    outs: { model: "out/\${model},\${seed}" }
`;

const STAGE = `import { writeFileSync } from 'node:fs';
import { defineStage } from 'pipe-run/stage';
import type { PreProcess, PreProcess2, Train } from './types.js';

type Is<A, B> = [A, B] extends [B, A] ? true : false;
export const all: Is<PreProcess['deps'], { readonly all: readonly string[] }> = true;
export const listed: Is<PreProcess2['deps'], { readonly 'text.txt': string }> = true;
export const warm: Is<Train['params']['train']['warm'], null | number> = true;
export const mixed: Is<Train['params']['train']['mixed'], readonly (number | string)[]> = true;
export default defineStage<Train>(({ params, matrix, deps, outs }) => {
  const depth: number | undefined = params.model.small?.depth;
  const wide: boolean | undefined = params.model.large?.wide;
  const rate: number = params.train.lr + params.train.sizes.length + matrix.seed;
  writeFileSync(outs.model, JSON.stringify([deps.data.length > 0, matrix.model, depth, wide, rate]));
});
export const wrong = defineStage<Train>(({ params, outs }) => {
  // @ts-expect-error: the stage does not list it
  outs.other;
  // @ts-expect-error: only the items of the other model have it
  params.model.large.depth;
});
`;

it('fit a stage that runs, and reject what pipeline.yaml does not give it', async () => {
  const made = projectWithin({
    'pipeline.yaml': PIPELINE,
    'text.txt': 'a\n',
    'stages/train.ts': STAGE,
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({
      compilerOptions: { strict: true, noEmit: true, module: 'nodenext', types: ['node'] },
    }),
  });
  mkdirSync(made.path('node_modules'), { recursive: true });
  symlinkSync(ROOT, made.path('node_modules/pipe-run'));
  symlinkSync(path.join(ROOT, 'node_modules/@types'), made.path('node_modules/@types'));
  expect(await made.pipe('stage', 'types', '--out', 'stages/types.ts')).toMatchObject({
    code: 0,
    out: '',
    err: '',
  });
  expect((await made.pipe('stage', 'types')).out).toBe(made.read('stages/types.ts'));
  const tsc = [path.join(ROOT, 'node_modules/typescript/bin/tsc'), '--pretty', 'false'];
  const { stdout } = spawnSync(process.execPath, tsc, { cwd: made.root, encoding: 'utf8' });
  expect(stdout).toBe('');

  expect((await made.run('train')).code).toBe(0);
  expect(made.read('out/large,1')).toBe('[true,"large",null,true,3.1]');
  made.write('stages/types.ts', 'export type Train = any;\n');
  expect((await made.run('train')).with('ran')).toEqual([]);
});

it('cover the named stages, and only the pipeline that --profile or --set describes', async () => {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  const names = async (...argv: readonly string[]) => {
    const { out } = await made.pipe('stage', 'types', ...argv);
    return [...out.matchAll(/^export interface (\w+)/gm)].map(([, name]) => name);
  };
  expect(await names()).toEqual(['PreProcess', 'PreProcess2', 'Train']);
  expect(await names('train@small,1')).toEqual(['Train']);
  expect(await names('pre*')).toEqual(['PreProcess', 'PreProcess2']);
  const warm = async (...argv: readonly string[]) =>
    /warm: (.*);/.exec((await made.pipe('stage', 'types', ...argv)).out)?.[1];
  expect(await warm()).toBe('null | number');
  expect(await warm('--profile', 'warm')).toBe('number');
  expect(await warm('--set', 'train.warm=[]')).toBe('readonly unknown[]');
});

it('do not rewrite a file with the same types, and say why a file cannot be written', async () => {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  await made.pipe('stage', 'types', '--out', 'types.ts');
  utimesSync(made.path('types.ts'), 1, 1);
  await made.pipe('stage', 'types', '--out', 'types.ts');
  expect(statSync(made.path('types.ts')).mtimeMs).toBe(1000);
  const { code, err } = await made.pipe('stage', 'types', '--out', 'no/types.ts');
  expect(code).toBe(2);
  expect(err).toContain('--out no/types.ts cannot be written');
  expect((await made.pipe('stage', 'add')).err).toMatch(/has no "add", only types.*\n.*edit pipe/);
});

it('match docs/stage-protocol.md', async () => {
  const made = projectWithin({
    'pipeline.yaml': `params: { train: { lr: 0.1 } }
stages:
  train:
    desc: a model for each data set
    matrix: { dataset: [faces, animals] }
    run: train.ts
    deps: { data: "data/\${dataset}" }
    params: [train]
    outs: { model: "cache/out/\${dataset}" }
`,
  });
  const { out } = await made.pipe('stage', 'types');
  const page = readFileSync(path.join(ROOT, 'docs/stage-protocol.md'), 'utf8');
  expect(page).toContain(`\`\`\`text\n${out.slice(out.indexOf('/**'))}\`\`\``);
});
