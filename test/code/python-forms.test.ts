/** Ways to start Python and to load its code that users write: what counts, and what `doctor` lists. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  COUNTED,
  counted,
  disposeSandbox,
  expectExactly,
  type Files,
  openSandbox,
  PROGRAM,
  type Row,
  sandbox,
  traced,
} from './traced-commands.js';

afterEach(disposeSandbox);

/** Each executes `x.py`, or the module `x`. */
const STARTS = [
  'python -O -X dev x.py',
  'python -mx --fast',
  'python -Im x',
  'python -c"import x"',
  'env A=b python x.py',
  'nohup python x.py &',
  'time -p python -m x',
  'nice -n 5 python -m x',
  'srun -n 2 python x.py',
  'mpirun -n 4 python x.py',
  'mpirun -n 4 python -m mpi4py -m x',
  'torchrun --nproc-per-node=2 x.py',
  'python -m torch.distributed.run --nproc-per-node 2 -m x',
  'accelerate launch --config_file c.yaml x.py',
  'uv run --with rich x.py',
  'uv run --frozen python -m x',
  'poetry run python x.py',
  'pipenv run python x.py',
  'pdm run x.py',
  'hatch run python x.py',
  'pixi run python -m x',
  'rye run python x.py',
  'conda run -n e --no-capture-output python x.py',
  'coverage run -m x',
  'bash -c "python -m x"',
  'cd . && python -m x',
  '"$PYTHON" -m x',
  "python - <<'END'\nimport x\nEND",
  'python3 <<< "import x"',
  'python < x.py',
  'HERE=.; python $HERE/x.py',
  'docker run image python x.py',
  'eval "python x.py"',
  "parallel 'python -m x {}' ::: 1 2",
  'flock lock -c "python x.py"',
  'sbatch --wait --wrap="srun python x.py"',
  'poetry run bash -c "python x.py"',
  'RUN="uv run python"; $RUN x.py',
  'uv run - < x.py',
  'uv run --with rich - --fast < x.py',
  'cat x.py | uv run -',
  "uv run - <<'END'\nimport x\nEND",
  'python - --fast < x.py',
  'python -W ignore < x.py',
];

/** What it loads depends on its package and its `__file__`. */
const NAMESPACE = `from . import one
importlib.import_module(".two", __package__)
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
import three
subprocess.run([sys.executable, str(Path(__file__).parent / "four.py")])
`;
/** As a part of `pkg/main.py`. */
const AS_PART = 'cc/x.py pkg/four.py pkg/lib/three.py pkg/main.py pkg/one.py pkg/two.py'.split(' ');
/** Without a package, where its relative imports fail. */
const ALONE = 'cc/four.py cc/lib/three.py cc/x.py pkg/main.py'.split(' ');

