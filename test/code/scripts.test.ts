import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/canonical.js';
import { NO_SCRIPTS, type TracedScripts } from '../../src/code/found-scripts.js';
import {
  keptScripts,
  noScripts,
  type ScriptOptions,
  traceScripts,
} from '../../src/code/scripts.js';
import { Sandbox } from './sandbox.js';

type Declared = Pick<ScriptOptions, 'deps' | 'outs'>;

const NONE: Declared = { deps: [], outs: [] };

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox({
    'train.py': 'import lib\n',
    'run.sh': 'echo\n',
    'main.mjs':
      "import lib from 'lib';\nimport { a } from './lib/a.js';\nimport './gone.js';\nimport('jsr:@x/y');\nconsole.log(a, lib);\n",
    'lib/a.ts': "import { b } from './b.js';\nexport const a = b;\n",
    'lib/b.js': 'export const b = 1; // b\n',
    'data/text.txt': 'text',
  });
  sandbox.install('.', 'lib', '1.0.0');
  sandbox.settle();
});

afterEach(() => sandbox.dispose());

function shell(command: string) {
  return { kind: 'shell', command } as const;
}

/** For a run that has traced nothing yet. */
function optionsOf(declared: Declared): ScriptOptions {
  return { ...declared, traceCache: sandbox.traceCache, known: noScripts(sandbox.traceCache) };
}

/** Traces, and checks that the trace of what is kept, the parsed command included, is equal. */
async function scripts(command: string, options: Declared = NONE): Promise<TracedScripts> {
  const full = optionsOf(options);
  const snapshot = sandbox.snapshot();
  const traced = await traceScripts(shell(command), full, snapshot);
  full.known.commands.save([{ action: shell(command) }], snapshot);
  expect(keptScripts(shell(command), optionsOf(options), sandbox.snapshot())).toEqual(traced);
  return traced;
}

function digests(...files: string[]): Record<string, string> {
  return Object.fromEntries(files.map((file) => [file, `f:${sha256(sandbox.read(file))}`]));
}

