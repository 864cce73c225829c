/** Programs that other programs start: what counts, and in which environment they run. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  COUNTED,
  counted,
  disposeSandbox,
  expectExactly,
  type Files,
  notebook,
  openSandbox,
  PROGRAM,
  type Row,
  sandbox,
  traced,
} from './traced-commands.js';

afterEach(disposeSandbox);

const SCRIPT = '#!/bin/bash\npython x.py';

const COMMANDS: readonly Row[] = [
  ...[
    './fit',
    'timeout 5 ./fit',
    'taskset 3 nice ./fit',
    'time -p ./fit',
    'srun -p gpu -o log/x --partition debug ./fit',
    'sudo -u me env A=1 ./fit',
    'uv run ./fit',
    'uv run --directory . --extra gpu ./fit',
    'poetry run ./fit',
    'pixi run -e gpu ./fit',
    'conda run -n gpu --no-capture-output ./fit',
    'sbatch fit',
    'sbatch --partition gpu -n 2 fit --fast',
  ].map((command): Row => [command, { fit: SCRIPT, ...PROGRAM }, [...COUNTED, 'fit']]),
  ['sbatch --wait job.slurm', { 'job.slurm': SCRIPT, ...PROGRAM }, [...COUNTED, 'job.slurm']],
  ['uv run -s fit', { fit: 'import a', ...PROGRAM }, ['a.py', 'fit']],
  ['nice ./fit data/x', { fit: SCRIPT, 'data/x': '', ...PROGRAM }, [...COUNTED, 'fit']],
  // Notebooks are in python.test.ts.
  ...['jupyter-execute n.ipynb', 'python -m nbconvert --execute n.ipynb'].map(
    (command): Row => [
      command,
      { 'n.ipynb': notebook(['import a']), 'a.py': '' },
      ['a.py', 'n.ipynb'],
    ],
  ),
  ...['!python x.py', '  out = !./x.py --fast', '%%bash -e\npython x.py'].map(
    (cell): Row => [
      'papermill n.ipynb out.ipynb',
      {
        'n.ipynb': notebook(['y = 1', cell]),
        ...PROGRAM,
        'x.py': `#!/usr/bin/env python3\nimport a`,
      },
      ['a.py', 'n.ipynb', 'x.py'],
    ],
  ),
  [
    'papermill n.ipynb out.ipynb',
    { 'n.ipynb': notebook(['%run b.ipynb']), 'b.ipynb': notebook(['import a']), 'a.py': '' },
    ['a.py', 'b.ipynb', 'n.ipynb'],
  ],
  [
    'jupyter nbconvert --to script n.ipynb && python n.py',
    { 'n.ipynb': notebook(['import a']), 'a.py': '' },
    ['a.py', 'n.ipynb'],
  ],
  [
    'papermill n.ipynb out.ipynb',
    { 'n.ipynb': notebook(['import a']), 'out.ipynb': notebook(['import b']), ...PROGRAM },
    ['a.py', 'n.ipynb'],
  ],
  // Variables from files.
  ...[
    'pipenv run python x.py',
    'cd sub && pipenv run python ../x.py',
    'uv run --env-file .env x.py',
    'UV_ENV_FILE=.env uv run python x.py',
    'pipenv run bash run.sh',
    'dotenv run -- python x.py',
    'dotenv -f .env run python x.py',
    'pipenv run train',
  ].map(
    (command): Row => [
      command,
      {
        '.env': '# PYTHONPATH=b\nexport PYTHONPATH="lib:../lib" # of ours\n',
        Pipfile: '[scripts]\ntrain = "python x.py"\n',
        'run.sh': 'python x.py',
        'x.py': 'import a',
        'lib/a.py': '',
        'b/a.py': '',
      },
      [
        '.env',
        'lib/a.py',
        'x.py',
        ...(command.endsWith('run.sh') ? ['run.sh'] : []),
        ...(command.endsWith('train') ? ['Pipfile'] : []),
      ],
    ],
  ),
  [
    'PIPENV_DONT_LOAD_ENV=1 pipenv run python x.py',
    { '.env': 'PYTHONPATH=lib', 'x.py': 'import a', 'lib/a.py': '' },
    ['x.py'],
  ],
  [
    'hatch run test:train',
    { 'pyproject.toml': '[tool.hatch.envs.test.scripts]\ntrain = "python x.py"\n', ...PROGRAM },
    [...COUNTED, 'pyproject.toml'],
  ],
];

describe('a program that another one starts', () => {
  it.each(COMMANDS)('%j with %j counts %j', async (command, files, names) => {
    expect(await counted(command, files)).toEqual([...names].sort());
    const code = Object.keys(files).filter((file) => !/\.toml$|Pipfile$/.test(file));
    await expectExactly(command, code, names);
  });
});

/** As files that define the task or entry point `train`, which executes `x.py`. */
const DEFINITIONS: readonly (readonly [command: string, file: string, text: string])[] = [
  [
    'poe train',
    'pyproject.toml',
    '[tool.poe.tasks]\ntrain.cmd = "python x.py"\ntrain.help = "x"\n',
  ],
  ['poe train', 'pyproject.toml', '[tool.poe.tasks.train]\nshell = """\necho\npython x.py\n"""\n'],
  ['poe train', 'pyproject.toml', '[tool.poe.tasks]\ntrain = { script = "x:main(1)" }\n'],
  ['pdm train', 'pyproject.toml', '[tool.pdm.scripts]\ntrain = { cmd = ["python", "-m", "x"] }\n'],
  ['pdm run train', 'pyproject.toml', '[tool.pdm.scripts]\ntrain.call = "x:main"\n'],
  ['pixi r train', 'pixi.toml', '[target.linux-64.tasks]\ntrain = "python x.py"\n'],
  ['hatch run train', 'hatch.toml', '[envs.default]\nscripts.train = "python x.py"\n'],
  ['task train', 'pyproject.toml', '[tool.taskipy.tasks]\ntrain = "python x.py"\n'],
  ['python -m poethepoet train', 'pyproject.toml', '[tool.poe.tasks]\ntrain = "python x.py"\n'],
  ['uv run train', 'pyproject.toml', '[project]\nscripts = { train = "x:main" }\n'],
  ['uv run train', 'pyproject.toml', '[project]\nscripts.train = "x:main"\n'],
  ['bash run.sh', 'pyproject.toml', '[project.scripts]\ntrain = "x:main"\n'],
];

