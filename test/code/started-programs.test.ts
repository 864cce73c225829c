/** Programs behind others that start them: what counts, and in which environment they run. */
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

/** A workspace without code of its own, whose member `p` defines `train`. */
const WORKSPACE = {
  'pyproject.toml': '[tool.uv.workspace]\nmembers = ["packages/*"]\n',
  'packages/readme.md': '',
  'packages/p/pyproject.toml': '[project.scripts]\ntrain = "p.cli:main"\n',
  'packages/p/src/p/__init__.py': '',
  'packages/p/src/p/cli.py': 'from . import a',
  'packages/p/src/p/a.py': '',
  'packages/p/src/p/b.py': '',
  'packages/q/pyproject.toml': '[project.scripts]\nother = "q:main"\n',
  'packages/q/src/q.py': '',
  'sub/x.py': 'import p.cli',
  'a.py': '',
};
const MEMBER = ['__init__.py', 'a.py', 'cli.py'].map((file) => `packages/p/src/p/${file}`);
const ENTRY = [...MEMBER, 'packages/p/pyproject.toml'];

describe('the project of a program', () => {
  it.each([
    ['uv run train', ENTRY],
    ['uv run --package p train', ENTRY],
    ['uv run --package=p --frozen -- train --lr 1', ENTRY],
    ['uv run --project packages/p train', ENTRY],
    ['uv --project=packages/p run train', ENTRY],
    ['UV_PROJECT=packages/p uv run train', ENTRY],
    ['uv run --directory packages/p train', ENTRY],
    ['uv --directory packages/p run train', ENTRY],
    ['UV_WORKING_DIR=sub uv run x.py', [...MEMBER, 'sub/x.py']],
    ['uv run ./sub/x.py --directory packages', [...MEMBER, 'sub/x.py']],
    ['cd sub && uv run --project .. train', ENTRY],
    ['cd sub && uv run --project ../packages/p train', ENTRY],
    ['uv run --with-editable packages/p train', ENTRY],
    ['uv run --with ./packages/p --with rich train', ENTRY],
    ['uvx --from ./packages/p train', ENTRY],
    ['uvx --from "./packages/p[gpu]" train', ENTRY],
    ['uv tool run --from packages/p train', ENTRY],
    ['pipx run --spec ./packages/p train', ENTRY],
    ['poetry -C packages/p run train', ENTRY],
    ['poetry --directory=packages/p run train', ENTRY],
    ['poetry -P packages/p run train', ENTRY],
    ['poetry run --project packages/p train', ENTRY],
    ['pdm run -p packages/p train', ENTRY],
    ['rye run --pyproject packages/p/pyproject.toml train', ENTRY],
    ['pixi run --manifest-path packages/p/pyproject.toml train', ENTRY],
    ['pixi run -m packages/p train', ENTRY],
    ['PIPENV_PIPFILE=packages/p/Pipfile pipenv run train', ENTRY],
    ['uv run --project packages/p bash -c "train"', ENTRY],
    ['uv run --package p python -m p.cli', MEMBER],
    ['uv run --package p --module p.cli', MEMBER],
    ['uv run --project packages/p python -c "import p.cli"', MEMBER],
    ['uv run --project packages/p sub/x.py', [...MEMBER, 'sub/x.py']],
    ['uv run --package p -s sub/x.py', [...MEMBER, 'sub/x.py']],
    ['uv run --script sub/x.py', [...MEMBER, 'sub/x.py']],
    ['hatch -e env run python sub/x.py', [...MEMBER, 'sub/x.py']],
  ])('%j counts %j', async (command, names) => {
    expect(await counted(command, WORKSPACE)).toEqual([...names].sort());
    const code = Object.keys(WORKSPACE).filter((file) => file.endsWith('.py'));
    await expectExactly(command, code, names);
  });

  it.each([
    ['bash run.sh', { 'run.sh': 'uv run --project lib/p train' }, 'run.sh'],
    ['uv run --project lib/p bash run.sh', { 'run.sh': 'train' }, 'run.sh'],
    [
      'uv run --project lib/p x.py',
      { 'x.py': 'import subprocess\nsubprocess.run(["train"])' },
      'x.py',
    ],
    [
      'uv run --project ws train',
      { 'ws/pyproject.toml': 'p = { path = "../lib/p" }\n' },
      undefined,
    ],
    [
      'train',
      { 'pyproject.toml': 'dependencies = ["p @ file:///${PROJECT_ROOT}/lib/p"]' },
      undefined,
    ],
    ['train', { 'hatch.toml': 'dependencies = ["p @ {root:uri}/lib/p"]' }, undefined],
    ['train', { 'requirements.txt': 'numpy\n-e ./lib/p\n' }, undefined],
    ['train', { 'requirements.txt': '--editable=file:lib/p[gpu]\n' }, undefined],
    ['cd ws && uv run train', { 'ws/pyproject.toml': 'members = ["../lib/*"]\n' }, undefined],
  ])('is found for %j with %j', async (command, files, script) => {
    const member = Object.entries(WORKSPACE).filter(([file]) => file.startsWith('packages/p/'));
    const moved = member.map(([file, text]) => [file.replace('packages', 'lib'), text]);
    const names = ENTRY.map((file) => file.replace('packages', 'lib'));
    const found = await counted(command, { ...Object.fromEntries(moved), ...files });
    expect(found).toEqual([...names, ...(script === undefined ? [] : [script])].sort());
  });

  it('counts from the moment when a member defines the command', async () => {
    openSandbox({ ...WORKSPACE, 'packages/p/pyproject.toml': '' });
    expect((await traced('uv run --package p train')).scripts).toEqual({});
    sandbox.write('packages/new/pyproject.toml', '[project.scripts]\ntrain = "p.cli:main"\n');
    expect(Object.keys((await traced('uv run --package p train')).scripts).sort()).toEqual(
      [...MEMBER, 'packages/new/pyproject.toml'].sort(),
    );
  });

  it.each([
    ['uv run --project ../other train', 'uv uses a project outside of this one'],
    ['uvx --from /opt/p train', 'uvx uses a project outside of this one'],
    ['uv run --project "$DIR" train', 'the shell computes the project of uv'],
    ['poetry -C "$DIR" run python x.py', 'the shell computes the folder of x.py'],
    ['poetry -C "$DIR" run python -m x', 'the shell computes the folder in which Python starts'],
    ['cd "$DIR" && bash run.sh', 'the shell computes the folder of run.sh'],
    ['poetry -C "$DIR" run train', 'the shell computes the folder in which poetry starts'],
    ['cd "$DIR" && uv run train', 'the shell computes the folder in which uv starts'],
    ['uv run "$NAME"', 'the shell computes what uv starts'],
  ])('that is not known is listed: %j', async (command, message) => {
    openSandbox(WORKSPACE);
    expect((await traced(command)).opaque).toEqual([{ message }]);
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
