/** Which code counts for a command that names Python, traced as a run does it. */
import { afterEach, describe, expect, it } from 'vitest';
import { keptScripts } from '../../src/code/scripts.js';
import {
  counted,
  disposeSandbox,
  expectExactly,
  type Files,
  kept,
  NONE,
  notebook,
  openSandbox,
  optionsOf,
  sandbox,
  traced,
} from './traced-commands.js';

afterEach(disposeSandbox);

/** Of the files next to the script, only those in the last column count. */
const IMPORTS: readonly (readonly [written: string, files: Files, counted: readonly string[]])[] = [
  ['import lib', { 'lib.py': '', 'other.py': '' }, ['lib.py']],
  ['import lib as l, more', { 'lib.py': '', 'more.py': '' }, ['lib.py', 'more.py']],
  [
    'import a.b.c',
    { 'a/__init__.py': '', 'a/b/__init__.py': '', 'a/b/c.py': '', 'a/d.py': '' },
    ['a/__init__.py', 'a/b/__init__.py', 'a/b/c.py'],
  ],
  [
    'from a import b, other',
    { 'a/__init__.py': 'other = 1', 'a/b.py': '', 'a/c.py': '' },
    ['a/__init__.py', 'a/b.py'],
  ],
  ['from a.b import (\n  f,  # why\n  g as h,\n)', { 'a/b.py': '', 'a/c.py': '' }, ['a/b.py']],
  ['from a import *', { 'a.py': '', 'b.py': '' }, ['a.py']],
  [
    'from a import *',
    { 'a/__init__.py': '__all__ = ["b"]', 'a/b.py': '', 'a/c.py': '' },
    ['a/__init__.py', 'a/b.py'],
  ],
  ['import ns.deep.x', { 'ns/deep/x.py': '', 'ns/deep/y.py': '' }, ['ns/deep/x.py']],
  [
    'import a',
    { 'a/__init__.py': 'from . import b', 'a/b.py': 'from .c import d', 'a/c/d.py': '' },
    ['a/__init__.py', 'a/b.py', 'a/c/d.py'],
  ],
  [
    'import a.b.c',
    { 'a/b/c.py': 'from ..up import x\nfrom ... import no', 'a/up.py': '', 'no.py': '' },
    ['a/b/c.py', 'a/up.py'],
  ],
  ['def f():\n  import lib\n', { 'lib.py': '' }, ['lib.py']],
  ['try:\n  import fast\nexcept ImportError: import slow', { 'slow.py': '' }, ['slow.py']],
  ['if x: import a\nelse: import b', { 'a.py': '', 'b.py': '' }, ['a.py', 'b.py']],
  ['x = 1; import a', { 'a.py': '' }, ['a.py']],
  ['import a; import b', { 'a.py': '', 'b.py': '' }, ['a.py', 'b.py']],
  ['class A:\n  from lib import f', { 'lib.py': '' }, ['lib.py']],
  ['import \\\n  lib', { 'lib.py': '' }, ['lib.py']],
  [
    'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n  import a\n  if x:\n    import b\nelse:\n  import c',
    { 'a.py': '', 'b.py': '', 'c.py': '' },
    ['c.py'],
  ],
  ['if typing.TYPE_CHECKING: import a\nimport b', { 'a.py': '', 'b.py': '' }, ['b.py']],
  ['if not TYPE_CHECKING:\n  import a\nelse:\n  import b\n', { 'a.py': '', 'b.py': '' }, ['a.py']],
  ['importlib.import_module("a.b")', { 'a/b.py': '', 'a/c.py': '' }, ['a/b.py']],
  ["__import__('lib')", { 'lib.py': '' }, ['lib.py']],
  [
    'import a',
    { 'a/__init__.py': 'import_module(".b", __package__)', 'a/b.py': '' },
    ['a/__init__.py', 'a/b.py'],
  ],
  ['import_module(".b", package="a")', { 'a/b.py': '' }, ['a/b.py']],
  [
    "exec(open('conf.py').read())",
    { 'conf.py': 'import more', 'more.py': '' },
    ['conf.py', 'more.py'],
  ],
  ['runpy.run_path("next.py")', { 'next.py': '' }, ['next.py']],
  [
    'import fast',
    { 'fast.cpython-312-x86_64-linux-gnu.so': '', 'fast.txt': '' },
    ['fast.cpython-312-x86_64-linux-gnu.so'],
  ],
  ['"import a"\n# import a\nx = """\nimport a\n"""\nf"{x!r:>{w}} import a"', { 'a.py': '' }, []],
  ['import lib', { 'lib.py': '', 'lib/__init__.py': '', 'lib/x.py': '' }, ['lib/__init__.py']],
  ['import lib', { 'lib.py': '', 'lib/x.txt': '' }, ['lib.py']],
  ['import gone, os, numpy.linalg', { 'linalg.py': '' }, []],
  ['import lib', { 'src/lib.py': '', 'src/b.py': '' }, ['src/lib.py']],
  ['import a\nsys.path.append("x/y")', { 'x/y/a.py': '', 'x/a.py': '' }, ['x/y/a.py']],
  ['sys.path.insert(0, "x")\nimport a', { 'x/a.py': '', 'a.py': '' }, ['a.py', 'x/a.py']],
  [
    'import a',
    {
      'a.py':
        'import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), "x"))\nimport b',
      'x/b.py': '',
    },
    ['a.py', 'x/b.py'],
  ],
  [
    'from deep.er.m import x',
    {
      'deep/er/m.py':
        'HERE = Path(__file__).resolve().parent\nROOT = HERE.parents[0]\nif str(ROOT) not in sys.path:\n  sys.path.insert(0, str(ROOT / "more"))\nimport c',
      'deep/more/c.py': '',
      'deep/c.py': '',
    },
    ['deep/er/m.py', 'deep/more/c.py'],
  ],
  [
    'sys.path += ["x", os.path.join("y", "z")]\nimport a, b',
    { 'x/a.py': '', 'y/z/b.py': '' },
    ['x/a.py', 'y/z/b.py'],
  ],
  ['match x:\n  case 1.: from a import b\nyield', { 'a.py': '' }, ['a.py']],
  ['raise E from lib', { 'lib.py': '' }, []],
  ['import grün', { 'grün.py': '' }, ['grün.py']],
];