const COMMANDS: readonly Row[] = [
  // Files whose first line names their interpreter.
  ['./fit', { fit: '#!/usr/bin/env python3\nimport a', 'a.py': '' }, ['a.py', 'fit']],
  ['nice -n 5 ./fit', { fit: '#!/usr/bin/env python3\nimport a', 'a.py': '' }, ['a.py', 'fit']],
  ['./fit', { fit: '#!/bin/bash\npython x.py', ...PROGRAM }, [...COUNTED, 'fit']],
  ['bash run.sh', { 'run.sh': 'set -e\npython x.py "$@"\n', ...PROGRAM }, [...COUNTED, 'run.sh']],
  [
    'bash run.sh',
    { 'run.sh': '. env.sh\n./next.sh\n', 'env.sh': '', 'next.sh': 'python x.py', ...PROGRAM },
    [...COUNTED, 'env.sh', 'next.sh', 'run.sh'],
  ],
  [
    'sub/run.sh',
    { 'sub/run.sh': 'cd "$(dirname "$0")"\npython x.py', 'sub/x.py': 'import a', 'sub/a.py': '' },
    ['sub/a.py', 'sub/run.sh', 'sub/x.py'],
  ],
  [
    'bash sub/run.sh',
    {
      'sub/run.sh':
        'HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\nexport PYTHONPATH="$HERE/lib:$PYTHONPATH"\npython "$HERE/x.py"\n',
      'sub/x.py': 'import a',
      'sub/lib/a.py': '',
      'lib/a.py': '',
    },
    ['sub/lib/a.py', 'sub/run.sh', 'sub/x.py'],
  ],
  [
    'PYTHONPATH=lib bash run.sh',
    { 'run.sh': 'python x.py', 'x.py': 'import a', 'lib/a.py': '' },
    ['lib/a.py', 'run.sh', 'x.py'],
  ],
  // The namespace of executed code: that of the executing code, its own, or a dictionary.
  ...(
    [
      ['exec(open("cc/x.py").read())', AS_PART],
      ['exec(compile(Path("cc/x.py").read_text(), "x", "exec"), globals(), locals())', AS_PART],
      ['exec(open("cc/y.py").read())', [...AS_PART, 'cc/y.py']],
      ['runpy.run_path("cc/x.py")', ALONE],
      ['exec(open("cc/x.py").read(), {"__file__": name})', [...new Set([...AS_PART, ...ALONE])]],
    ] as const
  ).map(([written, names]): Row => {
    const inner = ['one.py', 'two.py', 'lib/three.py', 'four.py'];
    const files = ['cc', 'pkg'].flatMap((folder) => inner.map((file) => `${folder}/${file}`));
    const empty = Object.fromEntries(files.map((file) => [file, '']));
    const y = 'exec(open("cc/x.py").read())';
    const code = { 'pkg/main.py': written, 'cc/x.py': NAMESPACE, 'cc/y.py': y };
    return ['python -m pkg.main', { ...empty, ...code }, names];
  }),
  // Archives count by their bytes.
  ['python app.pyz', { 'app.pyz': 'PK\x03\x04', 'a.py': '' }, ['app.pyz']],
  [
    'PYTHONPATH=lib.zip python x.py',
    { 'lib.zip': 'PK\x03\x04', ...PROGRAM },
    ['a.py', 'lib.zip', 'x.py'],
  ],
  // Standard input as text: Python looks for modules in the current folder.
  ...[
    'python < sub/x',
    'cat sub/x | python',
    'cat sub/x |\n  (python3 -u -)',
    'uv run python - < sub/x',
  ].map(
    (command): Row => [
      command,
      { 'sub/x': 'import a', 'a.py': '', 'sub/a.py': '' },
      ['a.py', 'sub/x'],
    ],
  ),
  ['cat x | bash -e', { x: 'python x.py', ...PROGRAM }, [...COUNTED, 'x']],
  ['cat x | python -c "import a"; cat x || python', { x: 'import b', ...PROGRAM }, ['a.py']],
  // The working directory.
  ...[
    'uv run --directory sub x.py',
    'env -C sub python x.py',
    'poetry -C sub run python x.py',
    'srun --chdir=sub python x.py',
    'conda run -n e --cwd sub python x.py',
    'mpirun -wdir sub python x.py',
    'pushd sub; python x.py; popd; python y.py',
  ].map(
    (command): Row => [
      command,
      { 'sub/x.py': 'import a', 'sub/a.py': '', 'x.py': '', 'a.py': '' },
      ['sub/a.py', 'sub/x.py'],
    ],
  ),
  // Names that build files define.
  ...['train --lr 1', 'uv run train', 'poetry run train', '.venv/bin/train'].map(
    (command): Row => [
      command,
      {
        'pyproject.toml': '[project.scripts]\ntrain = "pkg.cli:main"\n',
        'src/pkg/__init__.py': '',
        'src/pkg/cli.py': 'from . import a',
        'src/pkg/a.py': '',
        'src/pkg/b.py': '',
      },
      ['pyproject.toml', 'src/pkg/__init__.py', 'src/pkg/a.py', 'src/pkg/cli.py'],
    ],
  ),
  [
    'train',
    { 'setup.py': 'setup(entry_points={"console_scripts": ["train=x:main"]})', ...PROGRAM },
    [...COUNTED, 'setup.py'],
  ],
  [
    'hatch run train',
    {
      'pyproject.toml': '[tool.hatch.envs.default.scripts]\ntrain = "python x.py {args}"\n',
      ...PROGRAM,
    },
    [...COUNTED, 'pyproject.toml'],
  ],
  [
    'hatch run all',
    {
      'pyproject.toml':
        '[tool.hatch.envs.default.scripts]\nall = [\n  "train",\n]\ntrain = "python x.py"\n',
      ...PROGRAM,
    },
    [...COUNTED, 'pyproject.toml'],
  ],
  [
    'pixi run train',
    { 'pixi.toml': '[tasks]\ntrain = { cmd = "python x.py", cwd = "." }\n', ...PROGRAM },
    [...COUNTED, 'pixi.toml'],
  ],
  [
    'pdm run train',
    { 'pyproject.toml': '[tool.pdm.scripts.train]\ncmd = "python x.py"\n', ...PROGRAM },
    [...COUNTED, 'pyproject.toml'],
  ],
  // Tests, with the configuration of the folders above them.
  ...[
    'pytest tests',
    'python -m pytest',
    'pytest -k fast tests/test_x.py::test_a',
    'uv run pytest',
  ].map(
    (command): Row => [
      command,
      {
        'tests/test_x.py': 'import a',
        'tests/helper.py': '',
        'tests/conftest.py': 'pytest_plugins = ["plugin"]',
        'conftest.py': '',
        'plugin.py': '',
        'a.py': '',
        'b.py': '',
      },
      ['a.py', 'conftest.py', 'plugin.py', 'tests/conftest.py', 'tests/test_x.py'],
    ],
  ),
  [
    'pytest',
    {
      'pytest.ini': '[pytest]\ntestpaths = unit\n',
      'unit/pkg/__init__.py': '',
      'unit/pkg/test_x.py': 'from . import helper',
      'unit/pkg/helper.py': '',
      'other/test_y.py': '',
    },
    ['unit/pkg/helper.py', 'unit/pkg/__init__.py', 'unit/pkg/test_x.py'],
  ],
  [
    'python -m unittest tests.test_x.TestX',
    { 'tests/test_x.py': 'import a', ...PROGRAM },
    ['a.py', 'tests/test_x.py'],
  ],
  [
    'python -m unittest discover -s tests',
    { 'tests/testing.py': 'import a', ...PROGRAM },
    ['a.py', 'tests/testing.py'],
  ],
];

