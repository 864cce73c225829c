/** Jobs of a real Slurm that exceed their memory while they commit an epoch. */
import { expect, it } from 'vitest';
import { onSlurm } from '../../rig/on-slurm.js';
import type { Project } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import { type Cluster, missingForMemoryLimits } from '../../rig/slurm.js';

/** In the middle of the commit of epoch 3, takes 600 MB, unless its job may have a gigabyte. */
const TRAIN = `
import os, pathlib, time
commits, state = (pathlib.Path(os.environ[name]) for name in ("PIPE_COMMIT", "PIPE_STATE"))
epoch = int(os.environ["PIPE_EPOCH"])
value = (state / "value").read_text() if epoch else "0"
while epoch < int(os.environ["PIPE_EPOCHS"]):
    epoch += 1
    with open("epochs.log", "a") as log:
        print(epoch, file=log)
    value += f" {epoch}"
    (commits / "new").mkdir()
    (commits / "new" / "value").write_text(value)
    if epoch == 3 and int(os.environ["SLURM_MEM_PER_NODE"]) < 1024:
        large = bytearray(600 << 20)
        time.sleep(60)
    (commits / "new").rename(commits / str(epoch))
    while (commits / str(epoch)).exists():
        time.sleep(0.05)
pathlib.Path("model.txt").write_text(value)
`;

const training = (memory: string) => `stages:
  train:
    cmd: python3 train.py
    deps: [train.py]
    outs: [model.txt]
    epochs: 4
    retries: 2
    resources: { memory: ${memory} }
`;

function trainingOn(cluster: Cluster): Project {
  const made = project({
    'train.py': TRAIN,
    'pipeline.yaml': training('300M'),
    'pipe.local.yaml': 'slurm: { latency: 3s }\n',
  });
  Object.assign(made.env, cluster.env, { PIPE_EXECUTOR: 'slurm' });
  return made;
}

async function keepsTwoEpochs(made: Project, message: RegExp): Promise<void> {
  const short = await made.run();
  expect([short.code, short.items.train?.failure?.message]).toEqual([
    1,
    expect.stringMatching(message),
  ]);
  const completed = short.events.flatMap((each) => (each.type === 'epoch' ? [each.epoch] : []));
  expect(completed).toEqual([1, 2]);
  const tried = made.lines('epochs.log').length;
  made.write('pipeline.yaml', training('1500M'));
  const run = await made.run();
  expect([run.code, run.with('ran')], run.out + run.err).toEqual([0, ['train']]);
  expect(made.lines('epochs.log').slice(tried)).toEqual(['3', '4']);
  expect(made.read('model.txt')).toBe('0 1 2 3 4');
}

const missing = missingForMemoryLimits();

onSlurm({ nodes: 1, cluster: { limitsMemory: true }, missing, timeout: 120_000 }, (cluster) => {
  it('keeps earlier epochs if the kernel kills the process during a commit', async () => {
    const made = trainingOn(cluster());
    await keepsTwoEpochs(
      made,
      /^out of memory \(Slurm: OUT_OF_MEMORY\): raise resources\.memory \(300M\)$/,
    );
  });

  it('shows the end of the log of such a process, and says what to set if there is no limit', async () => {
    const made = trainingOn(cluster());
    made.write('pipeline.yaml', training('0').replace(/^.*(?:epochs|resources).*\n/gm, ''));
    made.write(
      'train.py',
      'import os\nprint("step 7", flush=True)\nlarge = bytearray(600 << 20)\n',
    );
    made.env.PIPE_SLURM = '--mem=300M';
    const run = await made.run();
    expect([run.code, run.items.train?.failure]).toMatchObject([
      1,
      {
        message: 'out of memory (Slurm: OUT_OF_MEMORY): set resources.memory',
        tail: expect.arrayContaining(['step 7']),
        log: expect.stringContaining('train'),
      },
    ]);
  });
});

onSlurm({ nodes: 1, timeout: 120_000 }, (cluster) => {
  it('keeps earlier epochs if Slurm ends the whole job during a commit', async () => {
    const made = trainingOn(cluster());
    await keepsTwoEpochs(
      made,
      /^out of memory \(Slurm: (?:OUT_OF_MEMORY|FAILED)\): raise resources\.memory \(300M\)$/,
    );
  });
});