const LAUNCHES: readonly (readonly [command: string, files: Files, counted: readonly string[]])[] =
  [
    [
      'python -u scripts/x.py',
      { 'scripts/x.py': 'import a, b', 'scripts/a.py': '', 'b.py': '' },
      ['b.py', 'scripts/a.py', 'scripts/x.py'],
    ],
    [
      'python scripts/x.py',
      { 'scripts/x.py': 'import a', 'scripts/a.py': '', 'a.py': '' },
      ['scripts/a.py', 'scripts/x.py'],
    ],
    [
      'python -m pkg.run --fast',
      {
        'pkg/__init__.py': '',
        'pkg/run.py': 'from .a import b\nimport c',
        'pkg/a.py': '',
        'c.py': '',
        'pkg/c.py': '',
      },
      ['c.py', 'pkg/__init__.py', 'pkg/a.py', 'pkg/run.py'],
    ],
    [
      'python -m pkg',
      { 'pkg/__init__.py': '', 'pkg/__main__.py': 'from . import a', 'pkg/a.py': '' },
      ['pkg/__init__.py', 'pkg/__main__.py', 'pkg/a.py'],
    ],
    ['python -Im pkg.run', { 'pkg/run.py': '' }, ['pkg/run.py']],
    [
      'python tool',
      { 'tool/__main__.py': 'import a', 'tool/a.py': '', 'a.py': '' },
      ['tool/__main__.py', 'tool/a.py'],
    ],
    [
      'python tools/fit',
      { 'tools/fit': 'import a', 'tools/a.py': '' },
      ['tools/a.py', 'tools/fit'],
    ],
    ['python -c "import lib; lib.run()"', { 'lib.py': 'import a', 'a.py': '' }, ['a.py', 'lib.py']],
    ['PYTHONPATH=lib python x.py', { 'x.py': 'import a', 'lib/a.py': '' }, ['lib/a.py', 'x.py']],
    [
      'PYTHONPATH="$PWD/lib:$PYTHONPATH" python x.py',
      { 'x.py': 'import a', 'lib/a.py': '' },
      ['lib/a.py', 'x.py'],
    ],
    [
      'export PYTHONPATH=lib:more; cd sub; python x.py',
      { 'sub/x.py': 'import a, b', 'sub/lib/a.py': '', 'sub/more/b.py': '', 'lib/a.py': '' },
      ['sub/lib/a.py', 'sub/more/b.py', 'sub/x.py'],
    ],
    [
      'env PYTHONPATH=lib python -m a.b',
      { 'lib/a/b.py': 'import c', 'lib/c.py': '' },
      ['lib/a/b.py', 'lib/c.py'],
    ],
    ['python $PWD/x.py', { 'x.py': 'import a', 'a.py': '' }, ['a.py', 'x.py']],
    ['python "$(pwd)/x.py"', { 'x.py': 'import a', 'a.py': '' }, ['a.py', 'x.py']],
    ['uv run x.py', { 'x.py': 'import a', 'a.py': '' }, ['a.py', 'x.py']],
    ['uv run -m pkg.run', { 'pkg/run.py': 'import a', 'a.py': '' }, ['a.py', 'pkg/run.py']],
    ['uv run --with numpy python -m pkg.run', { 'pkg/run.py': '' }, ['pkg/run.py']],
    ['poetry run python x.py', { 'x.py': 'import a', 'a.py': '' }, ['a.py', 'x.py']],
    ['conda run -n env python x.py', { 'x.py': 'import a', 'a.py': '' }, ['a.py', 'x.py']],
    ['torchrun --nproc_per_node 2 x.py', { 'x.py': 'import a', 'a.py': '' }, ['a.py', 'x.py']],
    [
      'torchrun --nproc_per_node 2 -m pkg.run',
      { 'pkg/run.py': 'import a', 'a.py': '' },
      ['a.py', 'pkg/run.py'],
    ],
    [
      'accelerate launch --num_processes 2 x.py --lr 1',
      { 'x.py': 'import a', 'a.py': '' },
      ['a.py', 'x.py'],
    ],
    ['accelerate launch --module pkg.run', { 'pkg/run.py': '' }, ['pkg/run.py']],
    [
      'python -m torch.distributed.run --nproc_per_node=2 x.py',
      { 'x.py': 'import a', 'a.py': '' },
      ['a.py', 'x.py'],
    ],
    ['python -m cProfile -o out -m pkg.run', { 'pkg/run.py': '' }, ['pkg/run.py']],
    [
      'cd sub && python -m run',
      { 'sub/run.py': 'import a', 'sub/a.py': '', 'run.py': '' },
      ['sub/a.py', 'sub/run.py'],
    ],
    [
      "bash -c 'cd sub && python x.py'",
      { 'sub/x.py': 'import a', 'sub/a.py': '' },
      ['sub/a.py', 'sub/x.py'],
    ],
    [
      'python x.py --config=conf/big.py',
      { 'x.py': '', 'conf/big.py': 'import base', 'conf/base.py': '' },
      ['conf/base.py', 'conf/big.py', 'x.py'],
    ],
    [
      'python a.py && python b.py',
      { 'a.py': 'import c', 'b.py': 'import c', 'c.py': '' },
      ['a.py', 'b.py', 'c.py'],
    ],
    ['./x.py', { 'x.py': '#!/usr/bin/env python3\nimport a', 'a.py': '' }, ['a.py', 'x.py']],
    ['ipython x.py', { 'x.py': 'import a', 'a.py': '' }, ['a.py', 'x.py']],
    ['python x.py', { 'x.py': 'import cache.a', 'cache/a.py': '' }, ['x.py']],
    ['python ../x.py; python /x.py', { 'x.py': '' }, []],
  ];

