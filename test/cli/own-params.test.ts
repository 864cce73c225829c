/** A command that reads the params file itself, and so may see other values than its key contains. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
    deps: [params.yaml]
    outs: { o: cache/out/unnamed }
`,
};

const made = () => projectWithin(FILES);

/** What each failed item says. */
function failures({ events }: RunOutcome): readonly string[] {
  return events.flatMap((event) =>
    event.type === 'item' && event.verdict === 'failed'
      ? [`${event.item}: ${event.failure?.message}`]
      : [],
  );
}

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
    'named: its command names params.yaml, where train.epochs is 8, and does not see the value 9 of this run: write ${train.epochs} in the command, read train.epochs from the JSON file that PIPE_CONTEXT names, or edit params.yaml',
    'script: tools/train.sh names params.yaml, where train.rate is 0.1, and does not see the value 1 of this run: write ${train.rate} in the command, read train.rate from the JSON file that PIPE_CONTEXT names, or edit params.yaml',
  ]);
  expect(warnings(await project.run(...set))).toEqual([]);
});

it('causes a warning for a profile too', async () => {
  const [warning, ...more] = warnings(await made().run('--profile', 'fast'));
  expect(warning).toContain(
    'script: tools/train.sh names params.yaml, where train.rate is 0.1, and does not see the value 0.5 of this run',
  );
  expect(more).toEqual([]);
});

it('causes no warning without a change, with the same value, or for a param of pipeline.yaml', async () => {
  expect(warnings(await made().run())).toEqual([]);
  expect(warnings(await made().run('--set', 'train.rate=0.1'))).toEqual([]);
  expect(warnings(await made().run('--set', 'mine=2'))).toEqual([]);
});

/** Each epoch has the file as its state. */
const COMMIT_PARAMS = `for k in $(seq $((PIPE_EPOCH + 1)) $PIPE_EPOCHS); do
        mkdir $PIPE_COMMIT/draft; cp params.yaml $PIPE_COMMIT/draft; mv $PIPE_COMMIT/draft $PIPE_COMMIT/$k
      done`;

it('causes no warning for the number of epochs, which the command finds in PIPE_EPOCHS', async () => {
  const project = projectWithin({
    'params.yaml': 'train: { rate: 0.1, epochs: 1 }\n',
    'pipeline.yaml': `params: params.yaml
stages:
  train:
    cmd: |
      ${COMMIT_PARAMS}
      touch \${outs.o}
    params: [train]
    outs: { o: cache/out/o }
    epochs: \${train.epochs}
`,
  });
  expect(warnings(await project.run('--set', 'train.epochs=2'))).toEqual([]);
  expect(warnings(await project.run('--set', 'train.rate=1'))).toHaveLength(1);
});

const TREE = fc.record(
  { x: fc.nat({ max: 2 }), in: fc.record({ y: fc.nat({ max: 2 }) }) },
  { requiredKeys: ['x', 'in'] },
);
const STEP = fc.record({
  first: TREE,
  second: fc.nat({ max: 2 }),
  other: fc.nat({ max: 1 }),
  set: fc.option(fc.constantFrom('x=1', 'in.y=1', 'in={y: 2}')),
  fast: fc.boolean(),
});

it('gives each result the values that its command has read, whatever the run says (property)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 2, maxLength: 5 }), async (steps) => {
      const project = projectWithin({
        'read.sh': 'grep in: first.yaml; grep x second.yaml\n',
        'pipeline.yaml': `params: [first.yaml, second.yaml, { mine: 1 }]
profiles: { fast: { x: 2 } }
stages:
  one: { cmd: 'grep -v other first.yaml > \${outs.o}', params: [x, in.y], outs: { o: one } }
  two: { cmd: 'grep x second.yaml > \${outs.o}', params: [x], outs: { o: two } }
  both: { cmd: 'sh read.sh > \${outs.o}', params: [x, in], outs: { o: both } }
  given: { cmd: 'echo first.yaml \${x} > \${outs.o}', params: [x], outs: { o: given } }
`,
      });
      for (const { first, second, other, set, fast } of steps) {
        const own = `x: ${first.x}\nin: {y: ${first.in.y}}\n`;
        const later = `x: ${second}\n`;
        project.write('first.yaml', `${own}other: ${other}\n`);
        project.write('second.yaml', `${later}other: ${other}\n`);
        const options = [
          ...(set === null ? [] : ['--set', set]),
          ...(fast ? ['--profile', 'fast'] : []),
        ];
        const run = await project.run(...options);
        expect(run.code, run.out + run.err).toBe(0);
        expect(['one', 'two', 'both'].map((name) => project.read(name))).toEqual([
          own,
          later,
          own.slice(own.indexOf('in')) + later,
        ]);
        const x = set === 'x=1' ? 1 : fast ? 2 : second;
        expect(project.read('given')).toBe(`first.yaml ${x}\n`);
        expect((await project.run(...options)).with('fresh')).toHaveLength(4);
      }
      project.dispose();
    }),
    { numRuns: Number(process.env.DRAWS ?? 6) },
  );
});