describe('the scripts of a command', () => {
  it('count by their bytes', async () => {
    const found = await scripts('bash run.sh data/text.txt nothing.sh');
    expect(found).toMatchObject({ scripts: digests('run.sh'), importers: {}, packages: {} });
  });

  it('in JavaScript count with their imports, except unresolvable ones', async () => {
    expect(await scripts('node main.mjs')).toMatchObject({
      scripts: digests('main.mjs', 'lib/a.ts', 'lib/b.js'),
      importers: { 'lib/a.ts': 'main.mjs', 'lib/b.js': 'lib/a.ts' },
      packages: { lib: '1.0.0' },
    });
  });

  it.each([
    ['a dep', { deps: [{ path: 'train.py', glob: false, made: false }], outs: [] }],
    ['in a folder that is a dep', { deps: [{ path: 'src', glob: false, made: false }], outs: [] }],
    ['an out', { deps: [], outs: [{ path: 'train.py' }, { path: 'src' }] }],
    [
      'made by a stage',
      {
        deps: [
          { path: 'train.py', glob: false, made: true },
          { path: 'src', glob: false, made: true },
        ],
        outs: [],
      },
    ],
  ])('do not count twice when the script is %s', async (name, options: Declared) => {
    sandbox.write('src/train.py', '');
    const file = name.includes('folder') ? 'src/train.py' : 'train.py';
    expect((await scripts(`python ${file}; bash run.sh`, options)).scripts).toEqual(
      digests('run.sh'),
    );
  });

  it('count with their imports when the script itself is a dep', async () => {
    const options = { deps: [{ path: 'main.mjs', glob: false, made: false }], outs: [] };
    const found = await scripts('node main.mjs', options);
    expect(found.scripts).toEqual(digests('lib/a.ts', 'lib/b.js'));
  });

  it('are files: a folder of that name does not count', async () => {
    sandbox.write('folder.py/x', '');
    expect((await scripts('python folder.py; ./lib')).scripts).toEqual({});
  });

  it('that esbuild cannot read count alone, and are tried each time', async () => {
    sandbox.write('odd.ts', "import './lib/a.js';\nthis is not TypeScript\n");
    sandbox.settle();
    const options = optionsOf(NONE);
    const found = await traceScripts(shell('odd-runner odd.ts'), options, sandbox.snapshot());
    expect(found.scripts).toEqual(digests('odd.ts'));
    expect(
      keptScripts(shell('odd-runner odd.ts'), optionsOf(NONE), sandbox.snapshot()),
    ).toBeUndefined();
  });

  it.each([
    ['the script', 'main.mjs'],
    ['an import', 'lib/b.js'],
    ['a module that would be taken instead', 'lib/a.js'],
    ['an import that was not there', 'gone.ts'],
  ])('are traced again after a change of %s', async (_name, file) => {
    await scripts('node main.mjs');
    sandbox.write(file, 'export const a = 1;\n');
    const options = optionsOf(NONE);
    expect(keptScripts(shell('node main.mjs'), options, sandbox.snapshot())).toBeUndefined();
  });

  it.each([
    ['Rscript fit.R', 'fit.R', 'x <- 1; source("R/util.R")\nsource(file = "gone.R")\nsource(name)'],
    ['Rscript R/fit.R', 'R/fit.R', "source('util.R', local = TRUE)"],
    ['Rscript fit.R', 'fit.R', 'source(here::here("R", "util.R"))'],
    ['Rscript fit.R', 'fit.R', 'sys.source(file.path("R", "util.R"), envir = e)'],
    ['Rscript fit.R', 'fit.R', 'x <- source(paste0("R/", "util.R"))$value'],
    ['Rscript fit.R', 'fit.R', 'rmarkdown::render(input = "R/util.R", quiet = TRUE)'],
    [
      `Rscript -e 'rmarkdown::render("fit.Rmd")'`,
      'fit.Rmd',
      "```{r}\nknitr::read_chunk( 'R/util.R' )\n```",
    ],
    ['quarto render fit.qmd', 'fit.qmd', '```{r, child = "R/util.R"}\n```'],
    ['bash go.sh', 'go.sh', 'set -e\n. ./R/util.R\n'],
    ['bash go.sh', 'go.sh', 'if true; then source "R/util.R"; fi'],
    ['./R/go.sh', 'R/go.sh', '#!/bin/sh\nsource $X; . util.R && run'],
  ])('count with the files that they source: %j, %j', async (command, file, text) => {
    sandbox.write(file, text);
    sandbox.write('R/util.R', 'source("R/more.R")\n');
    sandbox.write('R/more.R', '');
    sandbox.write('R/unrelated.R', '');
    const found = await scripts(command);
    expect(found.scripts).toEqual(digests(file, 'R/util.R', 'R/more.R'));
    expect(found.importers).toEqual({ 'R/util.R': file, 'R/more.R': 'R/util.R' });
    sandbox.write('R/more.R', 'x <- 1\n');
    expect(keptScripts(shell(command), optionsOf(NONE), sandbox.snapshot())).toBeUndefined();
  });

  it.each([
    ['julia main.jl', 'main.jl', 'include("lib/fit.jl")\ninclude(name)'],
    ['julia --project lib/main.jl', 'lib/main.jl', 'Base.include(\n  "fit.jl")'],
    ['julia main.jl', 'main.jl', 'include(joinpath(@__DIR__, "lib", "fit.jl"))'],
    ['julia main.jl', 'main.jl', 'using Revise; includet("lib/fit.jl")'],
  ])('count with the files that they include: %j, %j', async (command, file, text) => {
    sandbox.write(file, text);
    sandbox.write('lib/fit.jl', 'include("deep/more.jl")\n');
    sandbox.write('lib/deep/more.jl', '');
    sandbox.write('lib/other.jl', '');
    const found = await scripts(command);
    expect(found.scripts).toEqual(digests(file, 'lib/fit.jl', 'lib/deep/more.jl'));
  });

  it.each([
    ['fit.R', 'for (f in list.files("R")) source(f)', 28],
    ['fit.R', 'sapply(list.files("R", full.names = TRUE), source)', 42],
    ['fit.R', 'purrr::walk(files, .f = source, local = TRUE)', 18],
    ['fit.R', 'source(file.path("R", name))', 1],
    ['fit.R', 'source(paste0("R/", x, ".R"))', 1],
    ['fit.R', 'source(if (x) "R/util.R" else "R/more.R")', 1],
    ['fit.R', 'devtools::load_all(".")', 11],
    ['fit.R', 'box::use(./util)', 1],
    ['fit.jl', 'include.(["a.jl", "b.jl"])', 1],
    ['fit.jl', 'include(dir * "/a.jl")', 1],
    ['fit.jl', 'push!(LOAD_PATH, "src")', 7],
  ])('that load files by a computed path are known: %s, %s', async (file, text, column) => {
    sandbox.write(file, text);
    const { opaque } = await scripts(`${file.endsWith('R') ? 'Rscript' : 'julia'} ${file}`);
    expect(opaque).toEqual([
      { message: 'loads files by a path that is computed', place: { file, line: 1, column } },
    ]);
  });

  it.each([
    [
      'fit.R',
      '# source(name)\nresource(x); d$source(x); render(x); source("gone.R"); f(source = x)',
    ],
    ['fit.jl', '# include(x)\nmy_include(x); include!(x); include("gone.jl")'],
  ])('that do not are not: %s, %s', async (file, text) => {
    sandbox.write(file, text);
    const { opaque } = await scripts(`${file.endsWith('R') ? 'Rscript' : 'julia'} ${file}`);
    expect(opaque).toEqual([]);
  });

  it('that source a file are traced again when it appears', async () => {
    sandbox.write('go.sh', '. lib/env.sh\n');
    await scripts('bash go.sh');
    sandbox.write('lib/env.sh', '');
    expect((await scripts('bash go.sh')).scripts).toEqual(digests('go.sh', 'lib/env.sh'));
  });

  it('of a command without any are none', async () => {
    expect(await scripts('wc -c data/text.txt')).toBe(NO_SCRIPTS);
  });

  it('that commands share count for each by its own deps and outs', async () => {
    const command = shell('bash run.sh && node main.mjs && python train.py');
    sandbox.write('lib.py', '');
    sandbox.settle();
    await scripts(command.command);
    const paths = ['run.sh', 'lib', 'lib/a.ts', 'lib.py', 'train.py', 'main.mjs', 'data'];
    const dep = fc.record({
      path: fc.constantFrom(...paths),
      glob: fc.boolean(),
      made: fc.boolean(),
    });
    const declared = fc.record({
      deps: fc.array(dep, { maxLength: 3 }),
      outs: fc.array(fc.record({ path: fc.constantFrom(...paths) }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(declared, { minLength: 2, maxLength: 8 }), (items) => {
        const snapshot = sandbox.snapshot();
        const { known } = optionsOf(NONE);
        for (const item of [...items, ...items]) {
          const alone = keptScripts(command, optionsOf(item), snapshot);
          const shared = keptScripts(command, { ...optionsOf(item), known }, snapshot);
          expect(shared).toEqual(alone);
          expect(shared).toBeDefined();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('that commands with the same deps share are found once', async () => {
    await scripts('node main.mjs');
    const options = optionsOf(NONE);
    const [one, two] = ['a', 'b'].map((path) =>
      keptScripts(shell('node main.mjs'), { ...options, outs: [{ path }] }, sandbox.snapshot()),
    );
    expect(one).toBe(two);
  });
});
