/** `pipe verify` of commands that tools for Python environments start, by stand-ins for these tools. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { hasPython } from '../rig/python.js';

/**
 * Like the real ones, it takes the nearest build file above, and the `.venv` next to it. Where there is
 * none, uv fails, and the others have an environment elsewhere, under a name made of the project's path.
 */
const TOOL = `#!/bin/sh
name=$(basename "$0")
file=pyproject.toml
[ "$name" != pipenv ] || file=Pipfile
folder=$PWD
while [ ! -f "$folder/$file" ]; do
  [ "$folder" != / ] || { echo "$name: there is no $file" >&2; exit 1; }
  folder=$(dirname "$folder")
done
place=$folder/.venv
if [ "$name" != uv ]; then
  [ -d "$place" ] || place=$TOOL_HOME/$(printf %s "$folder" | cksum | tr ' ' -)
  place=\${VIRTUAL_ENV:-$place}
elif [ -z "$UV_NO_SYNC" ]; then
  printf %s "$folder" > "$place/synced" || exit 1
fi
case $1 in env | --venv) echo "$place"; exit ;; esac
shift
PATH=$place/bin:$PATH exec "$@"
`;

const BUILD = { 'pyproject.toml': '[project]\nname = "x"\n', Pipfile: '[packages]\n' };

const COMMANDS: Readonly<Record<string, string>> = {
  uv: 'uv run python x.py',
  poetry: 'cd sub && poetry run python ../x.py',
  pipenv: 'bash run.sh',
};

function made(tool: string, deps: readonly string[], cache: string): Project {
  const project = projectWithin({
    ...BUILD,
    'pipeline.yaml': JSON.stringify({
      stages: { a: { cmd: COMMANDS[tool], deps: ['sub/data.txt', ...deps], outs: ['o.txt'] } },
    }),
    'run.sh': 'pipenv run python x.py\n',
    'x.py':
      'import packaged\nfrom pathlib import Path\n(Path(__file__).parent / "o.txt").write_text(packaged.NAME)\n',
    'sub/data.txt': '',
    '.runtime/tools/uv': TOOL,
    '.runtime/tools/poetry': TOOL,
    '.runtime/tools/pipenv': TOOL,
  });
  for (const name of Object.keys(COMMANDS))
    chmodSync(project.path(`.runtime/tools/${name}`), 0o755);
  project.env.PATH = `${project.path('.runtime/tools')}:${process.env.PATH}`;
  project.env.TOOL_HOME = project.path('.runtime/home');
  project.env.VIRTUAL_ENV = '';
  if (cache !== '') project.env.PIPE_CACHE = `${project.root}-${cache}`;
  return project;
}

/** With a package in it. */
function environment(folder: string): void {
  expect(spawnSync('python3', ['-m', 'venv', '--without-pip', folder]).status).toBe(0);
  const lib = readdirSync(path.join(folder, 'lib'))[0] as string;
  const site = path.join(folder, 'lib', lib, 'site-packages', 'packaged.py');
  expect(spawnSync('sh', ['-c', `echo 'NAME = "n"' > "${site}"`]).status).toBe(0);
}

async function verified(project: Project): Promise<string> {
  const run = await project.pipe('run');
  expect([run.code, run.err]).toEqual([0, '']);
  const { out, code } = await project.pipe('verify');
  expect(code, out).toBe(0);
  return out;
}

describe.skipIf(!hasPython())('pipe verify', () => {
  it.each([
    ['uv', [], ''],
    ['uv', ['pyproject.toml'], ''],
    ['uv', [], 'cache'],
    ['poetry', ['pyproject.toml'], ''],
    ['poetry', [], 'cache'],
    ['pipenv', ['Pipfile'], ''],
    ['pipenv', [], 'cache'],
  ])('uses the .venv of %s with the deps %j and the cache %j', async (tool, deps, cache) => {
    const project = made(tool, deps, cache);
    environment(project.path('.venv'));
    expect(await verified(project)).toContain('pipe: 1 same');
    // Else the environment would from then on contain the code of a folder that is gone.
    if (tool === 'uv') expect(project.read('.venv/synced')).toBe(project.root);
  });

  it.each(['poetry', 'pipenv'])('uses the environment that %s keeps elsewhere', async (tool) => {
    const project = made(tool, ['pyproject.toml', 'Pipfile'], '');
    const { stdout } = spawnSync(tool, ['--venv'], {
      cwd: project.root,
      env: project.env,
      encoding: 'utf8',
    });
    environment(stdout.trim());
    expect(await verified(project)).toContain('pipe: 1 same');
    expect(readdirSync(project.path('.runtime/home'))).toHaveLength(1);
  });

  it('names a missing environment, and says what to do', async () => {
    const project = made('uv', [], '');
    environment(project.path('.venv'));
    await verified(project);
    expect(spawnSync('rm', ['-r', project.path('.venv')]).status).toBe(0);
    const { out, code } = await project.pipe('verify');
    expect([code, out]).toEqual([1, expect.stringContaining('no .venv: run `uv sync` first')]);
    expect(existsSync(project.path('.venv'))).toBe(false);
  });
});
