/** First contact: init, doctor, and messages that depend on the folder's content. */
import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { projectWithin } from '../rig/projects.js';
import { answerIn } from '../rig/within.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { name: PACKAGE } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  readonly name: string;
};

it.each([
  ['here', 'node_modules', '.'],
  ['in a workspace, two folders above', 'node_modules', 'packages/experiment'],
  ['in a workspace that has its own', 'packages/node_modules', 'packages/experiment'],
])('init names the schema where npm installed it: %s', async (_, installed, folder) => {
  const project = projectWithin({ [`${folder}/.keep`]: '', [`${installed}/.keep`]: '' });
  symlinkSync(ROOT, project.path(`${installed}/${PACKAGE}`));
  const cwd = project.path(folder);
  const { code } = await answerIn({ root: cwd, env: project.env }, 'init');
  const text = project.read(`${folder}/pipeline.yaml`);
  const schema = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text)?.[1];
  expect([code, schema]).toEqual([0, expect.stringMatching(/^\.\.?\//)]);
  const named = path.resolve(cwd, String(schema));
  expect(named.startsWith(project.path(installed))).toBe(true);
  expect(JSON.parse(readFileSync(named, 'utf8'))).toMatchObject({ title: 'pipeline.yaml' });
});

it('init names npx in the next command if npx started it', async () => {
  const project = projectWithin();
  project.env.npm_command = 'exec';
  const { out } = await project.pipe('init');
  expect(out).toMatch(/\nnext: npx pipe run\n$/);
});

it('init names a schema below its own folder where the package is not installed yet', async () => {
  const project = projectWithin();
  await project.pipe('init');
  expect(project.read('pipeline.yaml')).toContain(
    `$schema=./node_modules/${PACKAGE}/dist/pipeline.schema.json\n`,
  );
});

it('doctor notes stages that need more than the machine has', async () => {
  const project = projectWithin({
    'pipeline.yaml': `
stages:
  small: { cmd: "true" }
  wide: { cmd: "true", resources: { cpu: 4096 }, matrix: { n: [1, 2] } }
  gpus: { cmd: "true", resources: { gpu: 3 } }
`,
  });
  project.env.PIPE_GPUS = '0,1';
  const { code, out } = await project.pipe('doctor');
  expect(code).toBe(0);
  expect(out.match(/^note .*$/gm)).toEqual([
    expect.stringMatching(
      /^note wide: it asks for 4096 cores, but (this machine has|the cgroup or job of this run allows) \d+: it runs alone$/,
    ),
    'note gpus: it needs 3 GPUs, and this machine has 2: it cannot run here',
  ]);
});

it('doctor prints what the script pipe:doctor of package.json reports, and fails with it', async () => {
  const manifest = (script: string) => JSON.stringify({ scripts: { 'pipe:doctor': script } });
  const project = projectWithin({
    'pipeline.yaml': 'stages: { a: { cmd: "true" } }\n',
    'package.json': manifest('cat pipeline.yaml; echo no driver'),
  });
  const good = await project.pipe('doctor');
  expect(good.code).toBe(0);
  expect(good.out).toContain(
    'ok   the script pipe:doctor of package.json\nnote stages: { a: { cmd: "true" } }\nnote no driver\n',
  );
  project.write('package.json', manifest('echo why >&2; exit 1'));
  const bad = await project.pipe('doctor');
  expect(bad.code).toBe(2);
  expect(bad.out).toContain('BAD  the script pipe:doctor of package.json failed\nnote why\n');
  project.write('package.json', '{');
  expect((await project.pipe('doctor')).out).toContain('BAD  package.json cannot be read: ');
});

it('doctor indents the mistakes in pipeline.yaml', async () => {
  const made = projectWithin({ 'pipeline.yaml': 'stages: { a: { cmd: "true", x: 1, y: 2 } }\n' });
  const { out } = await made.pipe('doctor');
  const [first, ...more] = out.slice(out.indexOf('BAD')).trimEnd().split('\n');
  expect(first).toMatch(/^BAD {2}pipeline\.yaml:1:29: error: /);
  expect(more.filter((line) => !line.startsWith('     '))).toEqual([]);
  expect(more.join('\n')).toContain('     pipeline.yaml:1:35: error: ');
});

it('doctor reports a missing project only once', async () => {
  const { code, out } = await projectWithin().pipe('doctor');
  expect([code, out.match(/no-pipeline/g)]).toEqual([2, ['no-pipeline']]);
});

it.each([
  ['NFC', 'NFD'],
  ['NFD', 'NFC'],
] as const)(
  'a name with accents in %s does not match a file in %s, and the error explains it',
  async (asked, there) => {
    const name = 'données/café.txt';
    const project = projectWithin({
      [name.normalize(there)]: '',
      'pipeline.yaml': `stages: { a: { cmd: "true", deps: ["${name.normalize(asked)}"] } }\n`,
    });
    const { code, err } = await project.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain(`its accents are encoded differently (${there}, here ${asked})`);
  },
);

it('a comparison reports what is missing: a repository, its first commit, the revision', async () => {
  const project = projectWithin({ 'pipeline.yaml': 'stages: { a: { cmd: "true" } }\n' });
  const complaint = async (...args: string[]) => (await project.pipe(...args)).err.split('\n');
  expect(await complaint('metrics', 'diff')).toEqual([
    'error: the project is not in a git repository (no-git)',
    '  pipe can compare only with a commit: git init, then commit pipeline.yaml and pipeline.lock',
    '',
  ]);
  execFileSync('git', ['init', '-q'], { cwd: project.root });
  for (const command of ['metrics', 'params']) {
    expect(await complaint(command, 'diff')).toEqual([
      'error: the git repository has no commit yet (unknown-revision)',
      '  commit pipeline.yaml and pipeline.lock, then compare with that',
      '',
    ]);
  }
});