describe('what Python loads', () => {
  it.each(IMPORTS)('by %j counts, and nothing else', async (written, files, names) => {
    const all = { 'main.py': `${written}\n`, ...files };
    expect(await counted('python main.py', all)).toEqual([...names, 'main.py'].sort());
    await expectExactly('python main.py', Object.keys(all), [...names, 'main.py']);
  });

  it.each(LAUNCHES)('in %j counts, and nothing else', async (command, files, names) => {
    expect(await counted(command, files)).toEqual([...names].sort());
    await expectExactly(command, Object.keys(files), names);
  });
});

const CODE = `#!/usr/bin/env python3
"""Trains."""
import lib  # ours


def f(a, b=1.):
    """Adds."""
    if a:
        b += 1
    return f"{a}{b:>{a}}" + """x
y"""
`;

describe('the code of a Python file', () => {
  it.each([
    ['a comment', 'ours', 'theirs'],
    ['a comment on a separate line', 'def f', '# why\ndef f'],
    ['the docstring of a file', 'Trains.', 'Tests.'],
    ['the docstring of a function', '    """Adds."""\n', ''],
    ['blank lines', '\n\n\n', '\n\n'],
    ['line breaks in brackets', 'a, b=1.', '\n    a,\n        b=1.'],
    ['a line that goes on', 'return f', 'return \\\n  f'],
    ['spaces', 'b += 1', 'b  +=  1 '],
    ['the width of an indentation', '        b += 1', '      b += 1'],
    ['line ends', /\n/g, '\r\n'],
    ['a mark at the start', /^/, '\ufeff'],
  ])('does not change with %s', async (_name, from, to) => {
    expect(await edited(from, to)).toBe(false);
  });

  it.each([
    ['a name', 'a, b', 'b, a'],
    ['a number', '1.', '2.'],
    ['an indentation', '    return', '        return'],
    ['a text', '>{a}', '<{a}'],
    ['a space in a text', '{a}{b', '{a} {b'],
    ['a line break in a text', 'x\ny', 'x\n\ny'],
    ['the width of an indentation in a text', 'x\ny', 'x\n  y'],
    ['an operator with a space in it', '+=', '+ ='],
    ['a text that is not a docstring', '    if a:', '    "Adds."\n    if a:'],
    ['the line for the system', 'python3', 'python3.12'],
    ['a comment that uv reads', 'import', '# /// script\n# dependencies = ["x"]\n# ///\nimport'],
    ['a comment in what is not Python', 'import lib', 'import lib "'],
  ])('changes with %s', async (_name, from, to) => {
    expect(await edited(from, to)).toBe(true);
  });

  it.each(['print(__doc__)', 'from docopt import docopt', 'import inspect; inspect.getdoc(f)'])(
    'has its docstrings when a file of the program has %j',
    async (reads) => {
      expect(await edited('Adds.', 'Sums.', reads)).toBe(true);
      expect(await edited('ours', 'theirs', reads)).toBe(false);
    },
  );
});

