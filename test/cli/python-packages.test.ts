/** `packages: python`: versions of Python and of what scripts import, from real virtual environments. */
import { spawnSync } from 'node:child_process';
import { chmodSync, renameSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Project, Running } from '../rig/project.js';
import { project, projectWithin } from '../rig/projects.js';
import { hasPython } from '../rig/python.js';
import { runUntilStill } from '../rig/still.js';

const SCRIPTS = {
  'train.py': `import json
from lib import net
open('model.txt', 'w').write(net.NAME)
`,
  'lib/net.py': 'import torch.nn\nNAME = torch.nn.NAME\n',
  'plot.py': `try:
    import seaborn
except ImportError:
    seaborn = None
open('plot.txt', 'w').write(str(seaborn and 1))
`,
};

const YAML = `packages: python
stages:
  train: { cmd: .venv/bin/python train.py, outs: [model.txt] }
  plot: { cmd: . .venv/bin/activate && python plot.py, outs: [plot.txt] }
  plain: { cmd: echo 1 > plain.txt, outs: [plain.txt] }
`;

const NAMES = ['train', 'plot', 'plain'];

/** The folder of packages of a virtual environment. */
function venvIn(made: Project): string {
  // Variables of this machine that stop Python from writing next to its modules would hide faults.
  Object.assign(made.env, { PYTHONDONTWRITEBYTECODE: '', PYTHONUNBUFFERED: '' });
  const print = 'import sys; print(f"{sys.version_info[0]}.{sys.version_info[1]}")';
  const created = spawnSync('python3', ['-m', 'venv', '--without-pip', made.path('.venv')]);
  expect(created.status).toBe(0);
  const { stdout } = spawnSync(made.path('.venv/bin/python'), ['-c', print], { encoding: 'utf8' });
  return `.venv/lib/python${stdout.trim()}/site-packages`;
}

/** The files that an installer writes. */
function install(
  made: Project,
  site: string,
  [name, version]: readonly [string, string],
  files: Readonly<Record<string, string>>,
): void {
  for (const [file, text] of Object.entries(files)) made.write(`${site}/${file}`, text);
  const info = `${name.replaceAll('-', '_')}-${version}.dist-info`;
  const metadata = `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n\nVersion: 0\n`;
  made.write(`${site}/${info}/METADATA`, metadata);
  const record = [...Object.keys(files), `${info}/METADATA`, `../../../bin/${name}`];
  made.write(`${site}/${info}/RECORD`, record.map((file) => `${file},,\n`).join(''));
}

const TORCH = { 'torch/__init__.py': '', 'torch/nn.py': "NAME = 'net'\n" };

function withTorch(make: typeof project): { made: Project; site: string } {
  const made = make({ ...SCRIPTS, 'pipeline.yaml': YAML });
  const site = venvIn(made);
  install(made, site, ['torch', '2.1.0'], TORCH);
  return { made, site };
}

function upgrade(made: Project, site: string, name: string, from: string, to: string): void {
  made.remove(`${site}/${name}-${from}.dist-info`);
  install(made, site, [name, to], {});
  made.write(`${site}/${name}-${to}.dist-info/RECORD`, `${name}/__init__.py,,\n`);
}