describe('a command that a build file defines', () => {
  it.each(DEFINITIONS)('%j with %s %j counts', async (command, file, text) => {
    const run = command === 'bash run.sh' ? ['run.sh'] : [];
    openSandbox({ ...PROGRAM, 'run.sh': 'uv run train' });
    expect(Object.keys((await traced(command)).scripts)).toEqual(run);
    sandbox.write(file, text);
    expect(Object.keys((await traced(command)).scripts).sort()).toEqual(
      [...COUNTED, file, ...run].sort(),
    );
  });

  it.each([
    ['cd sub && uv run train', 'sub/pyproject.toml', '[project.scripts]\ntrain = "x:main"\n'],
    ['cd sub/deep && pixi run train', 'sub/pixi.toml', '[tasks]\ntrain = "python x.py"\n'],
  ])('%j with %s %j counts below its folder', async (command, file, text) => {
    openSandbox({ [file]: text, 'sub/x.py': 'import a', 'sub/a.py': '', 'a.py': '' });
    expect(Object.keys((await traced(command)).scripts).sort()).toEqual(
      ['sub/a.py', 'sub/x.py', file].sort(),
    );
  });
});

describe('the environment of a program that another one starts', () => {
  const UV = { kind: 'project', tool: 'uv' };
  it.each([
    ['uv run bash run.sh', { 'run.sh': 'cd sub; python ../x.py' }, [{ environment: UV, from: '' }]],
    ['cd sub && uv run ../run.sh', { 'run.sh': 'python x.py' }, [{ environment: UV, from: 'sub' }]],
    ['uv run sh -c "python x.py"', {}, [{ environment: UV, from: '' }]],
    ['uv run ./fit', { fit: '#!/usr/bin/env python3' }, [{ environment: UV, from: '' }]],
    ['docker run image sh -c "python x.py"', {}, [{ unclear: expect.stringContaining('docker') }]],
    [
      '. env/bin/activate && bash run.sh',
      { 'run.sh': 'cd sub && python ../x.py' },
      [{ environment: { kind: 'folder', path: 'env' }, from: '' }],
    ],
    [
      'uv run bash run.sh',
      { 'run.sh': '.venv/bin/python x.py' },
      [{ words: ['.venv/bin/python'] }],
    ],
    ['uv sync && bash run.sh', { 'run.sh': 'python x.py' }, [{ words: ['python'] }]],
  ])('is, for %j with %j, %j', async (command, files: Files, programs) => {
    openSandbox({ 'x.py': '', 'sub/y.py': '', ...files });
    const found = await traced(command);
    expect(found.programs).toMatchObject(programs);
    expect(found.programs.filter(({ environment }) => environment !== undefined)).toHaveLength(
      programs.filter((each) => 'environment' in each).length,
    );
  });
});