/** The text of `main.py`, which `python main.py` executes. */
const LOADS: readonly (readonly [written: string, files: Files, counted: readonly string[]])[] = [
  [
    'runpy.run_module("pkg", run_name="__main__")',
    { 'pkg/__main__.py': 'import a', 'a.py': '' },
    ['a.py', 'pkg/__main__.py'],
  ],
  [
    'runpy.run_path("tool")',
    { 'tool/__main__.py': 'import a', 'tool/a.py': '' },
    ['tool/__main__.py', 'tool/a.py'],
  ],
  ['runpy.run_path(str(Path(__file__).parent / "x.py"))', PROGRAM, COUNTED],
  ['exec(open("x.py", encoding="utf-8").read())', PROGRAM, COUNTED],
  ['exec(open(os.path.join(os.path.dirname(__file__), "x.py")).read())', PROGRAM, COUNTED],
  ['exec(compile(open("x.py").read(), "x.py", "exec"))', PROGRAM, COUNTED],
  ['exec(Path("x.py").read_text())', PROGRAM, COUNTED],
  ['__import__("pkg", fromlist=["a"])', { 'pkg/a.py': '', 'pkg/b.py': '' }, ['pkg/a.py']],
  [
    '__import__("pkg", globals(), locals(), ["a"], 0)',
    { 'pkg/a.py': '', 'pkg/b.py': '' },
    ['pkg/a.py'],
  ],
  ['NAME = "pkg.a"\nimportlib.import_module(NAME)', { 'pkg/a.py': '' }, ['pkg/a.py']],
  ['importlib.import_module(name="pkg.a")', { 'pkg/a.py': '' }, ['pkg/a.py']],
  ['from importlib import import_module as load\nload("x")', PROGRAM, COUNTED],
  ['spec = importlib.util.find_spec("x")\nmodule_from_spec(spec)', PROGRAM, COUNTED],
  ['lazy import x', PROGRAM, COUNTED],
  // In formatted strings, as of Python 3.12.
  ['f"{__import__("x")}"', PROGRAM, COUNTED],
  ['f"{f"{importlib.import_module("x").y!r:>{width("b")}}"}"', PROGRAM, COUNTED],
  ["f'''{\n  os.system(\n \"python x.py\") # now\n}'''", PROGRAM, COUNTED],
  ['rf"{__import__("pkg", fromlist=["a"])=}"', { 'pkg/a.py': '', 'pkg/b.py': '' }, ['pkg/a.py']],
  ['f"{{__import__("b")}} {"import b"}"\ntype X = int\nimport x', PROGRAM, COUNTED],
  // Bytecode without its source.
  ['import a, pkg', { 'a.pyc': '1', 'pkg/__init__.pyc': '1' }, ['a.pyc', 'pkg/__init__.pyc']],
  ['import a', { 'a.pyc': '1', 'a.py': '' }, ['a.py']],
  ['lazy from x import y', PROGRAM, COUNTED],
  ['import sys as system\nsystem.path.append("lib")\nimport a', { 'lib/a.py': '' }, ['lib/a.py']],
  ['sys.path[:0] = ["lib"]\nimport a', { 'lib/a.py': '' }, ['lib/a.py']],
  [
    'sys.path.insert(0, os.path.dirname(__file__) + "/lib")\nimport a',
    { 'lib/a.py': '' },
    ['lib/a.py'],
  ],
  [
    'sys.path.insert(0, "lib.zip")\nimport x',
    { 'lib.zip': 'PK', ...PROGRAM },
    [...COUNTED, 'lib.zip'],
  ],
  ['subprocess.run([sys.executable, "-u", "x.py", lr], check=True)', PROGRAM, COUNTED],
  ['subprocess.Popen(["python", "-m", "x"])', PROGRAM, COUNTED],
  ['subprocess.check_call([sys.executable, str(HERE / "w" / "x.py")])\nHERE = 1', PROGRAM, []],
  [
    'HERE = Path(__file__).parent\nsubprocess.run([sys.executable, str(HERE / "x.py")])',
    PROGRAM,
    COUNTED,
  ],
  ['subprocess.run(["python", "x.py"], cwd="sub")', { 'sub/x.py': '', 'x.py': '' }, ['sub/x.py']],
  ['os.system("python x.py --fast")', PROGRAM, COUNTED],
  ['os.system(f"{sys.executable} x.py --lr {lr}")', PROGRAM, COUNTED],
  ['asyncio.create_subprocess_exec("python", "x.py")', PROGRAM, COUNTED],
  ['os.execvp("bash", ["bash", "run.sh"])', { 'run.sh': 'python x.py', ...PROGRAM }, []],
  [
    'subprocess.run(["bash", "run.sh"])',
    { 'run.sh': 'python x.py', ...PROGRAM },
    [...COUNTED, 'run.sh'],
  ],
  ['get_context("spawn").Process(target=f).start()\nfrom x import f', PROGRAM, COUNTED],
  [
    'match v:\n  case 1: import x\n  case {"k": y} if y:\n    import b\n',
    PROGRAM,
    [...COUNTED, 'b.py'],
  ],
  ['# -*- coding: latin-1 -*-\nimport x', PROGRAM, COUNTED],
  ['import x', { ...PROGRAM, 'x.pyi': 'import b' }, COUNTED],
];