describe.skipIf(!hasPython())('stages with packages: python', () => {
  it('run again when a package that their code imports is upgraded, and no others do', async () => {
    const { made, site } = withTorch(projectWithin);
    expect((await made.run()).with('ran')).toEqual(NAMES);
    expect((await made.run()).with('fresh')).toEqual(NAMES);

    upgrade(made, site, 'torch', '2.1.0', '2.2.0');
    const { out } = await made.pipe('why', 'train');
    expect(out).toContain('package torch 2.1.0 → 2.2.0');
    const next = await made.run();
    expect([next.with('ran'), next.with('fresh')]).toEqual([['train'], ['plot', 'plain']]);
  });

  it('stay fresh when a package that they do not import is installed', async () => {
    const { made, site } = withTorch(projectWithin);
    await made.run();
    expect(await runUntilStill(made)).toBe(true);
    install(made, site, ['other', '1.0'], { 'other.py': '' });
    expect((await made.run()).with('fresh')).toEqual(NAMES);
  });

  it('run again when a package that was missing is installed, and when it disappears', async () => {
    const { made, site } = withTorch(projectWithin);
    await made.run();
    expect(await runUntilStill(made)).toBe(true);
    install(made, site, ['seaborn', '0.13'], { 'seaborn/__init__.py': '' });
    const { out } = await made.pipe('why', 'plot');
    expect(out).toContain('package seaborn not installed → 0.13');
    expect((await made.run()).with('ran')).toEqual(['plot']);
    made.remove(`${site}/seaborn-0.13.dist-info`);
    expect((await made.pipe('why', 'plot')).out).toContain('0.13 → without metadata');
    made.remove(`${site}/seaborn`);
    // The result without it is still in the cache.
    expect((await made.run()).with('restored')).toEqual(['plot']);
  });

  it('are executed by verify in their environment', async () => {
    const { made } = withTorch(projectWithin);
    await made.run();
    const { code, out } = await made.pipe('verify');
    expect([code, out]).toEqual([0, expect.stringContaining('pipe: 3 same')]);
  });

  it('have one key wherever the project and its environment are', async () => {
    const { made, site } = withTorch(projectWithin);
    await made.run();
    const other = projectWithin({ ...SCRIPTS, 'pipeline.yaml': YAML });
    install(other, venvIn(other), ['torch', '2.1.0'], TORCH);
    other.write('pipeline.lock', made.read('pipeline.lock'));
    expect((await other.pipe('run', '--frozen=keys')).code).toBe(0);
    upgrade(made, site, 'torch', '2.1.0', '2.2.0');
    expect((await made.pipe('run', '--frozen=keys')).code).toBe(3);
  });

  it('are not recorded when a package that they import changes while they run', async () => {
    const { made, site } = withTorch(projectWithin);
    const metadata = `${site}/torch-2.1.0.dist-info/METADATA`;
    made.write(
      'train.py',
      `import torch\nopen('${metadata}', 'w').write('Name: torch\\nVersion: 2.2.0\\n')\nopen('model.txt', 'w')\n`,
    );
    const { code, items } = await made.run('-k');
    expect([code, items.train?.verdict]).toEqual([1, 'failed']);
    expect((await made.run('train')).with('ran')).toEqual(['train']);
  });

  it('count every distribution of a namespace package, and egg-info', async () => {
    const { made, site } = withTorch(projectWithin);
    made.write('plot.py', "import google.cloud.storage\nimport old\nopen('plot.txt', 'w')\n");
    for (const part of ['storage', 'tasks'])
      install(made, site, [`google-cloud-${part}`, '1.0'], {
        [`google/cloud/${part}/__init__.py`]: '',
      });
    made.write(`${site}/old.py`, '');
    made.write(`${site}/Old_Name-3.0.egg-info/PKG-INFO`, 'Name: Old.Name\nVersion: 3.0\n');
    made.write(`${site}/Old_Name-3.0.egg-info/top_level.txt`, 'old\n');
    expect((await made.run()).code).toBe(0);
    made.write(`${site}/Old_Name-3.0.egg-info/PKG-INFO`, 'Name: Old.Name\nVersion: 3.1\n');
    renameSync(
      made.path(`${site}/google_cloud_tasks-1.0.dist-info`),
      made.path(`${site}/google_cloud_tasks-1.5.dist-info`),
    );
    made.write(
      `${site}/google_cloud_tasks-1.5.dist-info/METADATA`,
      'Name: google-cloud-tasks\nVersion: 1.5\n',
    );
    const { out } = await made.pipe('why', 'plot');
    expect(out).toContain('package google-cloud-tasks 1.0 → 1.5');
    expect(out).toContain('package old-name 3.0 → 3.1');
    expect(out).not.toContain('storage');
  });

  it('query Python once, and again when the interpreter changes', async () => {
    const made = projectWithin({
      'pipeline.yaml':
        'stages: { say: { cmd: python3 say.py, packages: python, outs: [said.txt] } }\n',
      'say.py': "import json\nopen('said.txt', 'w')\n",
    });
    const { stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], {
      encoding: 'utf8',
    });
    const interpreter = (version: string) => {
      const text = `#!/bin/sh
echo "$1" >> "${made.path('starts.txt')}"
"${stdout.trim()}" "$@" | sed 's/"version": "[^"]*"/"version": "${version}"/'
`;
      made.write('bin/python3', text);
      chmodSync(made.path('bin/python3'), 0o755);
    };
    interpreter('3.8.1');
    made.env.PATH = `${made.path('bin')}:${process.env.PATH}`;
    expect((await made.run()).with('ran')).toEqual(['say']);
    expect(made.lines('starts.txt')).toEqual(['-c', 'say.py']);
    expect((await made.run()).with('fresh')).toEqual(['say']);
    expect(await runUntilStill(made)).toBe(true);
    expect(made.lines('starts.txt')).toEqual(['-c', 'say.py']);

    interpreter('3.8.2');
    expect((await made.pipe('why', 'say')).out).toContain('python 3.8.1 → 3.8.2');
    expect((await made.run()).with('ran')).toEqual(['say']);
    expect(made.lines('starts.txt')).toEqual(['-c', 'say.py', '-c', 'say.py']);

    // A version manager that such a script starts may now choose a different interpreter.
    made.write('.python-version', '3.11\n');
    expect((await made.run()).with('fresh')).toEqual(['say']);
    expect(made.lines('starts.txt').length).toBe(5);
    expect(await runUntilStill(made)).toBe(true);
    made.env.PATH = process.env.PATH ?? '';
    expect((await made.pipe('why', 'say')).out).toMatch(/^ {2}python 3\.8\.2 → 3\./m);
    expect((await made.pipe('run')).out).toContain('pipe: 1 ran');
  });
});

