/** What a user gets who installed only the package: docs, examples, the first commands. */
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installPacked } from '../../rig/packed.js';
import { Project, surroundings } from '../../rig/project.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;

/** What the README's pipeline executes. */
const PREPROCESS = `import pathlib, sys
images = pathlib.Path(sys.argv[2])
images.mkdir()
(images / 'one').write_text(pathlib.Path(sys.argv[1]).read_text())
`;
const TRAIN = `import { writeFileSync } from 'node:fs';
import { defineStage } from 'pipe-run/stage';

export default defineStage<{ outs: { model: string } }>(async ({ outs, epochs }) => {
  for (const epoch of epochs.remaining())
    await epochs.commit(epoch, (folder) => writeFileSync(folder + '/state', ''), { loss: 1 / epoch });
  writeFileSync(outs.model, 'model');
});
`;

let project: Project;
let bin: string;
let installed: string;

beforeAll(() => {
  project = new Project({ 'package.json': '{ "type": "module" }' });
  bin = installPacked(project);
  installed = project.path('node_modules/pipe-run');
});
afterAll(() => project.dispose());

function pipeIn(folder: string, ...args: string[]): SpawnSyncReturns<string> {
  mkdirSync(project.path(folder), { recursive: true });
  return spawnSync(process.execPath, [bin, ...args], {
    cwd: project.path(folder),
    env: surroundings(project.env),
    encoding: 'utf8',
  });
}

describe('the installed package', () => {
  it('contains every file that its pages link to', () => {
    const names = readdirSync(installed, { recursive: true, encoding: 'utf8' });
    const pages = names
      .filter((name) => name === 'README.md' || /^docs[/\\].*\.md$/.test(name))
      .map((name) => path.join(installed, name));
    const links = pages.flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, to = '']) =>
        path.join(path.dirname(page), to),
      ),
    );
    expect(links.length).toBeGreaterThan(20);
    expect(links.filter((each) => !existsSync(each))).toEqual([]);
  });

  it('names pages by their installed path', () => {
    const [, folder = ''] = /^Documentation: (\S+)/m.exec(pipeIn('.', '--help').stdout) ?? [];
    expect(folder).toBe('node_modules/pipe-run/docs');
    expect(existsSync(project.path(`${folder}/errors.md`))).toBe(true);

    project.write(
      'lazy/pipeline.yaml',
      'stages:\n  train: { cmd: "true", outs: [o], epochs: 2 }\n',
    );
    const { status, stdout, stderr } = pipeIn('lazy', 'run');
    expect(status).toBe(1);
    const [, page = ''] = /\(see (\S+\.md)\)/.exec(stdout + stderr) ?? [];
    expect(readFileSync(path.resolve(project.path('lazy'), page), 'utf8')).toContain('PIPE_COMMIT');
  });

  it('names no page by its path in the repository in any other message', () => {
    const strings = ['main', 'pipe', 'rest']
      .map((name) => readFileSync(path.join(installed, `dist/${name}.cjs`), 'utf8'))
      .join('\n');
    expect(strings.match(/docs\/[\w/-]+\.md|[\w-]+\.md#/g)).toBeNull();
  });

  it('starts a pipeline that runs, with a schema for editors, also below the folder of node_modules', () => {
    for (const folder of ['start', 'packages/start']) {
      const { status, stderr } = pipeIn(folder, 'init');
      expect([status, stderr]).toEqual([0, '']);
      const text = project.read(`${folder}/pipeline.yaml`);
      const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text) ?? [];
      expect(schema).toMatch(/^\.\.?\//);
      expect(existsSync(path.join(project.path(folder), schema))).toBe(true);
    }
    expect(pipeIn('start', 'run').stdout).toMatch(/^pipe: 3 ran, 0 restored, 0 fresh$/m);
  });

  it.runIf(hasPython)("runs the README's pipeline, with the commands that follow it", () => {
    const readme = readFileSync(path.join(installed, 'README.md'), 'utf8');
    const [, pipeline = ''] = /^```yaml\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    const [, commands = ''] = /^```console\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    for (const name of ['faces', 'animals']) project.write(`readme/data/${name}.zip`, name);
    project.write('readme/pipeline.yaml', pipeline);
    project.write('readme/preprocess.py', PREPROCESS);
    project.write('readme/stages/train.ts', TRAIN);
    const said = [...commands.matchAll(/^\$ pipe (.*?) *(?:#.*)?$/gm)]
      .map(([, words = '']) => words.split(' '))
      // These two end with Ctrl-C.
      .filter(([name]) => name !== 'watch' && name !== 'ui')
      .map(([name = '', ...args]) => {
        const { status, stdout, stderr } = pipeIn('readme', name, ...args);
        expect([status, stderr]).toEqual([0, '']);
        return stdout;
      });
    expect(said[0]).toContain('pipe: 4 ran, 0 restored, 0 fresh\n');
    expect(commands).toContain(`# ${said[1]}`);
    expect(said[2]).toContain('param train.learningRate 0.001 → 0.0003');
    expect(said[3]).toContain('pipe: 0 ran, 0 restored, 2 fresh\n');
    expect(said[4]).toContain('50 epochs completed');
  });

  it('has the examples, which run in place', () => {
    const { stdout, stderr } = pipeIn('node_modules/pipe-run/examples/epochs-shell', 'run');
    expect(stdout, stderr).toContain('pipe: 1 ran, 0 restored, 0 fresh\n');
  });

  it.runIf(hasPython)('has the examples, which also run as a copy', () => {
    const example = path.join(installed, 'examples/epochs-python');
    cpSync(example, project.path('copy'), { recursive: true });
    const { stdout, stderr } = pipeIn('copy', 'run');
    expect(stdout, stderr).toContain('pipe: 2 ran, 0 restored, 0 fresh\n');
  });
});
