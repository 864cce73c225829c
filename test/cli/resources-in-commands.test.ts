/** Resources in commands: the process receives their values, which are not part of the key. */
import { afterEach, expect, it, vi } from 'vitest';
import { projectWithin } from '../rig/projects.js';

const PIPELINE = `
params: { cores: 2 }
stages:
  a:
    cmd: |
      echo \${resources.cpu} \${resources.memory} > \${outs.o}
      echo $OMP_NUM_THREADS $OPENBLAS_NUM_THREADS \${PYTHONUNBUFFERED:-unset} >> \${outs.o}
    outs: { o: a.txt }
    resources: { cpu: "\${cores}", memory: 64M }
  words:
    cmd: [sh, -c, 'echo "$1" > words.txt', _, "n=\${resources.cpu}"]
    outs: [words.txt]
    resources: { cpu: "\${cores}" }
  plain:
    cmd: echo "\${OMP_NUM_THREADS:-unset}" > plain.txt
    outs: [plain.txt]
`.replace(/(\$\{(?:PYTHON|OMP))/g, '$$$1');

afterEach(() => void vi.unstubAllEnvs());

it('a command receives its resources; it becomes stale with a different placeholder, not with a different amount', async () => {
  for (const name of ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PYTHONUNBUFFERED'])
    vi.stubEnv(name, undefined);
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  expect((await made.run()).with('ran')).toEqual(['a', 'words', 'plain']);
  expect(made.read('a.txt')).toBe('2 67108864\n2 2 1\n');
  expect(made.read('words.txt')).toBe('n=2\n');
  expect(made.read('plain.txt')).toBe('unset\n');
  expect((await made.run('--set', 'cores=1')).with('fresh')).toEqual(['a', 'words', 'plain']);
  expect((await made.pipe('run', '--frozen')).code).toBe(0);
  await made.run('--set', 'cores=1', '--force');
  expect(made.read('words.txt')).toBe('n=1\n');
  made.write('pipeline.yaml', PIPELINE.replace('n=${resources.cpu}', 'n=2'));
  expect((await made.run()).items.words).toMatchObject({
    verdict: 'ran',
    reason: expect.stringContaining('${resources.cpu}'),
  });
});

it('pipe finds a script in a command that names resources', async () => {
  const made = projectWithin({
    'pipeline.yaml': `
stages:
  a:
    cmd: sh tools/a.sh -j \${resources.cpu} > \${outs.o}
    outs: { o: a.txt }
  b:
    cmd: [sh, "tools/a.sh", "-j\${resources.cpu}"]
    outs: []
`,
    'tools/a.sh': 'echo "$@"\n',
  });
  await made.run();
  expect(made.read('a.txt')).toBe('-j 1\n');
  made.write('tools/a.sh', 'echo again "$@"\n');
  expect((await made.run()).with('ran')).toEqual(['a', 'b']);
});
