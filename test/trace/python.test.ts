import { afterEach, describe, expect, it } from 'vitest';
import {
  keptScripts,
  noScripts,
  type ScriptOptions,
  type TracedScripts,
  traceScripts,
} from '../../src/trace/scripts.js';
import { Sandbox } from './sandbox.js';

type Files = Readonly<Record<string, string>>;
type Declared = Pick<ScriptOptions, 'deps' | 'outs'>;

const NONE: Declared = { deps: [], outs: [] };

let sandbox: Sandbox;

afterEach(() => sandbox.dispose());

/** Of a run that has traced nothing yet. */
function optionsOf(declared: Declared): ScriptOptions {
  return { ...declared, shelf: sandbox.shelf, known: noScripts() };
}

function kept(command: string, declared = NONE): TracedScripts | undefined {
  return keptScripts({ kind: 'shell', command }, optionsOf(declared), sandbox.sight());
}

/** Traces, and checks that the kept trace says the same. */
async function traced(command: string, declared = NONE): Promise<TracedScripts> {
  const options = optionsOf(declared);
  const found = await traceScripts({ kind: 'shell', command }, options, sandbox.sight());
  expect(kept(command, declared)).toEqual(found);
  return found;
}

async function counted(command: string, files: Files, declared = NONE): Promise<string[]> {
  sandbox = new Sandbox(files);
  return Object.keys((await traced(command, declared)).scripts).sort();
}

/** Those beside the script count that the last column names; all others do not. */
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

/** An edit of one that counts is seen; one of any other leaves the kept trace as it is. */
async function expectExactly(
  command: string,
  files: readonly string[],
  names: readonly string[],
): Promise<void> {
  const before = await traced(command);
  for (const file of files) {
    const text = sandbox.read(file);
    sandbox.write(file, `${text}\nedited = 1\n`);
    expect([file, kept(command) === undefined]).toEqual([file, names.includes(file)]);
    const now = await traced(command);
    const changed = Object.keys(now.scripts).filter(
      (each) => now.scripts[each] !== before.scripts[each],
    );
    expect(changed).toEqual(names.includes(file) ? [file] : []);
    sandbox.write(file, text);
    expect(await traced(command)).toEqual(before);
  }
}