it('are refused if the cmd names no Python script, or does not say which Python it starts', async () => {
  const said = async (cmd: string) => {
    const yaml = `stages:\n  x:\n    cmd: ${cmd}\n    packages: python\n    outs: [x.txt]\n`;
    const made = projectWithin({ 'pipeline.yaml': yaml, 'x.py': 'import torch\n' });
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain('pipeline.yaml:4:15: error: ');
    return err;
  };
  expect(await said('echo 1 > x.txt')).toMatch(/this one names none[\s\S]*list a lock file/);
  expect(await said('$PYTHON x.py')).toMatch(/\(python-unclear\)[\s\S]*name the interpreter/);
  expect(await said('cat x.py > x.txt')).toContain('(python-unclear)');
  expect(await said('.venv/bin/python x.py')).toMatch(
    /there is no \.venv\/bin\/python \(stage "x"\) \(python-not-found\)/,
  );
});

it('at the top do not affect stages that run no Python script, or set none', async () => {
  const made = projectWithin({
    'pipeline.yaml': `packages: python
stages:
  plain: { cmd: echo 1 > plain.txt, outs: [plain.txt] }
  copy: { cmd: cp x.py copy.txt, packages: none, outs: [copy.txt] }
`,
    'x.py': 'import torch\n',
  });
  expect((await made.run()).with('ran')).toEqual(['plain', 'copy']);
  made.write('pipeline.yaml', made.read('pipeline.yaml').replace('packages: none, ', ''));
  const { code, err } = await made.pipe('run');
  expect([code, err]).toEqual([
    2,
    expect.stringContaining('pipeline.yaml:1:11: error: pipe cannot determine which Python'),
  ]);
});

describe.skipIf(!hasPython())('watch', () => {
  const watching: Running[] = [];

  afterEach(async () => {
    for (const each of watching.splice(0)) {
      each.kill('SIGTERM');
      await each.ended;
    }
  });

  it('runs stages with packages: python again when an imported package is upgraded', async () => {
    const { made, site } = withTorch(project);
    const running = made.start('watch', '--json');
    watching.push(running);
    const ended = (count: number) =>
      running.events((events) => events.filter(({ type }) => type === 'summary').length >= count);
    await ended(1);
    upgrade(made, site, 'torch', '2.1.0', '2.2.0');
    await running.events(
      (events) =>
        events.filter(
          (event) => event.type === 'item' && event.item === 'train' && event.verdict === 'ran',
        ).length >= 2,
    );
    install(made, site, ['seaborn', '0.13'], { 'seaborn/__init__.py': '' });
    await running.events(
      (events) =>
        events.filter(
          (event) => event.type === 'item' && event.item === 'plot' && event.verdict === 'ran',
        ).length >= 2,
    );
  });
});
