/** Imports of Python scripts in commands, with the real command and the real Python. */
import { chmodSync, utimesSync } from 'node:fs';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const FILES = {
  'pipeline.yaml': `stages:
  train: { cmd: python3 scripts/train.py, outs: [out/model.txt] }
  count: { cmd: python3 -m pkg.count, outs: [out/count.txt] }
  plain: { cmd: echo 1 > out/plain.txt, outs: [out/plain.txt] }
`,
  'scripts/train.py': `from lib.net import rate
import common
open('out/model.txt', 'w').write(f'{rate} {common.NAME}')
`,
  'scripts/lib/net.py': `"""Nets."""
import common
rate = 1
`,
  'scripts/common.py': "NAME = 'a'\n",
  'pkg/__init__.py': '',
  'pkg/count.py': `from .numbers import N
open('out/count.txt', 'w').write(str(N))
`,
  'pkg/numbers.py': 'N = 1\n',
};

it('run again when a module that they import changes, and the reason names its importer', async () => {
  const made = projectWithin(FILES);
  expect((await made.run()).with('ran')).toEqual(['train', 'count', 'plain']);
  expect((await made.run()).with('fresh')).toEqual(['train', 'count', 'plain']);

  made.write('scripts/lib/net.py', FILES['scripts/lib/net.py'].replace('1', '2'));
  const { out } = await made.pipe('why', 'train');
  expect(out).toContain('scripts/lib/net.py changed (imported by scripts/train.py)');
  expect((await made.run()).with('ran')).toEqual(['train']);
  expect(made.read('out/model.txt')).toBe('2 a');

  made.write('pkg/numbers.py', 'N = 2\n');
  expect((await made.run()).with('ran')).toEqual(['count']);
});

it.each([
  ['traced', '[]', 'model.py', 'import model'],
  ['declared', '[model.py]', 'model.py', 'model = __import__("mod" + "el")'],
  ['in a folder', '[lib]', 'lib/a/b.py', 'model = __import__("lib.a." + "b", fromlist="x")'],
])(
  'run their current source after an edit within a second that keeps the size: %s',
  async (_, deps, file, load) => {
    const made = projectWithin({
      'pipeline.yaml': `stages: { t: { cmd: python3 train.py, deps: ${deps}, outs: [o.txt] } }\n`,
      'train.py': `${load}\nopen('o.txt', 'w').write(str(model.x))\n`,
    });
    for (const name of ['PYTHONDONTWRITEBYTECODE', 'PYTHONPYCACHEPREFIX']) made.env[name] = '';
    // A second in the future: Python's compiled module names it, and is older than both sources.
    const second = Math.floor(Date.now() / 1000) + 100;
    for (const x of [1, 2]) {
      made.write(file, `x = ${x}\n`);
      utimesSync(made.path(file), second + x / 4, second + x / 4);
      expect((await made.run()).with('ran')).toEqual(['t']);
      expect(made.read('o.txt')).toBe(String(x));
    }
  },
);

it('stay fresh when comments, docstrings and unrelated files change', async () => {
  const made = projectWithin(FILES);
  await made.run();
  made.write('scripts/lib/net.py', '"""Networks."""\nimport common  # shared\n\nrate = 1\n');
  made.write('scripts/unrelated.py', 'x = 1\n');
  expect((await made.run()).with('fresh')).toEqual(['train', 'count', 'plain']);
});

it('run again when a new file shadows an import, and when an imported file disappears', async () => {
  const made = projectWithin(FILES);
  await made.run();
  made.write('scripts/lib/__init__.py', 'import sys\n');
  const { out } = await made.pipe('why', 'train');
  expect(out).toContain('scripts/lib/__init__.py added');
  expect((await made.run()).with('ran')).toEqual(['train']);
  made.write('scripts/lib/net.py', 'rate = 1\n');
  made.write(
    'scripts/train.py',
    "from lib.net import rate\nopen('out/model.txt', 'w').write('b')\n",
  );
  expect((await made.run()).with('ran')).toEqual(['train']);
  made.write('scripts/common.py', "NAME = 'b'\n");
  expect((await made.run()).with('fresh')).toEqual(['train', 'count', 'plain']);
});

it('are executed by verify in a folder with all their imports', async () => {
  const made = projectWithin(FILES);
  await made.run();
  const { code, out } = await made.pipe('verify');
  expect([code, out]).toEqual([0, expect.stringContaining('3')]);
});