describe('with Python', () => {
  it.each(STARTS)('%j counts the program and what it imports', async (command) => {
    expect(await counted(command, PROGRAM)).toEqual(COUNTED);
    await expectExactly(command, Object.keys(PROGRAM), COUNTED);
  });

  it.each(COMMANDS)('%j with %j counts %j', async (command, files, names) => {
    expect(await counted(command, files)).toEqual([...names].sort());
    const code = Object.keys(files).filter(
      (file) => !/\.(?:toml|ini)$|setup\.py$|Pipfile$/.test(file),
    );
    await expectExactly(command, code, names);
  });

  it.each(LOADS)('%j with %j counts %j', async (written, files, names) => {
    const all = { 'main.py': `${written}\n`, ...files };
    expect(await counted('python main.py', all)).toEqual([...names, 'main.py'].sort());
    await expectExactly('python main.py', Object.keys(all), [...names, 'main.py']);
  });

  it('a build file that appears, and a task that it defines, count from then on', async () => {
    expect(await counted('hatch run train', PROGRAM)).toEqual([]);
    sandbox.write('hatch.toml', '[envs.default.scripts]\ntrain = "python b.py"\n');
    expect(Object.keys((await traced('hatch run train')).scripts)).toEqual(['b.py', 'hatch.toml']);
    sandbox.edit('hatch.toml', 'b.py', 'x.py');
    const { scripts } = await traced('hatch run train');
    expect(Object.keys(scripts).sort()).toEqual([...COUNTED, 'hatch.toml'].sort());
  });

  it('a task counts with those that it starts, and not the rest of its file', async () => {
    const text = (steps: string) =>
      `[tasks]\nprep = "python a.py"\n${steps}train = { cmd = "python x.py --lr 1", depends-on = ["prep"] }\n`;
    openSandbox({ 'pixi.toml': text(''), ...PROGRAM });
    const digest = async () => (await traced('pixi run train')).scripts['pixi.toml'];
    const before = await digest();
    sandbox.write('pixi.toml', `[workspace]\n${text('other = "ls" # here\n')}`);
    expect(await digest()).toBe(before);
    sandbox.edit('pixi.toml', 'lr 1', 'lr 2');
    const after = await digest();
    expect(after).not.toBe(before);
    sandbox.edit('pixi.toml', 'python a.py', 'python a.py -v');
    expect(await digest()).not.toBe(after);
  });

  it('a file counts in each way in which programs of one command read it', async () => {
    const both = 'python x.py && python y.py';
    openSandbox({ 'x.py': 'import a', 'y.py': 'import a\nprint(a.__doc__)', 'a.py': '"""Doc."""' });
    const before = (await traced(both)).scripts['a.py'];
    sandbox.edit('a.py', 'Doc', 'Text');
    expect((await traced(both)).scripts['a.py']).not.toBe(before);
  });

  it('a test file that appears counts from then on', async () => {
    expect(await counted('pytest', { 'tests/test_a.py': '' })).toEqual(['tests/test_a.py']);
    sandbox.write('tests/more/test_b.py', '');
    expect(Object.keys((await traced('pytest')).scripts).sort()).toEqual([
      'tests/more/test_b.py',
      'tests/test_a.py',
    ]);
  });

  it('a script that another one starts names that one', async () => {
    openSandbox({ 'run.sh': 'python x.py', ...PROGRAM });
    expect((await traced('bash run.sh')).importers).toEqual({ 'x.py': 'run.sh', 'a.py': 'x.py' });
  });
});

