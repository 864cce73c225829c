/** Random projects, traced and loaded by the real `python3`: both name the same files. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noScripts, traceScripts } from '../../../src/code/scripts.js';
import { Sandbox } from '../../code/sandbox.js';

const NAMES = ['aa', 'bb', 'cc'];

const RUNS = Number(process.env.PIPE_TEST_RUNS ?? 20);
/** The interpreter itself: `python3` may be a script that looks for it each time. */
const python = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
  encoding: 'utf8',
}).stdout?.trim();

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
root = os.environ["PIPE_TEST_ROOT"] + os.sep
print(json.dumps(sorted({os.path.realpath(each)[len(root):] for each in files if each and os.path.realpath(each).startswith(root)})))
`;

/**
 * How a program is started: as in a stage, and as this machine can start it, without the tool
 * before it.
 */
interface Start {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Where it starts, relative to the project. */
  readonly folder?: string;
}

/** Files of the project that Python loads. */
function loaded(sandbox: Sandbox, { args, env, folder = '' }: Start): string[] {
  const clean = { ...process.env, PYTHONPATH: undefined, PYTHONDONTWRITEBYTECODE: undefined };
  const run = spawnSync(python, ['-S', '-Wignore', ...args], {
    cwd: path.join(sandbox.root, folder),
    env: { ...clean, ...env, PIPE_TEST_ROOT: sandbox.root },
  });
  expect(run.stderr.toString()).toBe('');
  return JSON.parse(run.stdout.toString());
}

async function tracedIn(sandbox: Sandbox, command: string): Promise<string[]> {
  return Object.keys(await scriptsOf(sandbox, command)).sort();
}

async function scriptsOf(sandbox: Sandbox, command: string): Promise<Record<string, string>> {
  const traceCache = { ...sandbox.traceCache, read: () => undefined };
  const options = { deps: [], outs: [], known: noScripts(traceCache), traceCache };
  const action = { kind: 'shell', command } as const;
  return (await traceScripts(action, options, sandbox.snapshot())).scripts;
}

async function compare(files: Record<string, string>, main: string, entry: string, start: Start) {
  const sandbox = new Sandbox({ ...files, [entry]: main + REPORT });
  try {
    expect(await tracedIn(sandbox, start.command)).toEqual(loaded(sandbox, start));
  } finally {
    sandbox.dispose();
  }
}

/** Where the file itself is, written in the ways that people use. */
const here = fc.constantFrom(
  'os.path.dirname(__file__)',
  'os.path.dirname(os.path.abspath(__file__))',
  'os.path.realpath(os.path.join(__file__, ".."))',
  'Path(__file__).parent',
  'Path(__file__).resolve().parents[0]',
);

const name = fc.constantFrom(...NAMES);

/** Statements after which `pipe` may follow more than Python loads, but never less. */
const wide = fc.oneof(
  fc
    .tuple(fc.constantFrom('insert(0, ', 'append('), here, name)
    .map(([add, at, part]) => `sys.path.${add}str(Path(${at}) / "${part}"))`),
  fc
    .tuple(here, name)
    .map(([at, part]) => `LIB = os.path.join(${at}, "${part}"); sys.path.insert(0, LIB)`),
  fc.tuple(name, name).map(([a, b]) => `sys.path += ["${a}", os.path.join("${a}", "${b}")]`),
  name.map((part) => `sys.path.append("${part}")`),
  dotted.map((each) => `if len(sys.path) > 3: import ${each}\n    else: import ${each} as _`),
  dotted.map((each) => `from ${each} import *`),
  dotted.map((each) => `__import__("${each}")`),
  fc
    .tuple(dotted, name)
    .map(([each, part]) => `__import__("${each}", globals(), locals(), ["${part}"], 0)`),
  dotted.map((each) => `from importlib import import_module as load; load("${each}")`),
  dotted.map((each) => `def f(): import ${each}\n    f()`),
);

/** The namespace that executed code gets. */
const namespace = fc.constantFrom('', ', globals()', ', {}', ', {"__file__": __file__}');

/**
 * Executes a module each time. Only for the main program, because modules that do so would never
 * end.
 */
const again = fc.oneof(
  dotted.map((each) => `import runpy; runpy.run_module("${each}")`),
  fc.tuple(name, name).map(([a, b]) => `import runpy; runpy.run_path("${a}/${b}.py")`),
  fc
    .tuple(here, name, name, namespace)
    .map(([at, a, b, ns]) => `exec(open(os.path.join(${at}, "${a}", "${b}.py")).read()${ns})`),
  fc
    .tuple(name, name, namespace)
    .map(([a, b, ns]) => `exec(compile(Path("${a}/${b}.py").read_text(), "x", "exec")${ns})`),
);

/** A file that executes others, which only the main program executes. */
const PART = 'part/xx.txt';

const toPart = namespace.map((ns) => `exec(open("${PART}").read()${ns})`);

const wideModule = moduleOf(fc.oneof(statement, wide));

const widePart = moduleOf(fc.oneof({ weight: 4, arbitrary: fc.oneof(statement, wide) }, again));

const wideMain = moduleOf(
  fc.oneof({ weight: 4, arbitrary: fc.oneof(statement, wide) }, again, toPart),
);

function moduleOf(statements: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const head = ['import os, sys', 'from pathlib import Path'];
  return fc
    .array(statements, { minLength: 1, maxLength: 5 })
    .map((each) => [...head, ...each.map(tried)].join('\n'));
}

function tried(text: string): string {
  return `try:\n    ${text}\nexcept Exception: pass`;
}

const wideTree = fc
  .dictionary(place, wideModule, { minKeys: 4, maxKeys: 14 })
  // A stub is for type checkers.
  .map((files) => ({ ...files, 'aa/bb.pyi': 'import cc' }));

const ways: readonly (readonly [entry: string, Start])[] = [
  ['main.py', { command: 'uv run main.py', args: ['main.py'] }],
  ['aa/main.py', { command: 'poetry run python -u aa/main.py', args: ['aa/main.py'] }],
  ['pkg/main.py', { command: 'conda run -n x python -m pkg.main', args: ['-m', 'pkg.main'] }],
  ['pkg/main.py', { command: 'torchrun --nproc_per_node 2 pkg/main.py', args: ['pkg/main.py'] }],
  [
    'src/main.py',
    { command: 'PYTHONPATH=src python -m main', args: ['-m', 'main'], env: { PYTHONPATH: 'src' } },
  ],
  [
    'tool/__main__.py',
    { command: 'accelerate launch tool/__main__.py', args: ['tool/__main__.py'] },
  ],
  ['tool/__main__.py', { command: 'python tool', args: ['tool'] }],
];

/** A program, with the files that its command needs, and how this machine starts it. */
interface Stage extends Start {
  readonly entry: string;
  readonly files?: Record<string, string>;
}

const STAGES: readonly Stage[] = [
  { entry: 'one.py', command: 'python3 -O one.py', args: ['one.py'] },
  { entry: 'pkg/two.py', command: 'python3 -mpkg.two', args: ['-m', 'pkg.two'] },
  {
    entry: 'three',
    command: './three',
    args: ['three'],
    files: { three: '#!/usr/bin/env python3\n' },
  },
  {
    entry: 'four.py',
    command: 'bash run.sh',
    args: ['four.py'],
    files: { 'run.sh': 'set -eu\npython3 four.py "$@"\n' },
  },
  {
    entry: 'aa/five.py',
    command: 'PYTHONPATH=.. env -C aa python3 five.py',
    args: ['five.py'],
    folder: 'aa',
    env: { PYTHONPATH: '..' },
  },
  {
    entry: 'six.py',
    command: "python3 - <<'END'\nimport six\nEND",
    args: ['-c', 'import six'],
  },
  {
    entry: 'seven.py',
    command: 'uv run seven',
    args: ['-c', 'import seven'],
    files: { 'pyproject.toml': '[project.scripts]\nseven = "seven:main"\n' },
  },
];

/** Traces of all stages, before and after the edit of a file: the stages that it changes. */
async function usersOf(sandbox: Sandbox, stages: readonly Stage[], file: string) {
  const digests = () =>
    Promise.all(
      stages.map(async ({ command }) => JSON.stringify(await scriptsOf(sandbox, command))),
    );
  const before = await digests();
  const text = sandbox.read(file);
  sandbox.write(file, `${text}\nedited = 1\n`);
  const after = await digests();
  sandbox.write(file, text);
  return stages.filter((_, at) => before[at] !== after[at]).map(({ entry }) => entry);
}

describe.skipIf(!python)('what a script loads, by python3 and by the trace', () => {
  it('is the same for a script', async () => {
    const start = { command: 'python3 -S main.py', args: ['main.py'] };
    await fc.assert(
      fc.asyncProperty(tree, module_, (files, main) => compare(files, main, 'main.py', start)),
      { numRuns: RUNS },
    );
  });

  it('is the same for a module in a package', async () => {
    const start = { command: 'python3 -S -m pkg.main', args: ['-m', 'pkg.main'] };
    await fc.assert(
      fc.asyncProperty(tree, tree, module_, (files, inner, main) => {
        const inPackage = Object.entries(inner).map(([file, text]) => [`pkg/${file}`, text]);
        const all = { ...files, ...Object.fromEntries(inPackage) };
        return compare(all, main, 'pkg/main.py', start);
      }),
      { numRuns: RUNS },
    );
  });

  it('makes an edit change exactly its users, however they are started', async () => {
    const mains = fc.array(module_, { minLength: STAGES.length, maxLength: STAGES.length });
    await fc.assert(
      fc.asyncProperty(tree, tree, mains, async (files, inner, texts) => {
        const within = Object.entries(inner).map(([file, text]) => [`pkg/${file}`, text]);
        const all: Record<string, string> = { ...files, ...Object.fromEntries(within) };
        for (const [at, { entry, files: own = {} }] of STAGES.entries()) {
          Object.assign(all, own);
          all[entry] = `${all[entry] ?? ''}${texts[at]}${REPORT}`;
        }
        const sandbox = new Sandbox(all);
        try {
          const uses = STAGES.map((stage) => ({
            entry: stage.entry,
            files: loaded(sandbox, stage),
          }));
          for (const file of Object.keys({ ...files, ...Object.fromEntries(within) })) {
            const users = uses
              .filter((each) => each.files.includes(file))
              .map(({ entry }) => entry);
            expect([file, await usersOf(sandbox, STAGES, file)]).toEqual([file, users]);
          }
        } finally {
          sandbox.dispose();
        }
      }),
      { numRuns: RUNS / 2 },
    );
  });

  it('is all in the trace, with changing search paths, however it is started', async () => {
    await fc.assert(
      fc.asyncProperty(wideTree, wideTree, widePart, wideMain, fc.constantFrom(...ways), expectAll),
      { numRuns: RUNS * 2 },
    );
  });
});

async function expectAll(
  files: Record<string, string>,
  more: Record<string, string>,
  part: string,
  main: string,
  [entry, start]: (typeof ways)[number],
): Promise<void> {
  const folder = entry.split('/').slice(0, -1).join('/');
  const inner = Object.entries(more).map(([file, text]) => [path.posix.join(folder, file), text]);
  const sandbox = new Sandbox({
    ...files,
    ...Object.fromEntries(inner),
    [PART]: part,
    [entry]: main + REPORT,
  });
  try {
    const traced = await tracedIn(sandbox, start.command);
    expect(loaded(sandbox, start).filter((file) => !traced.includes(file))).toEqual([]);
  } finally {
    sandbox.dispose();
  }
}
