/**
 * Peculiarities of sites and users of a real Slurm: small limits, programs with extra output,
 * difficult paths, runs inside jobs.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { onSlurm } from '../../rig/on-slurm.js';
import { BIN, outcomeOf, type Project, startIn } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import { until } from '../../rig/until.js';

const ONE = 'stages: { a: { cmd: "echo x >> ran.log; echo x > a.txt", outs: [a.txt] } }\n';

const DRAW = `stages:
  draw:
    matrix: { n: [1, 2, 3, 4, 5] }
    cmd: echo "\${n}" > \${outs.o}
    outs: { o: "out/\${n}.txt" }
`;

onSlurm({ nodes: 2, cluster: { settings: { MaxArraySize: 3 } }, timeout: 120_000 }, (cluster) => {
  function onCluster(pipeline: string): Project {
    const made = project({
      'pipeline.yaml': pipeline,
      'pipe.local.yaml': 'slurm: { latency: 5s }\n',
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    return made;
  }

  /** A program before Slurm's own: `$real` is that one. */
  function wrap(made: Project, name: string, script: string): void {
    const real = execFileSync('which', [name], { encoding: 'utf8' }).trim();
    made.write(`bin/${name}`, `#!/bin/sh\nreal=${real}\n${script}\n`);
    chmodSync(made.path(`bin/${name}`), 0o755);
    made.env.PATH = `${made.path('bin')}:${cluster().env.PATH}`;
  }

  it('divides an array that is larger than the site allows', async () => {
    const made = onCluster(DRAW);
    wrap(made, 'sbatch', 'for word; do echo "$word" >> words.log; done; exec "$real" "$@"');
    const run = await made.run();
    expect([run.code, run.with('ran').length], run.out + run.err).toEqual([0, 5]);
    const arrays = made.lines('words.log').filter((word) => word.startsWith('--array'));
    expect(arrays).toEqual(['--array=0-4', '--array=0-2', '--array=0-1']);
  });

  it('reads the number of a job within the output of a site', async () => {
    const made = onCluster(ONE);
    wrap(made, 'sbatch', 'echo "Welcome to 2 clusters"; "$real" "$@"; echo "Quota: 90 %" >&2');
    wrap(made, 'squeue', 'echo "Welcome | to | 2 | clusters"; exec "$real" "$@"');
    const left = await made.run('--detach');
    expect(left.items.a?.reason, left.out + left.err).toMatch(/^Slurm job \d+$/);
    const run = await made.run();
    expect([run.code, made.lines('ran.log')], run.out + run.err).toEqual([0, ['x']]);
  });

  it('continues with its job after one incomplete list of jobs', async () => {
    const made = onCluster(`stages:
  train:
    cmd: sh train.sh
    deps: [train.sh]
    outs: [m.txt]
    epochs: 2
`);
    made.write(
      'train.sh',
      `#!/bin/sh -e
epoch=$PIPE_EPOCH
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  epoch=$((epoch + 1))
  [ "$epoch" = 1 ] || until test -e listed; do sleep 0.1; done
  echo "$SLURM_JOB_ID" >> jobs.log
  mkdir "$PIPE_COMMIT/new"
  mv "$PIPE_COMMIT/new" "$PIPE_COMMIT/$epoch"
done
echo x > m.txt
`,
    );
    // `listed` appears with the second whole list after the one that was cut off.
    wrap(
      made,
      'squeue',
      `test -e cut && { if test -e cut.done; then echo x >> after; else touch cut.done; exit; fi; }
"$real" "$@"; test "$(cat after 2> /dev/null | wc -l)" -lt 2 || touch listed`,
    );
    const running = made.start('run', '--json');
    await running.event((event) => event.type === 'epoch');
    made.write('cut', '');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).with('ran')], out + err).toEqual([0, ['train']]);
    expect(new Set(made.lines('jobs.log')).size).toBe(1);
  });

  it('finds its jobs whatever defaults the user has for squeue', async () => {
    const made = onCluster(ONE.replace('echo x >>', 'sleep 15; echo x >>'));
    const defaults = { SQUEUE_PARTITION: 'high', SQUEUE_FORMAT2: 'JobID', SQUEUE_STATES: 'PD' };
    Object.assign(made.env, defaults);
    const run = await made.run();
    expect([run.code, made.lines('ran.log')], run.out + run.err).toEqual([0, ['x']]);
  });

  it('submits from within a job of an array, whose variables do not reach its jobs', async () => {
    const made = onCluster(
      'stages: { a: { cmd: "env | grep -E \'^(SLURM_ARRAY|SLURM_JOB_ID|CUDA)\' > a.txt", outs: [a.txt] } }\n',
    );
    const words = [process.execPath, BIN, 'run', '--executor', 'slurm'];
    const outer = cluster()
      .call(
        ...['env', '-C', made.root, 'sbatch', '--parsable', '--array=1', '--gres=gpu:1'],
        ...['-o', made.path('outer.txt'), `--wrap=${words.join(' ')}`],
      )
      .trim();
    await until(() => cluster().call('squeue', '-h', '--me', '-o', '%i').trim() === '');
    expect(made.read('outer.txt')).toMatch(/^pipe: 1 ran/m);
    const [own = '', ...others] = made.lines('a.txt').filter((line) => !/^CUDA\w+=$/.test(line));
    expect([own.startsWith('SLURM_JOB_ID='), others]).toEqual([true, []]);
    expect(own).not.toBe(`SLURM_JOB_ID=${outer}`);
  });

  it('runs in a folder whose name has spaces, quotes, and signs that Slurm replaces', async () => {
    const around = project();
    const root = path.join(around.root, `it's a "100%j" $HOME [x]`);
    mkdirSync(root);
    const files = { 'pipeline.yaml': DRAW, 'pipe.local.yaml': 'slurm: { latency: 5s }\n' };
    for (const [name, text] of Object.entries(files))
      around.write(path.join(path.basename(root), name), text);
    const { code, out, err } = await startIn(root, cluster().env, [
      ...['run', '--json', '--executor', 'slurm'],
    ]).ended;
    expect([code, outcomeOf(out).with('ran').length], out + err).toEqual([0, 5]);
    around.write(
      path.join(path.basename(root), 'pipe.local.yaml'),
      'slurm: { latency: 1s, setup: echo hello; exit 3 }\n',
    );
    const failed = await startIn(root, cluster().env, [
      ...['run', '--json', '--executor', 'slurm', '--force', 'draw@1'],
    ]).ended;
    expect(outcomeOf(failed.out).items['draw@1']?.failure?.tail).toEqual(['hello']);
  });

  it('submits one job for an item that two runs need at the same time', async () => {
    const made = onCluster(ONE.replace('echo x >>', 'sleep 2; echo x >>'));
    const runs = await Promise.all([made.run(), made.run()]);
    expect(
      runs.map(({ code }) => code),
      runs.map(({ out }) => out).join(''),
    ).toEqual([0, 0]);
    expect(runs.flatMap((each) => each.with('ran'))).toEqual(['a']);
    expect(made.lines('ran.log')).toEqual(['x']);
  });

  it('cancels a job whose submission has not returned when a signal kills the run', async () => {
    const made = onCluster(
      ONE.replace('echo x >>', 'until test -e go; do sleep 0.1; done; echo x >>'),
    );
    wrap(made, 'sbatch', '"$real" "$@"; touch submitted; until test -e answer; do sleep 0.1; done');
    const running = made.start('run', '--json');
    await until(() => existsSync(made.path('submitted')));
    running.kill('SIGQUIT');
    made.write('answer', '');
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).with('cancelled')], out + err).toEqual([130, ['a']]);
    await until(() => cluster().call('squeue', '-h', '--me', '-o', '%i').trim() === '');
    expect(made.lines('ran.log')).toEqual([]);
  });

  it('reports that a job was held or cancelled manually', async () => {
    const made = onCluster(ONE);
    made.env.PIPE_SLURM = '--hold';
    const running = made.start('run', '--json');
    const held = await running.event(
      (event) => event.type === 'waiting' && event.reason.startsWith('pending (JobHeld'),
    );
    const [, job = ''] = /Slurm job (\d+)/.exec(JSON.stringify(held)) ?? [];
    cluster().call('scancel', job);
    const { code, out } = await running.ended;
    expect([code, outcomeOf(out).items.a?.failure?.message]).toEqual([
      1,
      'its job was cancelled (Slurm: CANCELLED): completed epochs are kept; run again',
    ]);
  });
});