/** True if the edit changes the code that counts. */
async function edited(from: string | RegExp, to: string, lib = ''): Promise<boolean> {
  disposeSandbox();
  openSandbox({ 'train.py': CODE, 'lib.py': lib });
  const before = await traced('python train.py');
  sandbox.write('train.py', CODE.replace(from, to));
  expect(sandbox.read('train.py')).not.toBe(CODE);
  const now = await traced('python train.py');
  return now.scripts['train.py'] !== before.scripts['train.py'];
}

describe('a comment in a file that a command names', () => {
  it.each([
    'python x.py',
    'nice -n 5 .venv/bin/python -u -W error x.py a.txt',
    './x.py',
    'uv run --with numpy x.py',
    'timeout 5m torchrun --nproc_per_node 2 x.py',
    'uv run accelerate launch --config_file a.yaml x.py',
    'python -m cProfile -o out.prof x.py',
    'coverage run x.py',
    '$PYTHON x.py',
    'pytest x.py',
  ])('does not count for %s, which executes it', async (command) => {
    expect(await hasComments(command)).toBe(false);
  });

  it.each([
    'wc -l x.py > size.txt',
    'cp x.py copy.py',
    'cat x.py | sed s/a/b/ > y.txt',
    'jupytext --to ipynb x.py -o x.ipynb',
    'python tool.py x.py',
    'python tool.py --config=x.py',
    'uv run ruff check x.py > report.txt',
    'wc $FLAGS x.py',
    'torchrun tool.py x.py',
    'python x.py && cp x.py copy.py',
    'python -c "import os; os.system(\'cp x.py y\')"',
  ])('counts for %s, which may read it', async (command) => {
    expect(await hasComments(command)).toBe(true);
  });
});

/** True if a comment in `x.py`, which imports `a.py`, counts. */
async function hasComments(command: string): Promise<boolean> {
  openSandbox({ 'x.py': 'import a', 'a.py': '', 'tool.py': '' });
  const before = await traced(command);
  sandbox.write('x.py', 'import a  # why');
  const now = await traced(command);
  expect(now.scripts['a.py']).toBe(before.scripts['a.py']);
  return now.scripts['x.py'] !== before.scripts['x.py'];
}

describe('a comment in a module', () => {
  it.each([
    ['with open(sys.argv[0]) as f: code = f.read()', true],
    ['shutil.copy(__file__, out)', true],
    ['copyfile(os.path.realpath(__file__), out)', true],
    ['text = Path(__file__).resolve().read_text()', true],
    ['text = inspect.getsource(model)', true],
    ['here = os.path.dirname(__file__)', false],
    ['data = open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "a.csv"))', false],
    ['data = (Path(__file__).parent / "a.csv").read_text()', false],
  ])('of a program with %s counts: %s', async (line, counts) => {
    openSandbox({ 'x.py': `import a\n${line}`, 'a.py': '' });
    const before = await traced('python x.py');
    sandbox.write('a.py', '# why');
    const now = await traced('python x.py');
    expect(now.scripts['a.py'] !== before.scripts['a.py']).toBe(counts);
  });
});

