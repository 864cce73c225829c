/** A real Slurm whose nodes, or the machine of the run, have a clock that is an hour ahead or behind. */
import { expect, it } from 'vitest';
import { onSlurm } from '../rig/on-slurm.js';
import { outcomeOf, type Project } from '../rig/project.js';
import { project } from '../rig/projects.js';
import { until } from '../rig/until.js';
import {
  firstAhead,
  missingForWrongClocks,
  wrongClock,
  wrongClockLine,
} from '../rig/wrong-clock.js';

/** The cells wait for each other, so that both nodes execute some. Each notes its clock. */
const PIPELINE = `stages:
  first: { cmd: "date +'first %s' >> clocks.log; cat in.txt > first.txt", deps: [in.txt], outs: [first.txt] }
  draw:
    matrix: { n: [1, 2, 3, 4] }
    cmd: >-
      date +'draw %s' >> clocks.log; touch here.\${n}; until test $(ls here.* | wc -l) = 4; do sleep 0.1; done;
      cat first.txt > \${outs.o}
    deps: [first.txt]
    outs: { o: "out/\${n}.txt" }
    resources: { gpu: 1 }
  sum: { cmd: "date +'sum %s' >> clocks.log; cat out/*.txt > sum.txt", deps: ["out/*.txt"], outs: [sum.txt] }
`;

/** The first process waits after epoch 2 until it is ended. */
const TRAIN = `#!/bin/sh -e
epoch=$PIPE_EPOCH
text=$(cat "$PIPE_STATE/text" 2> /dev/null || echo 0)
while [ "$epoch" -lt "$PIPE_EPOCHS" ]; do
  until [ "$epoch" != 2 ] || [ "$PIPE_EPOCH" = 2 ]; do sleep 0.1; done
  epoch=$((epoch + 1))
  date +"$epoch %s" >> clocks.log
  text="$text $epoch"
  mkdir "$PIPE_COMMIT/new"
  echo "$text" > "$PIPE_COMMIT/new/text"
  mv "$PIPE_COMMIT/new" "$PIPE_COMMIT/$epoch"
  while [ -e "$PIPE_COMMIT/$epoch" ]; do sleep 0.05; done
done
echo "$text" > model.txt
`;

const RIGHT = 'unset LD_PRELOAD FAKETIME';
const BY_NODE = `if test "$SLURMD_NODENAME" = n1; then ${wrongClockLine('+1h')}; else ${wrongClockLine('-1h')}; fi`;

/** On a busy machine, Slurm would otherwise give a node up, and an item would run twice. */
const PATIENT = { settings: { MessageTimeout: 30, SlurmdTimeout: 60 } };

const rig = { nodes: 2, cluster: PATIENT, missing: missingForWrongClocks(), timeout: 120_000 };

onSlurm(rig, (cluster) => {
  function onCluster(setup: string, files: Readonly<Record<string, string>>): Project {
    const made = project({
      'pipe.local.yaml': `slurm:\n  latency: 5s\n  setup: |\n    ${setup}\n`,
      ...files,
    });
    Object.assign(made.env, cluster().env, { PIPE_EXECUTOR: 'slurm' });
    return made;
  }

  /** What noted its clock, with the hours by which that clock is wrong. */
  const notes = (made: Project) =>
    made.lines('clocks.log').map((line) => {
      const [name = '', seconds] = line.split(' ');
      return [name, Math.round((Number(seconds) - Date.now() / 1000) / 3600)] as const;
    });

  it.each([
    ['the clocks of the nodes are wrong', BY_NODE, wrongClock('+0'), [-1, 1]],
    ['the clock of the run is ahead', RIGHT, wrongClock('+1h'), [0]],
    ['the clock of the run is behind', RIGHT, wrongClock('-1h'), [0]],
  ])('computes each item once when %s', async (_what, setup, env, hours) => {
    const made = onCluster(setup, { 'pipeline.yaml': PIPELINE, 'in.txt': 'x\n' });
    Object.assign(made.env, env);
    const first = await made.run();
    expect([first.code, first.with('ran').length], first.out + first.err).toEqual([0, 6]);
    const draws = notes(made).filter(([name]) => name === 'draw');
    expect([...new Set(draws.map(([, hour]) => hour))].sort()).toEqual([...hours].sort());
    // From an answer that an earlier run stored, at another time or at this one.
    for (const FAKETIME of ['+0', env.FAKETIME, env.FAKETIME]) {
      Object.assign(made.env, { FAKETIME });
      expect((await made.run()).with('fresh').length).toBe(6);
    }
    expect((await made.pipe('cache', 'gc')).code).toBe(0);
    made.remove('sum.txt');
    expect((await made.run()).with('restored')).toEqual(['sum']);
    expect((await made.pipe('cache', 'verify')).code).toBe(0);
    made.write('in.txt', 'y\n');
    expect((await made.run()).with('ran').length).toBe(6);
    expect([notes(made).length, made.read('sum.txt')]).toEqual([12, 'y\ny\ny\ny\n']);
  });

  it('continues a training on a node whose clock is two hours behind that of the last one', async () => {
    const made = onCluster(firstAhead('first-job'), {
      'train.sh': TRAIN,
      'pipeline.yaml':
        'stages: { train: { cmd: sh train.sh, deps: [train.sh], outs: [model.txt], epochs: 4 } }\n',
    });
    const running = made.start('run', '--json');
    await running.event((event) => event.type === 'epoch' && event.epoch === 2);
    const [job = ''] = cluster().call('squeue', '-h', '--me', '-o', '%A').split('\n');
    cluster().call('scancel', '--batch', '--signal=TERM', job);
    const { code, out, err } = await running.ended;
    expect([code, outcomeOf(out).with('ran')], out + err).toEqual([0, ['train']]);
    expect(notes(made)).toEqual([
      ['1', 1],
      ['2', 1],
      ['3', -1],
      ['4', -1],
    ]);
    expect(made.read('model.txt')).toBe('0 1 2 3 4\n');
  });

  it.each(['+1h', '-1h'])('respects the lock of a job whose clock is at %s', async (offset) => {
    const made = onCluster(wrongClockLine(offset), {
      'pipeline.yaml':
        'stages: { a: { cmd: "date +\'a %s\' >> clocks.log; until test -e go; do sleep 0.1; done; echo x > a.txt", outs: [a.txt] } }\n',
    });
    const there = made.start('run', '--json');
    await until(() => made.lines('clocks.log').length > 0);
    const here = made.start('run', '--json', '--executor', 'local');
    await here.event((event) => event.type === 'waiting');
    made.write('go', '');
    const ends = await Promise.all([there.ended, here.ended]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(notes(made)).toEqual([['a', offset === '+1h' ? 1 : -1]]);
  });
});
