/** A command that reads the params file itself, while `--set` or a profile overrides a param. */
import { expect, it } from 'vitest';
import type { RunOutcome } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

const FILES = {
  'params.yaml': 'train: { rate: 0.1, epochs: 8 }\nother: 1\n',
  'tools/train.sh': 'cat params.yaml > "$1"\n',
  'tools/good.sh': 'cat "$PIPE_CONTEXT" || cat params.yaml\n',
  'pipeline.yaml': `params: [params.yaml, { mine: 1 }]
profiles: { fast: { train: { rate: 0.5 } } }
stages:
  script:
    cmd: sh tools/train.sh \${outs.o}
    params: [train, mine]
    outs: { o: cache/out/script }
  named:
    cmd: cat params.yaml > \${outs.o}
    params: [train.epochs]
    outs: { o: cache/out/named }
  given:
    cmd: grep epochs params.yaml > \${outs.o}; echo \${train.rate} >> \${outs.o}
    params: [train.rate]
    outs: { o: cache/out/given }
  good:
    cmd: sh tools/good.sh > \${outs.o}
    params: [train]
    outs: { o: cache/out/good }
  elsewhere:
    cmd: echo old/params.yaml params.yaml.bak > \${outs.o}
    params: [train]
    outs: { o: cache/out/elsewhere }
  unnamed:
    cmd: cat params.yaml > \${outs.o}
    outs: { o: cache/out/unnamed }
`,
};

const made = () => projectWithin(FILES);

function warnings({ events }: RunOutcome): readonly string[] {
  return events.flatMap((event) =>
    event.type === 'warning' ? [`${event.item}: ${event.message}`] : [],
  );
}

it('causes one warning for each item that runs, and only if it reads an old value', async () => {
  const project = made();
  const set = ['--set', 'train.rate=1', '--set', 'train.epochs=9', '--set', 'mine=2'];
  const first = await project.run('--concurrency', '1', ...set);
  expect([...warnings(first)].sort()).toEqual([
    'named: its command names params.yaml, but --set train.epochs=9 changes train.epochs only in the params that pipe passes on: read train.epochs from the JSON file that PIPE_CONTEXT names, not from params.yaml',
    'script: tools/train.sh names params.yaml, but --set train.rate=1 changes train.rate only in the params that pipe passes on: read train.rate from the JSON file that PIPE_CONTEXT names, not from params.yaml',
  ]);
  expect(warnings(await project.run(...set))).toEqual([]);
});

it('causes a warning for a profile too', async () => {
  const [warning, ...more] = warnings(await made().run('--profile', 'fast'));
  expect(warning).toContain('script: tools/train.sh names params.yaml, but the profile "fast"');
  expect(more).toEqual([]);
});

it('causes no warning without a change, with the same value, or for a param of pipeline.yaml', async () => {
  expect(warnings(await made().run())).toEqual([]);
  expect(warnings(await made().run('--set', 'train.rate=0.1'))).toEqual([]);
  expect(warnings(await made().run('--set', 'mine=2'))).toEqual([]);
});