describe('the code of a notebook', () => {
  const CELLS = ['%matplotlib inline\nx = !ls\n# why', 'lr = 1\nprint("%d"\n  % lr)'];

  it.each([
    ['outputs', notebook(CELLS, { outputs: [{ output_type: 'stream', text: 'x' }] }), false],
    ['the count of its executions', notebook(CELLS, { execution_count: 3 }), false],
    ['notes of Jupyter', notebook(CELLS, { id: 'a', metadata: { execution: 'x' } }), false],
    ['a comment', notebook([CELLS[0]!.replace('why', 'how'), CELLS[1]!]), true],
    ['how a cell is written', notebook(CELLS).replace('"lr = 1', '"lr  =  1'), true],
    ['text between cells', notebook(CELLS).replace('import no', 'import nothing'), true],
    ['a picture in the text', notebook(CELLS, { attachments: { 'a.png': {} } }), true],
    [
      'what a page hides',
      notebook(CELLS, { metadata: { jupyter: { source_hidden: true } } }),
      true,
    ],
    ['a value', notebook([CELLS[0]!, 'lr = 2']), true],
    ['a magic word', notebook([CELLS[0]!.replace('inline', 'agg'), CELLS[1]!]), true],
    ['the order of cells', notebook([...CELLS].reverse()), true],
    ['the cell for parameters', notebook(CELLS, { metadata: { tags: ['parameters'] } }), true],
    ['the kernel', notebook(CELLS).replace('python3', 'cuda'), true],
  ])('and %s', async (_name, text, changes) => {
    openSandbox({ 'in.ipynb': notebook(CELLS) });
    const before = await traced('papermill in.ipynb out.ipynb');
    expect(before.opaque).toEqual([]);
    sandbox.write('in.ipynb', text);
    const now = await traced('papermill in.ipynb out.ipynb');
    expect(now.scripts['in.ipynb'] !== before.scripts['in.ipynb']).toBe(changes);
  });
});

