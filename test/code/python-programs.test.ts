/** Which interpreter a command starts, found on real files. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newSnapshot } from '../../src/code/fs-snapshot.js';
import { namedScripts } from '../../src/code/named-scripts.js';
import { locate } from '../../src/code/python/find-interpreter.js';

const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'pipe-programs-')));
const root = path.join(home, 'project');

function write(file: string, text = ''): void {
  const full = path.join(home, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, text);
  chmodSync(full, 0o755);
}

beforeAll(() => {
  write('bin/python3', '\x7fELF');
  write('bin/uv', '\x7fELF');
  write('bin/timeout', '\x7fELF');
  write('bin/torchrun', `#!${home}/bin/python3 -E\n`);
  write('bin/long', `#!/bin/sh\n'''exec' "${home}/bin/python3" "$0" "$@"\n' '''\n`);
  for (const venv of [
    'project/.venv',
    'project/other',
    'project/other/.venv',
    'venv',
    'conda/envs/gpu',
    'conda',
    'project/.pixi/envs/default',
    'project/.pixi/envs/gpu',
  ]) {
    write(`${venv}/pyvenv.cfg`);
    write(`${venv}/bin/python`, '\x7fELF');
    write(`${venv}/conda-meta/history`);
  }
  write('project/.venv/bin/accelerate', '#!/usr/bin/env python\n');
  write('project/x.py', '#!/usr/bin/env python3\n');
  write('project/alone.py', '# /// script\n# dependencies = ["torch"]\n# ///\nimport torch\n');
});

afterAll(() => rmSync(home, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;

/** Paths are relative to the folder above the project. */
function interpretersOf(command: string, env: Env = {}): string[] {
  const snapshot = newSnapshot(root, () => undefined);
  const paths = Object.entries(env).map(([name, value]) => [name, path.join(home, value)]);
  const machine = {
    snapshot,
    env: { PATH: path.join(home, 'bin'), ...Object.fromEntries(paths) },
  };
  return namedScripts({ kind: 'shell', command }).programs.map((program) => {
    const found = program.unclear ?? locate(program, machine);
    if (found === undefined) return 'none';
    return typeof found === 'string' ? found.replace(`${home}/`, '') : found.message;
  });
}

const commands: readonly (readonly [command: string, interpreter: string, env?: Env])[] = [
  ['python3 x.py', 'bin/python3'],
  ['env A=1 timeout 5m python3 -m x', 'bin/python3'],
  ['.venv/bin/python -c "import x"', 'project/.venv/bin/python'],
  ['cd sub && ../.venv/bin/python ../x.py', 'project/.venv/bin/python'],
  ['./x.py', 'bin/python3'],
  ['torchrun --nproc 2 x.py', 'bin/python3'],
  ['timeout 5m torchrun x.py', 'bin/python3'],
  ['long x.py', 'bin/python3'],
  ['. .venv/bin/activate && python x.py', 'project/.venv/bin/python'],
  ['source other/bin/activate; accelerate launch x.py; python x.py', 'project/other/bin/python'],
  ['. .venv/bin/activate && accelerate launch x.py', 'project/.venv/bin/python'],
  ['uv run x.py', 'project/.venv/bin/python'],
  ['uv run --extra gpu accelerate launch x.py', 'project/.venv/bin/python'],
  ['uv run x.py', 'venv/bin/python', { UV_PROJECT_ENVIRONMENT: 'venv' }],
  ['cd sub && poetry run python ../x.py', 'project/.venv/bin/python'],
  ['poetry run python x.py', 'venv/bin/python', { VIRTUAL_ENV: 'venv' }],
  ['conda run -n gpu python x.py', 'conda/envs/gpu/bin/python', { CONDA_EXE: 'conda/bin/conda' }],
  ['conda run -n base python x.py', 'conda/bin/python', { CONDA_EXE: 'conda/bin/conda' }],
  [
    'micromamba run --name=gpu python x.py',
    'conda/envs/gpu/bin/python',
    { MAMBA_ROOT_PREFIX: 'conda' },
  ],
  ['conda run -p .venv python x.py', 'project/.venv/bin/python'],
  ['conda activate ./other && python x.py', 'project/other/bin/python'],
  ['pixi run python x.py', 'project/.pixi/envs/default/bin/python'],
  ['cd sub && pixi run -e gpu python ../x.py', 'project/.pixi/envs/gpu/bin/python'],
  [
    'pixi run --environment=cpu python x.py',
    'pixi run uses the environment "cpu", and there is no .pixi/envs/cpu',
  ],
  ['hatch run python x.py', 'hatch starts Python in a separate environment'],
  ['docker run image python x.py', 'docker starts Python in a separate environment'],
  ['cat x.py', 'none'],
  ['$PYTHON x.py', 'the shell computes the name of the program'],
  ['PATH=/opt/bin python3 x.py', 'the command sets PATH'],
  ['export PATH=/opt/bin; python3 x.py', 'the command sets PATH'],
  ['uv run --project sub x.py', 'project/.venv/bin/python'],
  ['uv run --project other x.py', 'project/other/.venv/bin/python'],
  ['uv run --directory other ../x.py', 'project/other/.venv/bin/python'],
  ['poetry run -P other python x.py', 'project/other/.venv/bin/python'],
  [
    'pixi run --manifest-path sub/pixi.toml -e gpu python x.py',
    'project/.pixi/envs/gpu/bin/python',
  ],
  ['uv run x.py -p 3 -s 1 --project y', 'project/.venv/bin/python'],
  ['uv run --project /opt/p x.py', 'uv uses a project outside of this one'],
  ['uvx --from . train.py', 'uvx starts Python in a separate environment'],
  ['uv tool run x.py', 'uv starts Python in a separate environment'],
  ['wrap uv run --with rich x.py', 'uv chooses an environment by --with'],
  ['uv run --with rich x.py', 'uv chooses an environment by --with'],
  [
    'uv run alone.py',
    'uv run creates a separate environment for alone.py, which lists its packages',
  ],
  ['python4 x.py', 'there is no python4 in PATH'],
  ['conda run -n none python x.py', 'the conda environment "none" was not found'],
];

it.each(commands.map(([command, interpreter, env]) => ({ command, interpreter, env })))(
  'finds the interpreter of `$command`',
  ({ command, interpreter, env }) => {
    expect(interpretersOf(command, env)).toContain(interpreter);
  },
);

it('looks for the environment of uv, and reports a missing one', () => {
  const command = 'cd .. && uv run project/x.py';
  expect(interpretersOf(command)).toEqual([]);
  rmSync(path.join(root, '.venv'), { recursive: true });
  expect(interpretersOf('uv run x.py')).toEqual([
    'uv run uses the environment of the project, and there is no .venv',
  ]);
});