it('runs again only for a pair of values that it has not seen', async () => {
  const project = projectWithin({
    'pipeline.yaml': `params: params.yaml
stages:
  x: { cmd: 'grep rate params.yaml > \${outs.o}', params: [rate], outs: { o: o } }
`,
  });
  const run = async (there: number, other: number, ...options: string[]) => {
    project.write('params.yaml', `rate: ${there}\nother: ${other}\n`);
    const ended = await project.run(...options);
    return [ended.with('ran').length, warnings(ended).length];
  };
  expect(await run(1, 1, '--set', 'rate=2')).toEqual([1, 1]);
  expect(await run(1, 2, '--set', 'rate=2')).toEqual([0, 0]);
  expect(await run(2, 2)).toEqual([1, 0]);
  expect(await run(1, 3)).toEqual([1, 0]);
  expect(await run(1, 3, '--set', 'rate=3')).toEqual([1, 1]);
  expect(await run(2, 1, '--set', 'rate=2')).toEqual([0, 0]);
  expect(await run(1, 1, '--set', 'rate=2')).toEqual([0, 0]);
});

it('computes epochs again if the command has read other values, and `pipe why` says so', async () => {
  const project = projectWithin({
    'params.yaml': 'rate: 1\n',
    'pipeline.yaml': `params: params.yaml
stages:
  train:
    cmd: |
      ${COMMIT_PARAMS}
      cat $PIPE_STATE/params.yaml > \${outs.o} || cp params.yaml \${outs.o}
    params: [rate]
    outs: { o: o }
    epochs: 2
`,
  });
  await project.run('--set', 'rate=2');
  project.write('params.yaml', 'rate: 2\n');
  expect((await project.pipe('why', 'train')).out).toContain(
    'what the command reads in params.yaml changed',
  );
  const { events } = await project.run();
  expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(2);
  expect(project.read('o')).toBe('rate: 2\n');
  expect((await project.pipe('verify')).out).toContain('1 same');
});

it('is part of the key in pipeline.lock, for a profile', async () => {
  const project = made();
  await project.run('--profile', 'fast');
  const check = () => project.pipe('run', '--frozen=keys', '--profile', 'fast');
  expect(await check()).toMatchObject({ code: 0, err: '' });
  project.write('params.yaml', 'train: { rate: 0.2, epochs: 8 }\n');
  expect((await check()).out).toMatch(/script: .*what the command reads in params\.yaml changed/);
  project.write('params.yaml', 'train: { rate: 0.5, epochs: 8 }\n');
  expect((await project.run('--profile', 'fast')).with('ran')).toEqual(['script', 'unnamed']);
});

it.each([
  ["open(os.path.join(here, 'conf', 'params.yaml'))", true],
  ["(Path(__file__).parent / '../conf/params.yaml').read_text()", true],
  ['dvc.api.params_show()', true],
  ['@hydra.main(version_base=None, config_path="conf", config_name="params")', true],
  ['@hydra.main(version_base=None, config_path="conf", config_name="par")', false],
  ["open('old/params.yaml'); open('conf/params.yaml.bak'); open('my-params.yaml')", false],
  ["from pipe_run import context; context(default='conf/params.yaml')", false],
  ["from pipe_run.torch import epochs; open('conf/params.yaml')", true],
])('knows whether a script with %s reads conf/params.yaml', async (code, reads) => {
  const project = projectWithin({
    'conf/params.yaml': 'rate: 1\n',
    'x.py': `${code}\n`,
    'pipeline.yaml':
      'params: conf/params.yaml\nstages:\n  x: { cmd: "true x.py; touch ${outs.o}", params: [rate], outs: { o: o } }\n',
  });
  expect(warnings(await project.run('--set', 'rate=2'))).toHaveLength(reads ? 1 : 0);
});

