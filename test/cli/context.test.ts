/** `PIPE_CONTEXT`: the context of every process, in any language, and its part in the key. */
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const COPY = 'cp "$PIPE_CONTEXT" ${outs.context}';

const FILES = {
  'a.txt': 'a',
  'b.txt': 'b',
  'params.json': '{}',
  'pipeline.yaml': `
params: { train: { lr: 0.1, layers: [64, null], seed: 1 }, name: { first: ada } }
stages:
  show:
    matrix: { size: [1, 2] }
    cmd: ${COPY}
    params: [train.layers, train.lr, name]
    deps: { one: a.txt, texts: "*.txt" }
    outs: { context: "cache/out/\${size}.json" }
    resources: { cpu: 1, memory: 2G }
`,
};

it('a command finds params as a tree, deps and outs as absolute paths, and its resources', async () => {
  const made = projectWithin(FILES);
  expect(await made.pipe('run')).toMatchObject({ code: 0 });
  expect(JSON.parse(made.read('cache/out/2.json'))).toEqual({
    item: 'show@2',
    stage: 'show',
    matrix: { size: 2 },
    params: { train: { lr: 0.1, layers: [64, null] }, name: { first: 'ada' } },
    deps: {
      one: made.path('a.txt'),
      texts: [made.path('a.txt'), made.path('b.txt')],
    },
    outs: { context: made.path('cache/out/2.json') },
    resources: { cpu: 1, memory: 2 * 1024 ** 3, gpu: 0 },
  });
});

it('an argv command finds it, and no other process keeps the file', async () => {
  const made = projectWithin({
    ...FILES,
    'pipeline.yaml': `
stages:
  show:
    cmd: [sh, -c, 'cp "$PIPE_CONTEXT" "$1"; printf %s "$PIPE_CONTEXT" > "$2"', sh, '\${outs.context}', '\${outs.path}']
    outs: { context: context.json, path: path.txt }
`,
  });
  expect(await made.pipe('run')).toMatchObject({ code: 0 });
  expect(JSON.parse(made.read('context.json')).outs).toEqual({
    context: made.path('context.json'),
    path: made.path('path.txt'),
  });
  expect(made.read('path.txt')).toMatch(/^\/.*-context\.json$/);
});

it("a param that the command's text does not name makes it stale, but a resource does not", async () => {
  const made = projectWithin(FILES);
  await made.pipe('run');
  expect((await made.run('--set', 'train.layers=[32]')).with('ran')).toEqual(['show@1', 'show@2']);
  made.write('pipeline.yaml', made.read('pipeline.yaml').replace('memory: 2G', 'memory: 1G'));
  expect((await made.run('--set', 'train.layers=[32]')).with('fresh')).toEqual([
    'show@1',
    'show@2',
  ]);
});

it('renaming an axis makes it stale, and why says so', async () => {
  const made = projectWithin({
    'pipeline.yaml': 'stages: { one: { cmd: "true", matrix: { n: [1] } } }\n',
  });
  await made.pipe('run');
  made.write('pipeline.yaml', 'stages: { one: { cmd: "true", matrix: { m: [1] } } }\n');
  const { out } = await made.pipe('why', 'one@1');
  expect(out).toContain('matrix m (absent) → 1');
  expect(out).toContain('matrix n 1 → (absent)');
});