describe('a trace of Python', () => {
  it('names for each file the one that imports it', async () => {
    openSandbox({
      'train.py': 'import lib.net',
      'lib/net.py': 'import util',
      'util.py': '',
    });
    expect((await traced('python train.py')).importers).toEqual({
      'lib/net.py': 'train.py',
      'util.py': 'lib/net.py',
    });
  });

  it('counts a link in a circle as absent', async () => {
    openSandbox({ 'train.py': 'import lib.net, util', 'util.py': '' });
    sandbox.link('lib', 'lib');
    expect(Object.keys((await traced('python train.py')).scripts)).toEqual(['train.py', 'util.py']);
  });

  it('is valid without parsing anything', async () => {
    await counted('python train.py', { 'train.py': 'import lib', 'lib.py': '' });
    const options = optionsOf(NONE);
    const command = { kind: 'shell', command: 'python train.py' } as const;
    expect(keptScripts(command, options, sandbox.snapshot())).toBeDefined();
    expect(options.known.parsed.size).toBe(0);
  });

  it.each([
    ['a module next to the script', 'scripts/lib.py', ['scripts/lib.py']],
    ['a package next to the module', 'lib/__init__.py', ['lib/__init__.py']],
    ['a module that was not there', 'gone.py', ['gone.py', 'lib.py']],
    [
      'a module in the place of an installed package',
      'scripts/numpy.py',
      ['lib.py', 'scripts/numpy.py'],
    ],
    ['an extension module', 'lib.abi3.so', ['lib.abi3.so', 'lib.py']],
  ])('is made again when %s appears', async (_name, file, names) => {
    const files = { 'scripts/x.py': 'import lib, gone, numpy', 'lib.py': '' };
    expect(await counted('python scripts/x.py', files)).toEqual(['lib.py', 'scripts/x.py']);
    sandbox.write('scripts/other.py', '');
    expect(kept('python scripts/x.py')).toBeDefined();
    sandbox.write(file, '');
    expect(kept('python scripts/x.py')).toBeUndefined();
    const { scripts } = await traced('python scripts/x.py');
    expect(Object.keys(scripts).sort()).toEqual([...names, 'scripts/x.py'].sort());
  });

  it('is made again when a package loses its file', async () => {
    const files = { 'x.py': 'import a', 'a/__init__.py': '', 'src/a.py': '' };
    expect(await counted('python x.py', files)).toEqual(['a/__init__.py', 'x.py']);
    sandbox.remove('a/__init__.py');
    expect(Object.keys((await traced('python x.py')).scripts).sort()).toEqual(['src/a.py', 'x.py']);
  });

  it.each([
    ['pyproject.toml', '[tool.setuptools.packages.find]\nwhere = ["lib/py"]', 'lib/py/a.py'],
    [
      'pyproject.toml',
      '[tool.hatch.build.targets.wheel]\npackages = ["lib/a"]',
      'lib/a/__init__.py',
    ],
    ['pyproject.toml', '[tool.uv.sources]\nx = { path = "libs/x" }', 'libs/x/src/a/__init__.py'],
    ['pyproject.toml', '[tool.uv.workspace]\nmembers = ["libs/*"]', 'libs/x/src/a/__init__.py'],
    ['setup.cfg', '[options]\npackage_dir =\n    = python', 'python/a.py'],
    ['setup.py', 'setup(package_dir={"": "python"})', 'python/a.py'],
  ])('finds a package if %s says %j', async (build, text, file) => {
    const files = { 'x.py': 'import a, numpy', [file]: '', [`${file}c`]: '' };
    expect(await counted('python x.py', files)).toEqual(['x.py']);
    sandbox.write(build, text);
    expect(kept('python x.py')).toBeUndefined();
    expect(Object.keys((await traced('python x.py')).scripts).sort()).toEqual([file, 'x.py']);
    sandbox.write('libs/new/a.py', '');
    const { scripts } = await traced('python x.py');
    expect(Object.keys(scripts).includes('libs/new/a.py')).toBe(text.includes('*'));
  });

  it('looks next to the script that a link leads to', async () => {
    openSandbox({ 'tools/x.py': 'import a', 'tools/a.py': '', 'a.py': '' });
    sandbox.link('tools/x.py', 'x.py');
    expect(Object.keys((await traced('python x.py')).scripts).sort()).toEqual([
      'tools/a.py',
      'x.py',
    ]);
    sandbox.remove('x.py');
    sandbox.write('x.py', 'import a');
    expect(Object.keys((await traced('python x.py')).scripts).sort()).toEqual(['a.py', 'x.py']);
  });

  it('omits deps and outs', async () => {
    const files = { 'x.py': 'import a, b, c.d', 'a.py': '', 'b.py': '', 'c/d.py': '' };
    const declared = {
      deps: [
        { path: 'a.py', glob: false, made: false },
        { path: 'c', glob: false, made: true },
      ],
      outs: [{ path: 'b.py' }],
    };
    expect(await counted('python x.py', files, declared)).toEqual(['x.py']);
  });

  it.each([
    ['import importlib\nimportlib.import_module(name)', 2, 'the name of the module'],
    ['x = __import__("a" + b)', 1, 'the name of the module'],
    ['sys.path.insert(0, folder)', 1, 'where Python searches for modules'],
    ['sys.path.append(os.environ["LIB"])', 1, 'where Python searches for modules'],
    ['sys.path.append("/opt/lib")', 1, 'where Python searches for modules'],
    ['sys.path[:0] = [folder]', 1, 'where Python searches for modules'],
    ['import sys\nsys.path += more', 2, 'where Python searches for modules'],
    ['sys.path.append("../lib")', 1, 'outside of the project'],
    ['exec(code)', 1, 'the code that this executes'],
    ['spec_from_file_location("a", p)', 1, 'by the path of its file'],
    ['x = "', 1, 'not valid Python'],
  ])('reports where %j cannot be followed', async (written, line, message) => {
    openSandbox({ 'train.py': 'import lib', 'lib.py': `${written}\n` });
    const { opaque } = await traced('python train.py');
    expect(opaque).toMatchObject([
      { message: expect.stringContaining(message), place: { file: 'lib.py', line } },
    ]);
  });

  it.each([
    'sys.path.append("lib")',
    'sys.path[0] == "x"',
    'print(sys.path)',
    'model.exec(x)',
    'def import_module(x): pass',
  ])('reports nothing about %j', async (written) => {
    openSandbox({ 'train.py': written });
    expect((await traced('python train.py')).opaque).toEqual([]);
  });
});
