/** What makes an item stale: each row makes one change, and names the items that must run. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { ProjectWithin } from '../rig/within.js';

const PIPELINE = `
params:
  a: { size: 3, unused: 1 }
  b: { rate: 0.5, list: [1, 2] }
  other: x
  names: [x, y]
stages:
  fetch:
    desc: the first
    matrix: { name: "\${names}" }
    cmd: cat \${deps.raw} > \${outs.copy}
    deps: { raw: "data/\${name}.txt" }
    outs: { copy: "cache/out/\${name}/copy.txt" }
  measure:
    matrix: { name: "\${names}" }
    run: stages/measure.ts
    deps: { copy: "cache/out/\${name}/copy.txt", folder: data/folder }
    params: [a.size, b]
    env: [MEASURE_MODE]
    secrets: [MEASURE_TOKEN]
    outs: { result: "cache/out/\${name}/result.json" }
  script:
    cmd: node scripts/tally.mjs \${other} > \${outs.tally}
    deps: { all: "cache/out/*/result.json" }
    outs: { tally: cache/out/tally.txt }
`;

const MEASURE = `import { readFileSync, writeFileSync } from 'node:fs';
import { defineStage } from 'pipe-run/stage';
import { scale } from './lib/scale.js';
import table from './lib/table.json' with { type: 'json' };

interface Shape {
  params: { a: { size: number }; b: { rate: number } };
  deps: { copy: string };
  outs: { result: string };
}

export default defineStage<Shape>(({ params, deps, outs }) => {
  const text = readFileSync(deps.copy, 'utf8');
  writeFileSync(outs.result, JSON.stringify({ length: scale(text.length, params.b.rate), table, size: params.a.size }));
});
`;

const FILES = {
  'pipeline.yaml': PIPELINE,
  'data/x.txt': 'x\n',
  'data/y.txt': 'yy\n',
  'data/folder/one.txt': '1\n',
  'data/folder/below/two.txt': '2\n',
  'stages/measure.ts': MEASURE,
  'stages/lib/scale.ts':
    'export function scale(value: number, by: number): number {\n  return value * by;\n}\nexport const unused = 1;\n',
  'stages/lib/table.json': '{ "k": 1 }\n',
  'scripts/tally.mjs': "import { word } from './word.mjs';\nconsole.log(word, process.argv[2]);\n",
  'scripts/word.mjs': "export const word = 'tally';\n",
};

const MEASURES = ['measure@x', 'measure@y'];
const ALL = ['fetch@x', 'fetch@y', ...MEASURES, 'script'];

/** Changes the project; may return arguments of the run. */
type Change = (project: Project) => unknown;

function argumentsOf(change: Change, project: Project): string[] {
  const given = change(project);
  return Array.isArray(given) ? given : [];
}

function edit(file: string, from: string, to: string): Change {
  return (project) => {
    const text = project.read(file);
    if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`);
    project.write(file, text.replace(from, to));
  };
}

function set(variable: string, value: string): Change {
  return (project) => {
    project.env[variable] = value;
  };
}

/** Changes that make items stale. */
const COUNTS: readonly (readonly [string, Change, readonly string[]])[] = [
  ['the content of a dep', edit('data/x.txt', 'x', 'xx'), ['fetch@x', 'measure@x', 'script']],
  ['a file in a folder that is a dep', edit('data/folder/below/two.txt', '2', '3'), MEASURES],
  ['a new file in such a folder', (p) => p.write('data/folder/new.txt', ''), MEASURES],
  ['a removed file in such a folder', (p) => p.remove('data/folder/one.txt'), MEASURES],
  [
    'a renamed file in such a folder',
    (p) => renameSync(p.path('data/folder/one.txt'), p.path('data/folder/uno.txt')),
    MEASURES,
  ],
  ['a new empty folder in it', (p) => void mkdirSync(p.path('data/folder/empty')), MEASURES],
  [
    'the executable bit of a file in it',
    (p) => chmodSync(p.path('data/folder/one.txt'), 0o755),
    MEASURES,
  ],
  ['a link in it', (p) => symlinkSync('one.txt', p.path('data/folder/link')), MEASURES],
  [
    'a file replaced by a link to the same content',
    (p) => {
      renameSync(p.path('data/folder/one.txt'), p.path('data/folder/real.txt'));
      symlinkSync('real.txt', p.path('data/folder/one.txt'));
    },
    MEASURES,
  ],
  ['a named param', edit('pipeline.yaml', 'size: 3', 'size: 4'), [...MEASURES, 'script']],
  ['a param in a named subtree', edit('pipeline.yaml', 'list: [1, 2]', 'list: [2, 1]'), MEASURES],
  ['a named param, with --set', () => ['--set', 'b.rate=2'], [...MEASURES, 'script']],
  ['a param in a command', edit('pipeline.yaml', 'other: x', 'other: z'), ['script']],
  [
    'the command',
    edit('pipeline.yaml', 'cat ${deps.raw} >', 'cat < ${deps.raw} >'),
    ['fetch@x', 'fetch@y'],
  ],
  [
    'a removed param',
    edit('pipeline.yaml', 'params: [a.size, b]', 'params: [a.size, b.rate]'),
    MEASURES,
  ],
  ['a removed dep', edit('pipeline.yaml', ', folder: data/folder', ''), MEASURES],
  [
    'an added out',
    edit(
      'pipeline.yaml',
      'outs: { tally: cache/out/tally.txt }',
      'outs: { tally: cache/out/tally.txt, more: cache/out/more.txt }',
    ),
    ['script'],
  ],
  ['a variable under env', set('MEASURE_MODE', 'fast'), MEASURES],
  [
    'a constant in the code',
    edit('stages/measure.ts', 'size: params.a.size', 'size: params.a.size + 1'),
    [...MEASURES, 'script'],
  ],
  [
    'a helper that the code uses',
    edit('stages/lib/scale.ts', 'value * by', 'value * by * 2'),
    [...MEASURES, 'script'],
  ],
  ['JSON that the code imports', edit('stages/lib/table.json', '1', '2'), [...MEASURES, 'script']],
  ['a script that a command names', edit('scripts/tally.mjs', 'word,', 'word + 1,'), ['script']],
  ['what that script imports', edit('scripts/word.mjs', 'tally', 'count'), ['script']],
  [
    'a new cell of the matrix',
    (p) => {
      edit('pipeline.yaml', 'names: [x, y]', 'names: [x, y, z]')(p);
      p.write('data/z.txt', 'zzz\n');
    },
    ['fetch@z', 'measure@z', 'script'],
  ],
];