it.each(['src/fit.py', 'src/lib.py', 'src', 'src/*.py'])(
  'counts if the script and its imports are the dep %s',
  async (dep) => {
    const project = projectWithin({
      'params.yaml': 'rate: 1\n',
      'src/fit.py': 'import lib\nprint(lib.rate())\n',
      'src/lib.py': 'def rate():\n    return open("params.yaml").read()\n',
      'pipeline.yaml': `params: params.yaml
stages:
  x: { cmd: 'python3 src/fit.py > \${outs.o}', deps: ["${dep}"], params: [rate], outs: { o: o } }
`,
    });
    const run = await project.run('--set', 'rate=2');
    expect(warnings(run)).toEqual([expect.stringContaining('x: src/lib.py names params.yaml')]);
    await project.run();
    expect((await project.pipe('verify')).out).toContain('1 same');
  },
);

it('causes a warning for a value of pipeline.yaml that overrides the file, unless the script reads the last one', async () => {
  const files = (sources: string, code: string) => ({
    'base.yaml': 'rate: 1\n',
    'own.yaml': 'rate: 2\n',
    'x.sh': code,
    'pipeline.yaml': `params: ${sources}\nstages:\n  x: { cmd: "sh x.sh > \${outs.o}", params: [rate], outs: { o: o } }\n`,
  });
  const run = async (sources: string, code: string) =>
    warnings(await projectWithin(files(sources, code)).run());
  expect(await run('[base.yaml, { rate: 2 }]', 'cat base.yaml')).toHaveLength(1);
  expect(await run('[base.yaml, own.yaml]', 'cat base.yaml')).toHaveLength(1);
  expect(await run('[base.yaml, own.yaml]', 'cat base.yaml own.yaml')).toEqual([]);
});

describe('an edit of the params file', () => {
  /** A run in which one stage edits the file, and another one reads it. */
  const edited = (to: string, reader: string) =>
    projectWithin({
      ...FILES,
      'new.yaml': to,
      'pipeline.yaml': `params: params.yaml
stages:
  edit:
    cmd: cp new.yaml params.yaml; touch \${outs.o}
    deps: [new.yaml]
    outs: { o: cache/out/edit }
  reader:
    ${reader}
    params: [train.rate]
    outs: { o: cache/out/reader }
`,
    });
  const AFTER = 'cmd: sh tools/train.sh ${outs.o}\n    deps: [cache/out/edit]';

  it('fails an item that starts after it', async () => {
    const run = await edited('train: { rate: 7, epochs: 8 }\n', AFTER).run();
    expect(failures(run)).toEqual(['reader: params.yaml changed since the run began: run again']);
  });

  it('does not affect an item whose params it leaves as they are', async () => {
    const run = await edited('# New.\ntrain: { rate: 0.1, epochs: 80 }\n', AFTER).run();
    expect(run.with('ran')).toEqual(['edit', 'reader']);
  });

  it('does not affect a command that pipe gives the param', async () => {
    const given = 'cmd: echo params.yaml ${train.rate} > ${outs.o}\n    deps: [cache/out/edit]';
    const run = await edited('train: { rate: 7, epochs: 8 }\n', given).run();
    expect(run.with('ran')).toEqual(['edit', 'reader']);
  });

  it('while an item runs keeps its result from being recorded', async () => {
    const own =
      'cmd: cmp -s new.yaml params.yaml || cp new.yaml params.yaml; cat params.yaml > ${outs.o}\n    deps: [new.yaml]';
    const project = edited('train: { rate: 7, epochs: 8 }\n', own);
    const run = await project.run('reader');
    expect(failures(run)).toEqual([
      expect.stringMatching(
        /^reader: params.yaml changed while it ran: the result is not recorded/,
      ),
    ]);
    expect((await project.run('reader')).with('ran')).toEqual(['reader']);
  });

  it('while an item runs counts if it is undone before the end, as for a dep', async () => {
    const own = `cmd: cp params.yaml old.yaml; cp new.yaml params.yaml; cat params.yaml > \${outs.o}; cp old.yaml params.yaml
    deps: [new.yaml]`;
    const run = await edited('train: { rate: 7, epochs: 8 }\n', own).run('reader');
    expect(failures(run)).toEqual([
      expect.stringMatching(
        /^reader: params.yaml changed while it ran: the result is not recorded/,
      ),
    ]);
  });
});

it('is verified with the params file that it reads', async () => {
  const project = made();
  await project.run();
  expect((await project.pipe('verify', 'script', 'named')).out).toContain('2 same');
});
