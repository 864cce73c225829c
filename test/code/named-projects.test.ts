/** Commands of workspace members, of local dependencies and of projects that an option names: what counts. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  counted,
  disposeSandbox,
  expectExactly,
  openSandbox,
  sandbox,
  traced,
} from './traced-commands.js';

afterEach(disposeSandbox);

/** A workspace without its own code, whose member `p` defines `train`. */
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
    ['wrap --fast uv --directory packages/p run train', ENTRY],
    ['wrap uv run --project packages/p train --project sub', ENTRY],
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

  it.each(['uv sync', 'cd "$DIR" && uv sync', 'conda activate "$ENV"', 'echo "$X" uv run'])(
    'is not asked for by %j',
    async (command) => {
      openSandbox(WORKSPACE);
      expect((await traced(command)).opaque).toEqual([]);
    },
  );

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