/** Changes that do not. */
const COUNTS_NOT: readonly (readonly [string, Change])[] = [
  ['the time of a dep', (p) => utimesSync(p.path('data/x.txt'), 1, 1)],
  ['the time of pipeline.yaml', (p) => utimesSync(p.path('pipeline.yaml'), 1, 1)],
  ['a dep rewritten with the same content', (p) => p.write('data/x.txt', 'x\n')],
  [
    'a dep that is another file with the same content',
    (p) => {
      p.write('data/copy.txt', 'x\n');
      unlinkSync(p.path('data/x.txt'));
      renameSync(p.path('data/copy.txt'), p.path('data/x.txt'));
    },
  ],
  ['the time of an out', (p) => utimesSync(p.path('cache/out/x/copy.txt'), 1, 1)],
  ['a comment in the code', edit('stages/measure.ts', 'const text', '// why\n  const text')],
  ['layout of the code', edit('stages/measure.ts', 'const text = ', 'const text =\n      ')],
  ['a comment in a helper', edit('stages/lib/scale.ts', 'return', '/* scaled */ return')],
  [
    'types in the code',
    edit('stages/lib/scale.ts', 'by: number): number', 'by: 1 | number): number'),
  ],
  [
    'an export of a helper that no code uses',
    edit('stages/lib/scale.ts', 'unused = 1', 'unused = 2'),
  ],
  ['layout of imported JSON', edit('stages/lib/table.json', '{ "k": 1 }', '{"k":1}')],
  ['a comment in pipeline.yaml', (p) => p.write('pipeline.yaml', `# hello\n${PIPELINE}`)],
  [
    'the order of keys in pipeline.yaml',
    edit(
      'pipeline.yaml',
      'a: { size: 3, unused: 1 }\n  b: { rate: 0.5, list: [1, 2] }',
      'b: { list: [1, 2], rate: 0.5 }\n  a: { unused: 1, size: 3 }',
    ),
  ],
  ['another notation of a value', edit('pipeline.yaml', 'rate: 0.5', 'rate: 5.0e-1')],
  ['a param that no stage names', edit('pipeline.yaml', 'unused: 1', 'unused: 2')],
  ['a description', edit('pipeline.yaml', 'desc: the first', 'desc: the very first')],
  ['a variable that no stage names', set('SOME_VARIABLE', 'x')],
  ['a secret', set('MEASURE_TOKEN', 'hidden')],
  [
    'resources, timeout and retries',
    edit(
      'pipeline.yaml',
      'desc: the first',
      'resources: { cpu: 2 }\n    timeout: 1h\n    retries: 1',
    ),
  ],
  ['a file that no stage names', (p) => p.write('data/unrelated.txt', 'x')],
  ['--set with the value that it has', () => ['--set', 'a.size=3']],
  ['fewer cores', () => ['--concurrency', '1']],
];

describe('staleness', () => {
  const template = new ProjectWithin(FILES);
  const made: Project[] = [template];

  beforeAll(async () => {
    const run = await template.run();
    expect(run.err + run.code).toBe('0');
    expect(run.with('ran')).toEqual(ALL);
  });

  afterAll(() => {
    for (const project of made) project.dispose();
  });

  /** A copy of the built template at another path. */
  function copy(): Project {
    const project = new ProjectWithin();
    cpSync(template.root, project.root, { recursive: true, verbatimSymlinks: true });
    made.push(project);
    return project;
  }

  it.concurrent.each(COUNTS)('comes from %s', async (_name, change, stale) => {
    const project = copy();
    const run = await project.run(...argumentsOf(change, project));
    const executed = run.with('ran');
    // An added out that the command does not write fails after the execution.
    expect([...executed, ...run.with('failed')]).toEqual(stale);
  });

  it.concurrent.each(COUNTS_NOT)('does not come from %s', async (_name, change) => {
    const project = copy();
    const run = await project.run(...argumentsOf(change, project));
    expect(run.err).toBe('');
    expect(run.with('fresh')).toEqual(ALL);
  });

  it('does not come from moving the project, or from another working directory', async () => {
    const project = copy();
    const moved = `${project.root}-moved`;
    renameSync(project.root, moved);
    const { startIn } = await import('../rig/project.js');
    const ended = await startIn(path.join(moved, 'data'), project.env, ['run']).ended;
    renameSync(moved, project.root);
    expect(ended).toMatchObject({ code: 0, out: 'pipe: 0 ran, 0 restored, 5 fresh\n', err: '' });
    expect(tmpdir()).toBe(path.dirname(moved));
  });
});