it('are reported by doctor for loads that it cannot follow, until a dep covers them', async () => {
  const script = `import importlib, sys
model = importlib.import_module(sys.argv[1])
open('out.txt', 'w').write(model.NAME)
`;
  const yaml = (more: string) =>
    `stages:\n  load: { cmd: python3 load.py models.small, outs: [out.txt]${more} }\n`;
  const made = projectWithin({
    'pipeline.yaml': yaml(''),
    'load.py': script,
    'models/small.py': "NAME = 'small'\n",
  });
  const { code, out } = await made.pipe('doctor');
  expect(code).toBe(0);
  expect(out).toContain(
    "note load: load.py:2:19: the name of the module that this loads is computed: list the files that it may load under the stage's `deps:`\n",
  );
  made.write('pipeline.yaml', yaml(', deps: ["models/**/*.py"]'));
  expect((await made.pipe('doctor')).out).not.toContain('note');
});

it('are reported by doctor for configurations of Hydra, until a dep contains them', async () => {
  const yaml = (deps: string) =>
    `stages:\n  load: { cmd: python3 src/train.py, outs: [out.txt]${deps} }\n`;
  const made = projectWithin({
    'pipeline.yaml': yaml(''),
    'src/train.py': `import hydra
@hydra.main(version_base=None, config_path="../conf", config_name="base")
def main(config): ...
main()
`,
    'conf/base.yaml': 'x: 1\n',
    'lib.py': '',
  });
  const note =
    "note load: src/train.py:2:8: this reads configurations, which do not count: list conf under the stage's `deps:`\n";
  expect((await made.pipe('doctor')).out).toContain(note);
  made.write('pipeline.yaml', yaml(', deps: [lib.py]'));
  expect((await made.pipe('doctor')).out).toContain(note);
  for (const dep of ['conf', 'conf/base.yaml', '"conf/**/*.yaml"']) {
    made.write('pipeline.yaml', yaml(`, deps: [${dep}]`));
    expect((await made.pipe('doctor')).out).not.toContain('note');
  }
});

const SCRIPTS = {
  'pipeline.yaml': `stages:
  shell: { cmd: bash sub/run.sh o1.txt, outs: [o1.txt] }
  program: { cmd: ./fit, outs: [o2.txt] }
  text: { cmd: "python3 - <<'END'\\nimport lib\\nopen('o3.txt', 'w').write(str(lib.x))\\nEND", outs: [o3.txt] }
  started: { cmd: python3 start.py, outs: [o4.txt] }
  other: { cmd: "python3 -c \\"import other; open('o5.txt', 'w').write(str(other.x))\\"", outs: [o5.txt] }
`,
  'sub/run.sh': 'cd "$(dirname "$0")/.."\npython3 work.py "$1"\n',
  fit: "#!/usr/bin/env python3\nimport lib\nopen('o2.txt', 'w').write(str(lib.x))\n",
  'start.py':
    "import subprocess, sys\nsubprocess.run([sys.executable, 'work.py', 'o4.txt'], check=True)\n",
  'work.py': "import lib, sys\nopen(sys.argv[1], 'w').write(str(lib.x))\n",
  'lib.py': 'x = 1\n',
  'other.py': 'x = 1\n',
};

it('of shell scripts, programs, texts and programs that they start run again, and no others', async () => {
  const made = projectWithin(SCRIPTS);
  chmodSync(made.path('fit'), 0o755);
  expect((await made.run()).with('ran')).toEqual(['shell', 'program', 'text', 'started', 'other']);
  made.write('lib.py', 'x = 2\n');
  expect((await made.pipe('why', 'shell')).out).toContain('lib.py changed (imported by work.py)');
  expect((await made.run()).with('ran')).toEqual(['shell', 'program', 'text', 'started']);
  expect([1, 2, 3, 4].map((at) => made.read(`o${at}.txt`))).toEqual(['2', '2', '2', '2']);
  made.write('work.py', `${SCRIPTS['work.py']}x = 1\n`);
  expect((await made.pipe('why', 'shell')).out).toContain(
    'work.py changed (imported by sub/run.sh)',
  );
  expect((await made.run()).with('ran')).toEqual(['shell', 'started']);
  expect((await made.run()).with('ran')).toEqual([]);
});

it('are reported by doctor once for all stages, also for a computed program and invalid code', async () => {
  const made = projectWithin({
    'pipeline.yaml': `stages:
  a: { cmd: 'NAME=$(cat name); python3 $NAME.py' }
  b: { cmd: bash run.sh x.py }
  c: { cmd: python3 c.py }
  d: { cmd: python3 d.py }
`,
    'run.sh': 'python3 "$1"\n',
    'x.py': '',
    'lib.py': 'def f(:\n',
    'c.py': 'import lib\n',
    'd.py': 'import lib\n',
  });
  const { code, out } = await made.pipe('doctor');
  expect(code).toBe(0);
  const cure = "list the files that it may load under the stage's `deps:`";
  expect(out).toContain(`note a: cmd: the shell computes what Python executes: ${cure}\n`);
  expect(out).toContain(`note b: run.sh: the shell computes what Python executes: ${cure}\n`);
  expect(out.match(/note c.*/g)).toEqual([
    `note c, d: lib.py:2:1: this is not valid Python, so not all of its imports are known: ${cure}`,
  ]);
});
