/**
 * `pipe verify` of commands that Python environment tools start, with stand-ins for these tools.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Project } from '../../rig/project.js';
import { projectWithin } from '../../rig/projects.js';
import { hasPython } from '../../rig/python.js';
import { until } from '../../rig/until.js';

/**
 * Like the real ones, it uses the nearest build file above, and the `.venv` next to it. If there is
 * none, uv fails, and the others have an environment elsewhere, under a name derived from the
 * project's path.
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

/**
 * Like the real ones, they start in the folder of the nearest build file. pixi writes into an environment
 * that it takes for a moved one, and hatch makes one for a project that it does not know.
 */
const TASK_TOOL = `#!/bin/sh
name=$(basename "$0")
file=pyproject.toml
[ "$name" != pixi ] || file=pixi.toml
folder=$PWD
while [ ! -f "$folder/$file" ]; do folder=$(dirname "$folder"); done
if [ "$name" = pixi ]; then
  place=$folder/.pixi/envs/default
  [ -n "$PIXI_NO_INSTALL" ] || printf %s "$folder" > "$place/conda-meta/prefix"
else
  place=\${HATCH_ENV_TYPE_VIRTUAL_PATH:-$TOOL_HOME/$(printf %s "$folder" | cksum | tr ' ' -)}
  [ "$1 $2 $3" != 'env find default' ] || { echo "$place"; exit; }
  mkdir -p "$place"
fi
cd "$folder"
PATH=$place/bin:$PATH exec python x.py
`;

function taskProject(tool: string, cache: string): Project {
  const project = projectWithin({
    'pipeline.yaml': JSON.stringify({
      stages: { a: { cmd: `${tool} run train`, deps: ['data.txt'], outs: ['o.txt'] } },
    }),
    'pyproject.toml': '[tool.hatch.envs.default.scripts]\ntrain = "python x.py"\n',
    'pixi.toml': '[tasks]\ntrain = "python x.py"\n',
    'x.py': 'import packaged\nopen("o.txt", "w").write(packaged.NAME)\n',
    'data.txt': '',
    [`.runtime/tools/${tool}`]: TASK_TOOL,
  });
  chmodSync(project.path(`.runtime/tools/${tool}`), 0o755);
  project.env.PATH = `${project.path('.runtime/tools')}:${process.env.PATH}`;
  project.env.TOOL_HOME = project.path('.runtime/home');
  if (cache !== '') project.env.PIPE_CACHE = `${project.root}-${cache}`;
  return project;
}

/** Where the tool keeps the environment of the project. */
function placeOf(tool: string, project: Project): string {
  if (tool === 'pixi') return project.path('.pixi/envs/default');
  const words = ['env', 'find', 'default'];
  const { stdout } = spawnSync(tool, words, {
    cwd: project.root,
    env: project.env,
    encoding: 'utf8',
  });
  return stdout.trim();
}

/** Its stage reads `.env`, and then does in the fresh folder what the file `mode` says. */
function secretProject(): Project {
  const project = taskProject('hatch', '');
  project.write(
    'pipeline.yaml',
    JSON.stringify({ stages: { a: { cmd: 'dotenv run python x.py', outs: ['o.txt'] } } }),
  );
  project.write('.runtime/tools/dotenv', '#!/bin/sh\nshift\nexec "$@"\n');
  chmodSync(project.path('.runtime/tools/dotenv'), 0o755);
  project.write('.env', `KEY=${SECRET}\n`);
  chmodSync(project.path('.env'), 0o640);
  project.write('seen', '');
  project.write(
    'x.py',
    `import os, signal
secret = open(".env").read()
here = os.getcwd()
open("o.txt", "w").write("out")
if here != ${JSON.stringify(project.root)}:
    mode, seen = [os.path.join(${JSON.stringify(project.root)}, name) for name in ("mode", "seen")]
    open(seen, "w").write(f"{os.getpid()} {os.stat('.env').st_mode & 0o777:o} {os.stat('.').st_mode & 0o777:o} {here}\\n")
    what = open(mode).read()
    if what == "fail":
        raise SystemExit("failed")
    if what == "wait":
        signal.pause()
`,
  );
  return project;
}