describe('the Python that packages: python queries', () => {
  it.each([
    ['bash run.sh', { 'run.sh': '.venv/bin/python x.py' }, ['.venv/bin/python']],
    ['cd sub && ./fit', { 'sub/fit': '#!/usr/bin/env python3' }, ['./fit']],
    ['bash run.sh', { 'run.sh': 'SCRIPT=x.py\necho' }, []],
    ['python3 start.py', { 'start.py': 'os.system("python4 x.py")' }, ['python3']],
  ])('is, for %j with %j, %j', async (command, files: Files, words) => {
    openSandbox({ 'x.py': '', ...files });
    const { programs } = await traced(command);
    expect(programs.flatMap((each) => each.words)).toEqual(words);
  });
});

const SEARCHED_OUTSIDE = 'PYTHONPATH has a folder that is absolute or outside of the project';

describe('code that pipe cannot follow is listed', () => {
  it.each([
    ['python "$SCRIPT"', {}, undefined, 'the shell computes what Python executes'],
    [
      'for s in a b; do python $s.py; done',
      {},
      undefined,
      'the shell computes what Python executes',
    ],
    ['python train_{a,b}.py', {}, undefined, 'the shell computes what Python executes'],
    ['PYTHONPATH=../lib python x.py', PROGRAM, undefined, SEARCHED_OUTSIDE],
    ['export PYTHONPATH=src:/opt/lib; python x.py', PROGRAM, undefined, SEARCHED_OUTSIDE],
    ['cd "$DIR" && python x.py', PROGRAM, undefined, 'the shell computes the folder'],
    [
      'bash run.sh',
      { 'run.sh': 'python "$1"' },
      'run.sh',
      'the shell computes what Python executes',
    ],
    ['make-code | python', {}, undefined, 'Python executes what another program prints'],
    ['make-code | uv run -', {}, undefined, 'Python executes what another program prints'],
    [
      'jupyter nbconvert --execute --inplace n.ipynb',
      {},
      undefined,
      'a notebook that --inplace overwrites does not count',
    ],
    [
      'pytest',
      { 'pytest.ini': '[pytest]\npython_files = check_*.py\n' },
      'pytest.ini',
      'python_files',
    ],
  ])('of %j', async (command, files: Files, file, message) => {
    openSandbox(files);
    const { opaque } = await traced(command);
    expect(opaque.map((each) => [each.place?.file, each.message])).toEqual([
      [file, expect.stringContaining(message)],
    ]);
  });

  it.each([
    ['make train', 'Makefile'],
    ['make -C sub train', 'sub/Makefile'],
    ['make -f rules.mk', 'rules.mk'],
    ['cd sub && just train', '.justfile'],
    ['nice -n 5 npm run --silent train', 'package.json'],
    ['poetry run make train', 'Makefile'],
    ['uv run --frozen --extra gpu make -j 4 train', 'Makefile'],
    ['conda run -n make just train', 'justfile'],
    ['hatch run +py=3.11 make train', 'Makefile'],
    ['invoke train', 'tasks.py'],
    ['uv run doit train', 'dodo.py'],
    ['dvc repro train', 'dvc.yaml'],
    ['npm --prefix sub test', 'sub/package.json'],
    ['cargo run --release -- x.csv', 'Cargo.lock'],
    ['cd cmd/x && go run .', 'go.mod'],
    ['nextflow run main.nf', 'main.nf'],
    ['cmake --build .', 'CMakeLists.txt'],
    ['bash run.sh', 'Makefile', { 'run.sh': 'make train' }],
    ['subprocess.run(["make", "train"])', 'Makefile', {}],
  ])('of %j, and %j counts', async (written, file, files = undefined) => {
    const isCall = written.startsWith('subprocess');
    openSandbox({ [file]: 'train:\n\tpython x.py\n', ...files, 'main.py': written, 'x.py': '' });
    const command = isCall ? 'python main.py' : written;
    const { scripts, opaque } = await traced(command);
    expect(Object.keys(scripts)).toContain(file);
    expect(Object.keys(scripts)).not.toContain('x.py');
    expect(opaque).toMatchObject([
      {
        message: expect.stringMatching(
          /^pipe does not follow the (?:commands that \w+ starts|code that \w+ builds)/,
        ),
      },
    ]);
  });

  it.each([
    'make --version',
    'npm ci',
    'echo make train',
    'printf %s just',
    'cargo fmt',
    'go vet',
    'cmake .',
  ])('and nothing of %j', async (command) => {
    openSandbox({ Makefile: '', 'package.json': '{}', justfile: '' });
    expect(await traced(command)).toMatchObject({ scripts: {}, opaque: [] });
  });

  it.each([
    ['load = importlib.import_module', 'the name of the module'],
    ['f"{importlib.import_module(name)}"', 'the name of the module'],
    ['N = "x"\nN = "y"\nimportlib.import_module(N)', 'the name of the module'],
    ['N = "x" + y\nimportlib.import_module(N)', 'the name of the module'],
    ['N = "x"\nfor N in names: importlib.import_module(N)', 'the name of the module'],
    ['name = "x"\nimportlib.import_module(name)', 'the name of the module'],
    ['__import__("a", fromlist=names)', 'the name of the module'],
    ['with open("x.py") as f: exec(f.read())', 'the code that this executes'],
    ['from sys import path', 'where Python searches for modules'],
    ['__path__.append(folder)', 'where Python searches for modules'],
    ['import hydra\nhydra.utils.instantiate(config.model)', 'its text does not name'],
    ['from pydoc import locate\nlocate(name)', 'its text does not name'],
    ['import pyximport\npyximport.install()', 'its text does not name'],
    ['from importlib.metadata import entry_points\nentry_points()', 'its text does not name'],
    ['import ctypes\nctypes.CDLL("./libk.so")', 'a compiled library'],
    ['from torch.utils.cpp_extension import load\nload("k", ["k.cpp"])', 'a compiled library'],
    ['@hydra.main(version_base=None, config_path="conf")\ndef f(x): ...', 'configurations'],
    ['from hydra import initialize\ninitialize("../conf", job_name="x")', 'configurations'],
    ['subprocess.run([sys.executable, script])', 'what Python executes'],
    ['subprocess.run(["python", "x.py"], cwd=folder)', 'in a folder that is computed'],
  ])('of %j', async (written, message) => {
    openSandbox({ 'main.py': `${written}\n`, 'x.py': '' });
    const { opaque } = await traced('python main.py');
    expect(opaque).toMatchObject([
      { message: expect.stringContaining(message), place: { file: 'main.py' } },
    ]);
  });

  it.each([
    'from importlib import import_module',
    'find_spec("torch")',
    'subprocess.run(["git", "status"])',
    'import ctypes\nctypes.CDLL("libc.so.6"), ctypes.CDLL(None)',
    'json.load(file)',
    'subprocess.run(command)',
    'os.system("nvidia-smi")',
    'path = "x"',
    'print(module.__path__)',
    'model.instantiate(x)',
    'main(config_path="conf")',
    'import hydra\nparser.main("conf")',
    'import hydra\n@hydra.main(version_base=None)\ndef main(x): ...\nmain()',
  ])('and nothing of %j', async (written) => {
    openSandbox({ 'main.py': written });
    expect((await traced('python main.py')).opaque).toEqual([]);
  });
});
