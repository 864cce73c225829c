/** `pipe init` in projects of other tools: translations, assumptions and refusals. */

import { chmodSync, existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { OTHER_COMMAND_WAYS, OTHER_COMMANDS } from '../../src/cli/foreign-commands.js';
import { project, projectWithin } from '../rig/projects.js';

/** A copy of each city, and one count of all; `get` ran long ago. */
const DVC = `
vars: [{ cities: [rome, oslo] }]
stages:
  get: { frozen: true, cmd: "false", outs: [raw] }
  clean:
    foreach: \${cities}
    do:
      cmd: ./clean.sh raw/\${item}.txt data/clean/\${item}.txt
      deps: [clean.sh, "raw/\${item}.txt"]
      outs:
        - data/clean/\${item}.txt: { cache: false }
  count:
    wdir: data
    cmd:
      - cd clean && wc -c < rome.txt
      - printf '{"files":%d}' $(ls clean | wc -l) > count.json
    deps: [clean]
    metrics: [count.json]
artifacts: { m: { path: m } }
`;

const FILES = {
  'dvc.yaml': DVC,
  'clean.sh': 'tr a-z A-Z < "$1" > "$2"\n',
  'raw/rome.txt': 'rome\n',
  'raw/oslo.txt': 'oslo\n',
};

describe('pipe init --from dvc.yaml', () => {
  it('writes a pipeline that runs, and lists what it omits; the second run is fresh', async () => {
    const made = project(FILES);
    chmodSync(made.path('clean.sh'), 0o755);
    const { code, out, err } = await made.pipe('init', '--from', 'dvc.yaml');
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(
      [
        'wrote pipeline.yaml',
        'added to .gitignore: cache/, pipe.local.yaml',
        'note: dvc.yaml:4: the frozen stage is commented out: pipe has no frozen stages, and its outs are plain inputs',
        'note: dvc.yaml:11: cache: false is left out: pipe keeps every out in its cache, and git can track the file too',
        'note: dvc.yaml:19: artifacts is left out: pipe has no registry of models and data',
        '',
        'next: pipe run --dry',
        '',
      ].join('\n'),
    );
    expect((await made.pipe('run', '--dry')).code).toBe(0);
    expect((await made.run()).with('ran')).toEqual(['clean@rome', 'clean@oslo', 'count']);
    expect(made.read('data/clean/oslo.txt')).toBe('OSLO\n');
    expect(JSON.parse(made.read('data/count.json'))).toEqual({ files: 2 });
    expect((await made.run()).with('fresh')).toHaveLength(3);
    expect(made.read('dvc.yaml')).toBe(DVC);
  });

  it('names missing data, and the DVC command that fetches it', async () => {
    const made = projectWithin({
      'dvc.yaml': 'stages: { a: { cmd: ./a, deps: [raw.csv, other.csv] } }',
      'raw.csv.dvc': 'outs: [{ path: raw.csv }]',
    });
    const { code, out } = await made.pipe('init', '--from', 'dvc.yaml');
    expect(code).toBe(0);
    expect(out).toContain('note: raw.csv is missing: get it with  dvc pull raw.csv.dvc\n');
    expect(out).toContain('note: other.csv is missing\n');
  });

  it('writes nothing if the result would not load', async () => {
    const made = projectWithin({
      'dvc.yaml': 'stages:\n  a: { cmd: ./a, outs: [x] }\n  b: { cmd: ./b, outs: [x/y] }\n',
    });
    const { code, err } = await made.pipe('init', '--from', 'dvc.yaml');
    expect(code).toBe(2);
    expect(err).toContain('error: dvc.yaml cannot be translated as it is');
    expect(err).toContain('(overlapping-outs)');
    expect(existsSync(made.path('pipeline.yaml'))).toBe(false);
    expect(existsSync(made.path('.gitignore'))).toBe(false);
  });

  it.each([
    ['nothing.yaml', 'there is no nothing.yaml'],
    ['../dvc.yaml', '../dvc.yaml is outside the current folder'],
    ['Makefile', 'pipe init translates dvc.yaml, and Makefile is not a YAML file'],
    ['broken.yaml', 'broken.yaml:1:9: error: '],
  ])('is an error with %s', async (file, message) => {
    const made = projectWithin({ Makefile: 'all:\n', 'broken.yaml': 'stages: [}' });
    const { code, err } = await made.pipe('init', '--from', file);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  it('overwrites no pipeline, and plain init suggests it next to a dvc.yaml', async () => {
    const made = projectWithin({ 'dvc.yaml': 'stages: { a: { cmd: ls } }' });
    const plain = await made.pipe('init');
    expect([plain.code, plain.err]).toEqual([
      2,
      'error: this folder contains a dvc.yaml (dvc-project)\n  to translate it: pipe init --from dvc.yaml\n',
    ]);
    expect((await made.pipe('init', '--from', 'dvc.yaml')).code).toBe(0);
    const again = await made.pipe('init', '--from', 'dvc.yaml');
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('already exists')]);
  });
});

describe('pipe init in a project with code', () => {
  const SCRIPT = 'if __name__ == "__main__":\n    open("ran.txt", "a").write("x")\n';

  it('writes a stage that runs its Python script', async () => {
    const made = project({
      'src/train.py': SCRIPT,
      'src/utils.py': SCRIPT,
      'src/test_train.py': SCRIPT,
      'src/plot.py': '',
    });
    const { code, out } = await made.pipe('init');
    expect([code, out]).toEqual([
      0,
      'wrote pipeline.yaml\nadded to .gitignore: cache/, pipe.local.yaml\n' +
        'note: assumed that the pipeline begins with src/train.py (1 more Python file was not used)\n\n' +
        'next: complete deps and outs in pipeline.yaml, then: pipe run\n',
    ]);
    expect(made.read('pipeline.yaml')).toContain('  train:\n    cmd: python3 src/train.py\n');
    expect((await made.run()).with('ran')).toEqual(['train']);
    expect(made.read('ran.txt')).toBe('x');
    expect((await made.run()).with('fresh')).toEqual(['train']);
  });

  it.each<[string, Readonly<Record<string, string>>, string]>([
    [
      'a Makefile',
      {
        Makefile: '.PHONY: all\nX := 1\nall: a.txt\n\na.txt:\n\ttouch a.txt\n',
        'train.py': SCRIPT,
      },
      '  make:\n    cmd: make all\n    deps: [Makefile]',
    ],
    [
      'a Snakefile',
      { 'workflow/Snakefile': 'rule all:\n    input: "a"\n', Makefile: 'all:\n' },
      '  snakemake:\n    cmd: snakemake --cores 1\n    deps: [workflow/Snakefile]',
    ],
    ['a lock of uv', { 'x.py': SCRIPT, 'uv.lock': '' }, '  x:\n    cmd: uv run x.py\n'],
    [
      'a lock of poetry',
      { 'x.py': SCRIPT, 'poetry.lock': '' },
      '  x:\n    cmd: poetry run python x.py\n',
    ],
    [
      'an environment',
      { 'x.py': SCRIPT, '.venv/bin/python': '' },
      '  x:\n    cmd: .venv/bin/python x.py\n',
    ],
    ['a program with another name', { 'x.py': '', 'y.py': SCRIPT }, '  y:\n    cmd: python3 y.py'],
  ])('writes a stage for %s', async (_, files, wanted) => {
    const made = projectWithin(files);
    await made.pipe('init');
    expect(made.read('pipeline.yaml')).toContain(wanted);
    expect((await made.pipe('run', '--dry')).code).toBe(0);
  });

  it('lets git ignore an installed node_modules and .venv', async () => {
    const made = projectWithin({
      'node_modules/x/package.json': '{}',
      '.venv/pyvenv.cfg': '',
      '.gitignore': '/.venv\n',
    });
    const { out } = await made.pipe('init');
    expect(out).toContain('added to .gitignore: cache/, pipe.local.yaml, node_modules/\n');
    expect(made.read('.gitignore')).toBe('/.venv\ncache/\npipe.local.yaml\nnode_modules/\n');
  });

  it('writes the example if there is nothing to run', async () => {
    const made = projectWithin({ 'lib.py': 'x = 1\n', 'conftest.py': SCRIPT });
    const { out } = await made.pipe('init');
    expect(out).toContain('wrote stages/letters.mjs\n');
  });
});

describe('a command of another tool', () => {
  it.each([
    ['repro', 'did you mean "pipe run"?'],
    ['dag', 'did you mean "pipe graph"?'],
    ['gc', 'did you mean "pipe cache gc"?'],
    ['all', 'did you mean "pipe run"?'],
    ['exp run', 'pipe run --set train.lr=0.1'],
    ['exp show', 'pipe results lists and compares'],
    ['fetch', 'did you mean "pipe pull"?'],
    ['add data', 'name the file or folder under deps'],
    ['stage add', 'edit pipeline.yaml'],
    ['freeze x', 'pipe run --only'],
    ['import-url x', 'download it in a separate stage'],
    ['commit', 'pipe run records results automatically'],
    ['-j4', 'as in: pipe run --concurrency'],
    ['--cores 4', 'as in: pipe run --concurrency'],
    ['-n', 'as in: pipe run --dry'],
    ['--touch', 'pipe compares content, not times'],
    ['run -j4', 'did you mean --concurrency?'],
    ['run --cores=4', 'did you mean --concurrency?'],
    ['run -n', 'did you mean --dry?'],
    ['run -B', 'did you mean --force?'],
    ['run -p', 'for a profile of params: --profile <name>'],
    ['run --until x', 'pipe run <item> runs it and what it needs'],
    ['run --rerun-incomplete', 'pipe run computes what is missing'],
    ['run --use-conda', 'conda run -n lab'],
    ['resume', 'did you mean "pipe run"?'],
    ['tensorboard', 'did you mean "pipe ui"?'],
    ['sweep', 'list the values as an axis under `matrix:`'],
    ['run --multirun', 'list the values as an axis under `matrix:`'],
    ['run --epochs=8', 'to set a param: --set <path>=<value>'],
    ['run --resume', 'continues an interrupted training automatically'],
    ['run --gpus 1', 'write `resources: { gpu: 1 }` in the stage'],
  ])('pipe %s is an error that names the equivalent', async (words, hint) => {
    const { code, out, err } = await projectWithin().pipe(...words.split(' '));
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(hint)]);
  });

  it('is not a command of pipe', () => {
    const words = [...Object.keys(OTHER_COMMANDS), ...Object.keys(OTHER_COMMAND_WAYS)];
    expect(words.filter((word) => Object.hasOwn(COMMANDS, word))).toEqual([]);
  });

  it('is answered with commands of pipe', () => {
    const advice = [...Object.values(OTHER_COMMANDS), ...Object.values(OTHER_COMMAND_WAYS)];
    const named = advice.flatMap((text) =>
      [...text.matchAll(/pipe ([a-z]+)/g)].map(([, word]) => word!),
    );
    const verbs = ['compares', 'keeps', 'has', 'restores'];
    const unknown = named.filter((word) => !Object.hasOwn(COMMANDS, word) && !verbs.includes(word));
    expect(unknown).toEqual([]);
  });
});
