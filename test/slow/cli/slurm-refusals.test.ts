/** Jobs that a real Slurm refuses, and nodes with different GPUs. */
import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { expect, it } from 'vitest';
import { onSlurm } from '../../rig/on-slurm.js';
import type { Project } from '../../rig/project.js';
import { project } from '../../rig/projects.js';

/** Each cell of `draw` requests what its node has. */
const GPUS = `stages:
  large:
    cmd: echo "$SLURMD_NODENAME $CUDA_VISIBLE_DEVICES" > large.txt
    outs: [large.txt]
    resources: { gpu: 2 }
    slurm: --gres=gpu:a100:2
  small:
    matrix: { n: [1, 2] }
    cmd: touch here.\${n}; until test $(ls here.* | wc -l) = 2; do sleep 0.1; done; echo "$SLURMD_NODENAME $CUDA_VISIBLE_DEVICES" > \${outs.o}
    outs: { o: "small.\${n}.txt" }
    resources: { gpu: 1 }
    slurm: --gres=gpu:t4:1
  absent: { cmd: echo x > x.txt, outs: [x.txt], resources: { gpu: 1 }, slurm: "--gres=gpu:v100:1" }
  any: { cmd: echo x > y.txt, outs: [y.txt], resources: { gpu: 1 } }
`;

/** One stage with these keys. */
const stage = (keys: string) => `stages:
  a:
    cmd: echo x > a.txt
    outs: [a.txt]
    ${keys}
  other: { cmd: echo x > b.txt, outs: [b.txt] }
`;

const DIFFERENT = { gpus: ['a100', 't4'], settings: { EnforcePartLimits: 'ALL' } };

onSlurm({ nodes: 2, cluster: DIFFERENT, timeout: 120_000 }, (cluster) => {
  function onCluster(pipeline: string): Project {
    const made = project({
      'pipeline.yaml': pipeline,
      'pipe.local.yaml': 'slurm: { latency: 5s, flags: --partition=batch }\n',
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    return made;
  }

  /** As a site with accounting does, which the rig lacks, for jobs with these options. */
  function refusing(made: Project, words: string, said: string): void {
    const real = execFileSync('which', ['sbatch'], { encoding: 'utf8' }).trim();
    made.write(
      'bin/sbatch',
      `#!/bin/sh\ncase "$*" in *${words}*) printf '${said}' >&2; exit 1;; esac\nexec ${real} "$@"\n`,
    );
    chmodSync(made.path('bin/sbatch'), 0o755);
    made.env.PATH = `${made.path('bin')}:${cluster().env.PATH}`;
  }

  it('gives each item the type of GPU that it requests, and continues after a type that no node has', async () => {
    const made = onCluster(GPUS);
    const run = await made.run('-k');
    expect([run.code, run.with('ran'), run.with('failed')], run.out + run.err).toEqual([
      ...[1, ['large', 'small@1', 'small@2', 'any'], ['absent']],
    ]);
    expect(made.read('large.txt')).toBe('n1 0,1\n');
    const small = [made.read('small.1.txt'), made.read('small.2.txt')];
    expect(small.sort()).toEqual(['n2 0\n', 'n2 1\n']);
    expect(run.items.absent?.failure?.message).toMatch(
      /^Slurm (?:refuses the job: Requested node configuration is not available|will never start job \d+ \(BadConstraints\)): correct --gres=gpu:v100:1 in `slurm` of absent \(pipeline\.yaml:13:79\)$/,
    );
  });

  it.each([
    ['resources: { time: 3h }', /time limit is invalid.*: correct `time` in .*\.yaml:5:24\)$/],
    [
      'resources: { gpu: 5 }',
      /(?:configuration is not .*|\(BadConstraints\)): correct `gpu` in .*\.yaml:5:23\)$/,
    ],
    ['resources: { cpu: 40 }', /More processors .*: correct `cpu` in .*\.yaml:5:23\)$/],
    ['slurm: -C a100', /Invalid feature .*: correct -C a100 in `slurm` of a \(.*\.yaml:5:12\)$/],
    ['slurm: --mem=1T', /: correct --mem=1T in `slurm` of a \(pipeline\.yaml:5:12\)$/],
    ['slurm: --mem=much', /Invalid --mem .*: correct --mem=much in `slurm` of a \(/],
    ['slurm: --nonsense', /unrecognized option '--nonsense.*: correct --nonsense in `slurm` of/],
  ])('says what to correct for %s, and continues with the others', async (keys, message) => {
    const made = onCluster(stage(keys));
    const run = await made.run('-k');
    expect([run.code, run.with('ran'), run.with('failed')]).toEqual([1, ['other'], ['a']]);
    expect(run.items.a?.failure?.message).toMatch(message);
  });

  it.each([
    ['--account=x', 'Invalid account or account/partition combination specified', '--account=x'],
    ['--qos x', 'Invalid qos specification', '--qos x'],
  ])(
    'names %s, whether it is from the stage, the environment or the site',
    async (flags, said, named) => {
      const made = onCluster(stage(''));
      const sbatch = `sbatch: error: Batch job submission failed: ${said}\\n`;
      refusing(made, flags.replace(' ', '*'), sbatch);
      const failure = async () => (await made.run('a')).items.a?.failure?.message;
      made.env.PIPE_SLURM = flags;
      expect(await failure()).toContain(`${said}: correct ${named} in PIPE_SLURM`);
      made.write('pipeline.yaml', stage(`slurm: ${flags}`));
      expect(await failure()).toContain(`correct ${named} in \`slurm\` of a (pipeline.yaml:5:12)`);
      made.write('pipeline.yaml', stage(''));
      made.env.PIPE_SLURM = '';
      made.write('pipe.local.yaml', `slurm: { flags: ${flags} }\n`);
      expect(await failure()).toContain(`correct ${named} in \`flags\` in pipe.local.yaml`);
    },
  );

  it.each([
    ['QOSMaxWallDurationPerJobLimit', 'correct `time` in `resources` of a (pipeline.yaml:5:24)'],
    ['AssocMaxSubmitJobLimit', 'lower `jobs` in pipe.local.yaml'],
    ['QOSMinCpuNotSatisfied', 'set --cpus-per-task in `slurm` of a, in PIPE_SLURM, or in '],
  ])('reads the name of the limit %s', async (limit, cure) => {
    const made = onCluster(stage('resources: { time: 30m }'));
    const policy = `Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)`;
    refusing(
      made,
      '--time=30',
      `sbatch: error: ${limit}\\nsbatch: error: Batch job submission failed: ${policy.replace("'", `'"'"'`)}\\n`,
    );
    const run = await made.run('-k');
    expect(run.with('ran')).toEqual(['other']);
    expect(run.items.a?.failure?.message).toContain(`${limit}; `);
    expect(run.items.a?.failure?.message).toContain(`: ${cure}`);
  });

  it('says what to set if an account lacks', async () => {
    const made = onCluster(stage(''));
    refusing(made, 'pipe-', 'sbatch: error: Invalid account specified\\n');
    const run = await made.run();
    expect([run.code, run.items.a?.failure?.message]).toEqual([
      1,
      'Slurm refuses the job: Invalid account specified: set --account in `slurm` of a, in PIPE_SLURM, or in `flags` of pipe.local.yaml',
    ]);
  });
});
