/** An executor that pipe.local.yaml describes by three commands, on a small batch system of real processes. */
import { chmodSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import { outcomeOf, type Project } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { until } from '../rig/until.js';

const ENGINE = fileURLToPath(new URL('../rig/engine.sh', import.meta.url));

const SITE = `executors:
  queue:
    submit: ${ENGINE} submit \${name} \${output} "$NONE"\${options} \${script}
    status: ${ENGINE} status
    cancel: ${ENGINE} cancel \${ids}
    options: { after: "\${after}" }
    latency: 10s
`;

function onEngine(pipeline: string): Project {
  const made = project({ 'pipeline.yaml': pipeline, 'pipe.local.yaml': SITE });
  Object.assign(made.env, { ENGINE: made.path('.engine'), NONE: '', PIPE_EXECUTOR: 'queue' });
  mkdirSync(made.path('.engine'));
  return made;
}

const states = (made: Project) =>
  readdirSync(made.path('.engine'))
    .filter((name) => name.startsWith('job.'))
    .map((name) => made.read(`.engine/${name}/state`).trim());

it('runs items as its jobs, and shows a failure with its log', async () => {
  const made = onEngine(`stages:
  draw: { matrix: { n: [1, 2, 3] }, cmd: "echo \${n} > \${outs.o}", outs: { o: "out/\${n}.txt" } }
  sum: { cmd: cat out/*.txt > sum.txt, deps: ["out/*.txt"], outs: [sum.txt] }
  bad: { cmd: echo oh no; exit 4, outs: [bad.txt] }
`);
  const run = await made.run('-k');
  expect([run.code, run.with('ran'), run.with('failed')], run.out + run.err).toEqual([
    1,
    ['draw@1', 'draw@2', 'draw@3', 'sum'],
    ['bad'],
  ]);
  expect(run.items.bad?.failure).toMatchObject({ exitCode: 4, tail: ['oh no'] });
  expect(made.read('sum.txt')).toBe('1\n2\n3\n');
  const end = ['done', 'done', 'done', 'done', 'failed'];
  await until(() => isDeepStrictEqual(states(made).sort(), end));
});

it('runs its jobs, with the reasons of pipeline.lock, also if the file breaks meanwhile', async () => {
  const made = onEngine(`stages:
  a: { cmd: "echo ======= >> pipeline.lock; touch a", outs: [a] }
  b: { cmd: touch b, deps: [a], outs: [b] }
`);
  const run = await made.run();
  expect([run.code, run.with('ran')], run.out + run.err).toEqual([1, ['a', 'b']]);
  expect(run.out).toContain('pipeline.lock contains a merge conflict');
  const lost = { reason: 'its result is not in the cache' };
  for (const name of ['a', 'b', 'cache', 'pipeline.lock']) made.remove(name);
  made.write('pipeline.yaml', 'stages:\n  b: { cmd: touch b, outs: [b] }\n');
  await made.run();
  for (const name of ['b', 'cache']) made.remove(name);
  expect((await made.run()).items.b).toMatchObject(lost);
});

it('must exist if the command line or PIPE_EXECUTOR names it, even if nothing has to run', async () => {
  const made = onEngine('stages:\n  s: { cmd: touch s, outs: [s] }\n');
  expect((await made.run('--executor', 'local')).with('ran')).toEqual(['s']);
  const told = 'error: unknown executor "queu" (unknown-executor)\n  did you mean "queue"?\n';
  for (const options of [[], ['--dry'], ['--frozen'], ['--force']])
    expect(await made.pipe('run', ...options, '--executor', 'queu')).toMatchObject({
      ...{ code: 2, err: told },
    });
  const asked = () => made.pipe('run');
  expect(await asked()).toMatchObject({ code: 0, out: FRESH });
  expect(await asked()).toMatchObject({ code: 0, out: FRESH });
  made.write('pipe.local.yaml', SITE.replace('queue:', 'other:'));
  expect(await asked()).toMatchObject({
    code: 2,
    err: expect.stringContaining('unknown executor "queue"'),
  });
});

const FRESH = 'pipe: 0 ran, 0 restored, 1 fresh\n';

it('may be named by a stage: an unknown name is reported with its place, before anything runs', async () => {
  const made = onEngine('stages:\n  s: { cmd: touch s, outs: [s], executor: queu }\n');
  const run = await made.run();
  expect(run.code).toBe(2);
  expect(run.err).toContain(
    'pipeline.yaml:2:43: error: unknown executor "queu" (unknown-executor)',
  );
  expect(run.err).toContain('did you mean "queue"?');
  expect(existsSync(made.path('s'))).toBe(false);
});

it('is reported for each stage with an unknown name, even if nothing has to run', async () => {
  const stages = (executor: string) => `stages:
  s: { cmd: touch s, outs: [s]${executor} }
  t: { cmd: touch t, deps: [s], outs: [t]${executor} }
  u: { cmd: touch u, outs: [u] }
`;
  const made = onEngine(stages(''));
  expect((await made.run('--executor', 'local')).with('ran')).toEqual(['s', 't', 'u']);
  made.write('pipeline.yaml', stages(', executor: queu'));
  for (const options of [[], ['--dry'], ['--force'], ['--only', 't', 's']]) {
    const { code, out, err } = await made.pipe('run', ...options);
    expect([code, out], err).toEqual([2, '']);
    expect(err).toMatch(/^pipeline\.yaml:2:43: .*\n.*\n.*\n.*\n\npipeline\.yaml:3:54: .*"queu"/);
  }
  expect((await made.pipe('run', 'u')).out).toBe(FRESH);
  expect((await made.pipe('run', '--frozen')).code).toBe(0);

  made.write('pipeline.yaml', stages(', executor: queue'));
  for (const _ of [1, 2]) expect((await made.pipe('run')).out).toBe(ALL_FRESH);
  made.remove('pipe.local.yaml');
  delete made.env.PIPE_EXECUTOR;
  expect((await made.pipe('run')).err).toContain('unknown executor "queue"');
  expect((await made.pipe('run', '--frozen')).code).toBe(0);
});

const ALL_FRESH = 'pipe: 0 ran, 0 restored, 3 fresh\n';

it('says what to correct if it refuses a job, and continues with the others', async () => {
  const made = onEngine(`stages:
  a: { cmd: touch a, outs: [a], executor: closed, slurm: -q x }
  b: { cmd: touch b, outs: [b] }
`);
  const closed = `echo "no such queue." >&2; false \${name} \${script}`;
  made.write(
    'pipe.local.yaml',
    `${SITE}  closed: { submit: '${closed}', status: "true", cancel: "true \${ids}" }\n`,
  );
  const run = await made.run('-k');
  expect([run.code, run.with('ran'), run.items.a?.failure?.message]).toEqual([
    1,
    ['b'],
    'closed refuses the job: no such queue: correct "-q x" in `slurm` of a (pipeline.yaml:2:58), or the command `submit` of closed (pipeline.yaml:2:43) in pipe.local.yaml',
  ]);
});

it('says that its own command, not the batch system, stops a job', async () => {
  const made = onEngine('stages: { a: { cmd: touch a, outs: [a], executor: closed } }\n');
  made.write(
    'pipe.local.yaml',
    `${SITE}  closed: { submit: 'qsubb \${name} \${script}', status: "true", cancel: "true \${ids}" }\n`,
  );
  const run = await made.run();
  expect(run.items.a?.failure?.message).toMatch(
    /^the command `submit` of closed finds no program: .*qsubb.*not found: correct the command `submit` of closed \(pipeline\.yaml:1:51\) in pipe\.local\.yaml$/,
  );
});

it('says that pipe, not Slurm, refuses an option, and where it is', async () => {
  const made = project({
    'pipeline.yaml': `stages:
  a: { cmd: touch a, outs: [a], executor: slurm, slurm: "-q day --array=0-3" }
`,
  });
  for (const name of ['sbatch', 'squeue', 'scancel']) {
    made.write(`bin/${name}`, `#!/bin/sh\ntest ${name} != sbatch || touch called\n`);
    chmodSync(made.path(`bin/${name}`), 0o755);
  }
  made.env.PATH = `${made.path('bin')}:${process.env.PATH}`;
  const run = await made.run();
  expect([run.code, run.items.a?.failure?.message, existsSync(made.path('called'))]).toEqual([
    1,
    'pipe refuses the job: --array cannot be used: pipe divides the items into jobs itself: correct --array=0-3 in `slurm` of a (pipeline.yaml:2:57)',
    false,
  ]);
});

it('is an immediate error if Slurm is not installed', async () => {
  const made = project({
    'pipeline.yaml': 'stages:\n  s: { cmd: touch s, outs: [s], executor: slurm }\n',
  });
  mkdirSync(made.path('empty'));
  made.env.PATH = made.path('empty');
  const run = await made.run();
  expect([run.code, run.err]).toEqual([
    2,
    expect.stringContaining('pipeline.yaml:2:43: error: this machine has no `sbatch` in PATH'),
  ]);
});

it('applies the options of the command in its jobs', async () => {
  const made = onEngine('stages: { wrong: { cmd: "touch wrong.txt", outs: [wrong.txt] } }\n');
  made.write(
    'pipelines/other.yaml',
    `params: { lr: 1, size: small }
profiles: { large: { size: large } }
stages:
  a:
    matrix: { n: [1, 2] }
    cmd: echo "\${lr} \${size} \${n} $SEED" > \${outs.o}
    env: [SEED]
    outs: { o: "out/\${n}.txt" }
`,
  );
  delete made.env.PIPE_EXECUTOR;
  Object.assign(made.env, { SEED: '7' });
  const file = ['--file', 'other.yaml'];
  const options = ['--profile', 'large', '--set', 'lr=2', '--remote', 'off'];
  const words = ['-C', 'pipelines', 'run', '--json', ...file, ...options];
  const far = await made.pipe(...words, '--executor', 'queue');
  expect(outcomeOf(far.out).with('ran'), far.out + far.err).toEqual(['a@1', 'a@2']);
  expect([made.read('out/1.txt'), made.read('out/2.txt')]).toEqual([
    '2 large 1 7\n',
    '2 large 2 7\n',
  ]);
  const here = await made.pipe(...words);
  expect(outcomeOf(here.out).with('fresh'), here.out + here.err).toEqual(['a@1', 'a@2']);
  expect(states(made).length).toBe(2);
});

it('finds the job of a killed run, and cancels it on Ctrl-C', async () => {
  const made = onEngine(
    'stages: { a: { cmd: "echo x >> ran.log; until test -e go; do sleep 0.1; done", outs: [a.txt] } }\n',
  );
  const first = made.start('run', '--json');
  await first.event((event) => event.type === 'start');
  first.kill('SIGKILL');
  await first.ended;
  expect((await made.pipe('status')).out).toMatch(/^a +stale +running on .*, queue job 1\n$/);
  const second = made.start('run', '--json');
  await second.event((event) => event.type === 'start');
  second.kill('SIGINT');
  expect((await second.ended).code).toBe(130);
  expect([made.lines('ran.log'), states(made)]).toEqual([['x'], ['cancelled']]);
});

it('supports --detach if its jobs can wait for each other', async () => {
  const made = onEngine(`stages:
  a: { cmd: until test -e go; do sleep 0.1; done; echo x > a.txt, outs: [a.txt] }
  b: { cmd: cat a.txt > b.txt, deps: [a.txt], outs: [b.txt] }
`);
  const left = await made.run('--detach');
  expect([left.code, left.items.a?.reason, left.items.b?.reason], left.out + left.err).toEqual([
    0,
    'queue job 1',
    'queue job 2, after 1',
  ]);
  made.write('go', '');
  await until(() => states(made).every((state) => state === 'done'));
  expect((await made.run()).with('fresh')).toEqual(['a', 'b']);
  made.write('pipe.local.yaml', SITE.replace(/\n {4}options.*/, ''));
  const refused = await made.run('--detach', '--force');
  expect([refused.code, refused.err]).toEqual([
    2,
    'error: --detach: jobs of queue cannot wait for each other (nothing-to-detach)\n  set options.after of queue in pipe.local.yaml\n',
  ]);
});

it('submits a job again with --detach if it would wait for a replaced job, or for one that its item no longer needs', async () => {
  const pipeline = (items: string, cmd: string) => `stages:
  draw:
    matrix: { n: ${items} }
    cmd: until test -e go; do sleep 0.1; done; ${cmd}
    outs: { o: "out/\${n}.txt" }
  sum: { cmd: cat out/*.txt > sum.txt, deps: ["out/*.txt"], outs: [sum.txt] }
`;
  const made = onEngine(pipeline('[1, 2]', 'echo ${n} > ${outs.o}'));
  const detached = async () => {
    const { events } = await made.run('--detach');
    const ends = events.flatMap((event) => (event.type === 'item' ? (event.reason ?? []) : []));
    const [sum = '', ...draws] = ends.map((each) => each.replace('queue job ', '')).reverse();
    const [own, after = ''] = sum.split(', after ');
    return { own, draws: draws.sort(), after: after.split(', ').sort() };
  };
  for (const _ of ['once', 'again'])
    expect(await detached()).toEqual({ own: '3', draws: ['1', '2'], after: ['1', '2'] });
  made.write('pipeline.yaml', pipeline('[1, 2]', 'echo 1${n} > ${outs.o}'));
  expect(await detached()).toEqual({ own: '6', draws: ['4', '5'], after: ['4', '5'] });
  made.write('pipeline.yaml', pipeline('[1]', 'echo 1${n} > ${outs.o}'));
  const { own, draws, after } = await detached();
  expect([own, draws]).toEqual(['7', after]);
  made.write('go', '');
  await until(() => states(made)[6] === 'done');
  expect((await made.run()).with('fresh')).toEqual(['draw@1', 'sum']);
  expect(made.read('sum.txt')).toBe('11\n');
});

it('shows what its job found that differs from the run', async () => {
  const made = onEngine(
    'stages: { a: { cmd: "echo $SEED > a.txt", env: [SEED], outs: [a.txt] } }\n',
  );
  made.env.SEED = '7';
  made.write('pipe.local.yaml', SITE.replace('latency: 10s', 'setup: SEED=8\n    latency: 1s'));
  const run = await made.run();
  expect([run.code, run.items.a?.failure?.message]).toEqual([
    1,
    'its job computed something else (env SEED 8 → 7): if you edited files meanwhile, run again; otherwise give `pipe run` and its jobs the same environment',
  ]);
});

it('is tried by a job of pipe doctor --executor, which changes nothing in the project', async () => {
  const made = onEngine('stages: { a: { cmd: "echo x > a.txt", outs: [a.txt] } }\n');
  const words = ['doctor', '--executor', 'queue'];
  for (const _ of ['once', 'again']) {
    const good = await made.pipe(...words);
    expect([good.code, good.out]).toEqual([
      0,
      expect.stringMatching(/^ok {3}queue: a trial job ran on \S+, \d+ s after it was submitted$/m),
    ]);
  }
  expect([states(made).length, existsSync(made.path('a.txt'))]).toEqual([2, false]);
  made.write('pipe.local.yaml', SITE.replace('latency: 10s', 'setup: exit 3\n    latency: 1s'));
  const bad = await made.pipe(...words);
  expect([bad.code, bad.out]).toEqual([
    2,
    expect.stringContaining('BAD  queue: the trial job: its job ended without a result (queue: '),
  ]);
  expect((await made.pipe('doctor', '--executor', 'queu')).out).toContain('did you mean "queue"?');
});
