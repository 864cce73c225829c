/** Items that need more than the machine has. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, expect, it } from 'vitest';
import { BIN, type Project, surroundings } from '../rig/project.js';
import { disposed } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';

function project(files: Readonly<Record<string, string>>, gpus: string): Project {
  const made = new ProjectWithin(files);
  made.env.PIPE_GPUS = gpus;
  return disposed(made);
}

const GPUS = `stages:
  words: { cmd: "tr a-z A-Z < in.txt > words.txt", deps: [in.txt], outs: [words.txt] }
  train:
    matrix: { set: [a, b] }
    cmd: cp words.txt \${outs.model}
    deps: [words.txt]
    outs: { model: "\${set}.txt" }
    resources: { gpu: 2 }
`;

describe('an item that needs more than the machine has', () => {
  it('cores and memory runs alone, with one warning for its stage', async () => {
    const made = project(
      {
        'pipeline.yaml': `stages:
  large:
    matrix: { n: [1, 2] }
    cmd: echo x > \${outs.o}
    outs: { o: "large-\${n}.txt" }
    resources: { cpu: 4096, memory: 1024T }
  small: { cmd: echo x > small.txt, outs: [small.txt] }
`,
      },
      '0',
    );
    const run = await made.run();
    expect([run.code, run.with('ran')]).toEqual([0, ['large@1', 'large@2', 'small']]);
    const warnings = run.events.flatMap((event) =>
      event.type === 'warning' ? [`${event.item}: ${event.message}`] : [],
    );
    expect(warnings).toEqual([
      expect.stringMatching(
        /^large@1: it asks for 4096 cores, but (?:this machine has|the cgroup or job of this run allows) \d+; for 1048576 GiB of memory, but (?:this machine has|the cgroup or job of this run allows) [\d.]+ GiB: it runs alone$/,
      ),
    ]);
    const steps = run.events.flatMap((event) =>
      event.type === 'start' || event.type === 'item' ? [`${event.type} ${event.item}`] : [],
    );
    for (const name of ['large@1', 'large@2'])
      expect(steps[steps.indexOf(`start ${name}`) + 1]).toBe(`item ${name}`);
  });

  it('GPUs is an error with its place, before anything changes', async () => {
    const made = project(
      { 'in.txt': 'a\n', 'words.txt': 'A\n', 'pipeline.yaml': GPUS.replace(/ {2}words.*\n/, '') },
      '1',
    );
    const { code, err } = await made.pipe('run');
    expect([code, err]).toEqual([
      2,
      `pipeline.yaml:7:23: error: train@a needs 2 GPUs, but this machine has 1; the same is true of 1 more item (too-many-gpus)
        resources: { gpu: 2 }
                          ~
  lower \`resources: { gpu: … }\`, or set PIPE_GPUS if pipe does not find all GPUs
`,
    ]);
    expect(made.lines('a.txt')).toEqual([]);
  });

  it('GPUs is not an error if its result is known, or becomes known', async () => {
    const made = project({ 'in.txt': 'a\n', 'pipeline.yaml': GPUS }, '2');
    expect((await made.run()).code).toBe(0);
    made.env.PIPE_GPUS = '1';
    made.remove('a.txt');
    expect((await made.run()).with('restored')).toEqual(['train@a']);
    made.write('in.txt', 'A\n');
    expect((await made.run()).with('ran')).toEqual(['words']);
    made.write('in.txt', 'b\n');
    const late = await made.run();
    expect([late.code, late.with('ran'), late.with('cancelled')]).toEqual([
      2,
      ['words'],
      ['train@a', 'train@b'],
    ]);
    expect(late.summary).toMatchObject({ ran: 1, cancelled: 2 });
    expect(made.read('pipeline.lock')).toContain(`key: ${late.items.words?.key}\n`);
    expect(late.err).toContain('train@a needs 2 GPUs, but this machine has 1');
  });
});

/** Whether sessions are groups of the scheduler here. */
const HAS_GROUPS = existsSync('/proc/self/autogroup');

it.skipIf(!HAS_GROUPS)(
  'the stages of `nice pipe run` are as nice as it, whatever their session',
  () => {
    // The tests may themselves be nice.
    const level = Math.min(19, getPriority() + 7);
    const isNice = `grep -q 'nice ${level}$' /proc/self/autogroup`;
    const made = project(
      {
        'stages/module.ts': `import { readFileSync } from 'node:fs';
export default async () => {
  while (!readFileSync('/proc/self/autogroup', 'utf8').endsWith('nice ${level}\\n'));
};
`,
        // Each ends only if its group becomes as nice as the run.
        'pipeline.yaml': `stages:
  shell: { cmd: "until ${isNice}; do :; done", outs: [] }
  module: { run: stages/module.ts, outs: [] }
`,
      },
      '0',
    );
    const { status, stderr } = spawnSync('nice', ['-n', '7', process.execPath, BIN, 'run'], {
      cwd: made.root,
      env: surroundings(made.env),
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect([status, stderr]).toEqual([0, '']);
  },
);
