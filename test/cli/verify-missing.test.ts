/** `pipe verify` of commands whose files pipe does not know: a failure names the missing file. */
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { hasPython } from '../rig/python.js';

const X = 'import a\nopen("o.txt", "w").write(a.A)\n';

const CASES: readonly (readonly [
  files: Readonly<Record<string, string>>,
  deps: readonly string[],
  missing: string | undefined,
])[] = [
  [{ Makefile: 'train:\n\tpython3 x.py\n', 'x.py': X, 'a.py': 'A = "1"' }, [], 'x.py'],
  [{ Makefile: 'train: x.py\n\tpython3 x.py\n', 'x.py': X, 'a.py': 'A = "1"' }, [], 'x.py'],
  [{ Makefile: 'train: x\n\tpython3 x\n', x: X, 'a.py': 'A = "1"' }, [], 'x'],
  [{ Makefile: 'train:\n\tpython3 x.py\n', 'x.py': X, 'a.py': 'A = "1"' }, ['x.py'], 'a.py'],
  [
    { Makefile: 'train:\n\tpython3 s/x.py\n', 's/x.py': X, 's/a/__init__.py': 'A = "1"' },
    ['s/x.py'],
    's/a/__init__.py',
  ],
  [
    {
      Makefile: 'train:\n\tPYTHONPATH=src python3 x.py\n',
      'x.py': X.replace('import a', 'from p import a'),
      'src/p/__init__.py': '',
      'src/p/a.py': 'A = "1"',
    },
    ['x.py', 'src/p/__init__.py'],
    'src/p/a.py',
  ],
  [
    {
      Makefile: 'train:\n\tnode s/x.cjs\n',
      's/x.cjs': 'require("../lib/a"); require("fs").writeFileSync("o.txt", "1");',
      'lib/a.js': '',
      'a.js': '',
    },
    ['s/x.cjs'],
    'lib/a.js',
  ],
  [{ Makefile: 'train:\n\tbash run.sh\n', 'run.sh': 'echo 1 > o.txt\n' }, [], 'run.sh'],
  [{ Makefile: 'include rules.mk\n', 'rules.mk': 'train:\n\techo 1 > o.txt\n' }, [], 'rules.mk'],
  [
    { Makefile: 'train:\n\tpython3 x.py\n', 'x.py': X, 'a.py': 'A = "1"' },
    ['x.py', 'a.py'],
    undefined,
  ],
];

function made(files: Readonly<Record<string, string>>, deps: readonly string[]): Project {
  const stages = { a: { cmd: 'make train', deps, outs: ['o.txt'] } };
  return projectWithin({ 'pipeline.yaml': JSON.stringify({ stages }), ...files });
}

describe.skipIf(!hasPython())('pipe verify of make train', () => {
  it.each(CASES)('with %j and the deps %j lacks %j', async (files, deps, missing) => {
    const project = made(files, deps);
    const run = await project.pipe('run');
    expect([run.code, run.err]).toEqual([0, '']);
    const { code, out } = await project.pipe('verify');
    const named = out.match(/^ {2}(.*) is in the project but not among the deps/gm) ?? [];
    expect(named, out).toEqual(
      missing === undefined
        ? []
        : [expect.stringMatching(new RegExp(`^ {2}${missing.replace('.', '\\.')} is`))],
    );
    expect(code).toBe(missing === undefined ? 0 : 1);
  });
});