const SECRET = 'wN7fQ2kXzR';

/** Files of the cache folder that contain the secret. */
function leaks(project: Project): string[] {
  const { status, stdout } = spawnSync('grep', ['-rl', SECRET, 'cache'], {
    cwd: project.root,
    encoding: 'utf8',
  });
  expect(status).toBeLessThan(2);
  return stdout.split('\n').filter((line) => line !== '');
}

describe.skipIf(!hasPython())('pipe verify', () => {
  it.each([
    ['pass', 0],
    ['fail', 1],
  ])('deletes its copy of .env when the stage is to %s', async (mode, code) => {
    const project = secretProject();
    expect((await project.pipe('run')).code).toBe(0);
    project.write('mode', mode);
    const verified = await project.pipe('verify');
    expect([verified.code, verified.err]).toEqual([code, '']);
    expect(project.read('seen')).toMatch(/^\d+ 640 700 .*\/cache\/tmp\//);
    expect(leaks(project)).toEqual([]);
  });

  it.each([
    ['SIGINT', 'run'],
    ['SIGTERM', 'run'],
    ['SIGKILL', 'run'],
    ['SIGKILL', 'verify'],
  ] as const)('leaves no copy of .env after %s and pipe %s', async (signal, next) => {
    const project = secretProject();
    expect((await project.pipe('run')).code).toBe(0);
    project.write('mode', 'wait');
    const running = project.start('verify');
    await until(() => project.read('seen').endsWith('\n'));
    running.kill(signal);
    await running.ended;
    if (signal === 'SIGKILL') {
      expect(leaks(project)).toHaveLength(1);
      process.kill(Number.parseInt(project.read('seen'), 10), 'SIGKILL');
      project.write('mode', 'pass');
      expect((await project.pipe(next)).code).toBe(0);
    }
    expect(leaks(project)).toEqual([]);
  });

  it.each([
    ['pixi', ''],
    ['pixi', 'cache'],
    ['hatch', ''],
    ['hatch', 'cache'],
  ])('runs a task of %s in the fresh folder, with the cache %j', async (tool, cache) => {
    const project = taskProject(tool, cache);
    environment(placeOf(tool, project));
    if (tool === 'pixi') project.write('.pixi/envs/default/conda-meta/prefix', '');
    const run = await project.pipe('run');
    expect([run.code, run.err]).toEqual([0, '']);
    if (tool === 'pixi') project.write('.pixi/envs/default/conda-meta/prefix', 'kept');
    project.write('o.txt', 'mine');
    const { out, code } = await project.pipe('verify');
    expect(code, out).toBe(0);
    expect(out).toContain('pipe: 1 same');
    expect(project.read('o.txt')).toBe('mine');
    if (tool === 'pixi') expect(project.read('.pixi/envs/default/conda-meta/prefix')).toBe('kept');
    else expect(readdirSync(project.path('.runtime/home'))).toHaveLength(1);
  });

  it('links the environment that the commands of a Makefile use', async () => {
    const project = projectWithin({
      'pipeline.yaml': JSON.stringify({
        stages: { a: { cmd: 'make train', deps: ['x.py'], outs: ['o.txt'] } },
      }),
      Makefile: 'train:\n\t.venv/bin/python x.py\n',
      'x.py': 'import packaged\nopen("o.txt", "w").write(packaged.NAME)\n',
    });
    environment(project.path('.venv'));
    expect(await verified(project)).toContain('pipe: 1 same');
  });

  it('names an environment that hatch does not have yet', async () => {
    const project = taskProject('hatch', '');
    environment(placeOf('hatch', project));
    expect((await project.pipe('run')).code).toBe(0);
    expect(spawnSync('rm', ['-r', project.path('.runtime/home')]).status).toBe(0);
    const { out, code } = await project.pipe('verify');
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('run `hatch env create default` first'),
    ]);
  });

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
    // Otherwise the environment would contain code of a folder that no longer exists.
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
