/** Random trees of packages, traced and loaded by the real `python3`: both name the same files. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noScripts, traceScripts } from '../../../src/code/scripts.js';
import { Sandbox } from '../../code/sandbox.js';

const NAMES = ['aa', 'bb', 'cc'];

const RUNS = 20;
const isPythonHere = spawnSync('python3', ['--version']).status === 0;

/** Names of one to three parts. */
const dotted = fc
  .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('.'));

/** A module that is bound to no name of the tree, since a name would hide a submodule. */
const statement = fc.oneof(
  dotted.map((name) => `import ${name} as _`),
  fc
    .tuple(fc.nat(3), dotted, fc.constantFrom(...NAMES))
    .map(([level, name, part]) => `from ${'.'.repeat(level)}${name} import ${part} as _`),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(...NAMES))
    .map(([level, part]) => `from ${'.'.repeat(level)} import ${part} as _`),
  dotted.map((name) => `import importlib; importlib.import_module("${name}")`),
  fc
    .constantFrom(...NAMES)
    .map((name) => `import importlib; importlib.import_module(".${name}", __package__)`),
);

const module_ = fc
  .array(statement, { maxLength: 4 })
  .map((statements) =>
    statements.map((each) => `try:\n    ${each}\nexcept Exception: pass\n`).join(''),
  );

const place = fc
  .tuple(
    fc.array(fc.constantFrom(...NAMES), { maxLength: 2 }),
    fc.constantFrom(...NAMES, '__init__'),
  )
  .filter(([folders, name]) => folders.length > 0 || name !== '__init__')
  .map(([folders, name]) => [...folders, `${name}.py`].join('/'));

const tree = fc.dictionary(place, module_, { minKeys: 3, maxKeys: 14 });

const REPORT = `
import json, os, sys
files = [getattr(each, "__file__", None) for each in list(sys.modules.values())]
root = os.getcwd() + os.sep
print(json.dumps(sorted({os.path.realpath(each)[len(root):] for each in files if each and os.path.realpath(each).startswith(root)})))
`;

async function compare(files: Record<string, string>, main: string, entry: string, args: string[]) {
  const sandbox = new Sandbox({ ...files, [entry]: main + REPORT });
  try {
    const env = { ...process.env, PYTHONPATH: undefined, PYTHONDONTWRITEBYTECODE: undefined };
    const { stdout, stderr } = spawnSync('python3', args, { cwd: sandbox.root, env });
    expect(stderr.toString()).toBe('');
    const options = { deps: [], outs: [], known: noScripts() };
    const command = { kind: 'argv', argv: ['python3', ...args] } as const;
    const { scripts } = await traceScripts(command, options, sandbox.snapshot());
    expect(Object.keys(scripts).sort()).toEqual(JSON.parse(stdout.toString()));
  } finally {
    sandbox.dispose();
  }
}

describe.skipIf(!isPythonHere)('what a script loads, by python3 and by the trace', () => {
  it('is the same of a script', async () => {
    await fc.assert(
      fc.asyncProperty(tree, module_, (files, main) =>
        compare(files, main, 'main.py', ['-S', 'main.py']),
      ),
      { numRuns: RUNS },
    );
  });

  it('is the same of a module in a package', async () => {
    await fc.assert(
      fc.asyncProperty(tree, tree, module_, (files, inner, main) => {
        const inPackage = Object.entries(inner).map(([file, text]) => [`pkg/${file}`, text]);
        const all = { ...files, ...Object.fromEntries(inPackage) };
        return compare(all, main, 'pkg/main.py', ['-S', '-m', 'pkg.main']);
      }),
      { numRuns: RUNS },
    );
  });
});
