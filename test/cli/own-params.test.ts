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

it('knows a script that names the params file by its absolute path', async () => {
  const project = projectWithin({
    'params.yaml': 'rate: 1\n',
    'pipeline.yaml':
      'params: params.yaml\nstages:\n  x: { cmd: "sh x.sh > ${outs.o}", params: [rate], outs: { o: o } }\n',
  });
  project.write('x.sh', `cat ${project.root}/params.yaml\n`);
  expect(warnings(await project.run('--set', 'rate=2'))).toHaveLength(1);
});

it('knows a private method of JavaScript, which is not a comment', async () => {
  const project = projectWithin({
    'params.yaml': 'rate: 1\n',
    'x.mjs': 'new (class {\n  #file = "params.yaml";\n})();\n',
    'pipeline.yaml':
      'params: params.yaml\nstages:\n  x: { cmd: "node x.mjs; touch ${outs.o}", params: [rate], outs: { o: o } }\n',
  });
  expect(warnings(await project.run('--set', 'rate=2'))).toHaveLength(1);
});

const VALUES = ['1', 'null', '[1]', '{}', '{y: 1}', '{y: 2}', '{y: 1, z: 2}', '{y: {k: 1}}'];
const SHAPES = fc.record({
  there: fc.constantFrom(...VALUES),
  set: fc.option(fc.constantFrom(...VALUES, '{y: 1, z: {}}', '{y: 1, z: {k: 1, l: 2}}')),
});

it('gives each result what its command has read, also if --set replaces a map, gives one or adds to one (property)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(SHAPES, { minLength: 3, maxLength: 6 }), async (steps) => {
      const project = projectWithin({
        'pipeline.yaml':
          "params: params.yaml\nstages:\n  x: { cmd: 'cat params.yaml > ${outs.o}', params: [in], outs: { o: o } }\n",
      });
      const seen = new Set<string>();
      for (const { there, set } of steps) {
        project.write('params.yaml', `in: ${there}\n`);
        const run = await project.run(...(set === null ? [] : ['--set', `in=${set}`]));
        expect(run.code, run.out + run.err).toBe(0);
        expect(project.read('o')).toBe(`in: ${there}\n`);
        const pair = `${there} ${set ?? there}`;
        expect(run.with('ran')).toHaveLength(seen.has(pair) ? 0 : 1);
        const warned = warnings(run).filter((text) => text.includes('does not see'));
        expect(warned).toHaveLength(seen.has(pair) || (set ?? there) === there ? 0 : 1);
        seen.add(pair);
      }
      project.dispose();
    }),
    { numRuns: Number(process.env.DRAWS ?? 6) },
  );
});

it('counts what --set or a profile adds to a map of the file', async () => {
  const project = projectWithin({
    'params.yaml': 'in: { y: 1 }\nopen: {}\n',
    'pipeline.yaml':
      "params: params.yaml\nprofiles: { more: { open: { a: 1 } } }\nstages:\n  x: { cmd: 'cat params.yaml > ${outs.o}', params: [in, open], outs: { o: o } }\n",
  });
  const text = (param: string, value: number) =>
    `x: its command names params.yaml, which has no ${param}, and does not see the value ${value} of this run: write \${${param}} in the command, read ${param} from the JSON file that PIPE_CONTEXT names, or edit params.yaml`;
  expect(warnings(await project.run('--set', 'in={y: 1, z: 2}'))).toEqual([text('in.z', 2)]);
  expect(warnings(await project.run('--profile', 'more'))).toEqual([text('open.a', 1)]);
  for (const edited of ['in: { y: 1, z: 2 }\nopen: {}\n', 'in: { y: 1 }\nopen: { a: 1 }\n']) {
    project.write('params.yaml', edited);
    const run = await project.run();
    expect([run.with('ran'), warnings(run)]).toEqual([['x'], []]);
    expect(project.read('o')).toBe(edited);
  }
});

it.each([
  ['pipeline.yaml has it beside the file', 'in.z=3', 'cat own.yaml'],
  ['the command reads a file without the map', 'in={y: 1, z: 2, k: 2, m: 1}', 'cat other.yaml'],
  ['another file that it reads has it', 'in={y: 1, z: 3, k: 2}', 'cat own.yaml third.yaml'],
  ['pipe gives it to the command', 'in={y: 1, z: 3, m: 2}', 'cat own.yaml; echo ${in.m}'],
])('causes no warning for what --set gives: %s', async (_why, set, cmd) => {
  const project = projectWithin({
    'own.yaml': 'in: { y: 1 }\n',
    'other.yaml': 'else: 1\n',
    'third.yaml': 'in: { k: 2 }\n',
    'pipeline.yaml': `params: [own.yaml, other.yaml, third.yaml, { in: { z: 2 } }]
stages:
  x: { cmd: '${cmd} > \${outs.o}', params: [in], outs: { o: o } }
`,
  });
  expect(warnings(await project.run('--set', set))).toEqual([]);
});

it('says that this run has no such param', async () => {
  const project = projectWithin({
    'params.yaml': 'optimizer: { name: adam }\n',
    'pipeline.yaml':
      "params: params.yaml\nstages:\n  x: { cmd: 'cat params.yaml > ${outs.o}', params: [optimizer], outs: { o: o } }\n",
  });
  expect(warnings(await project.run('--set', 'optimizer=null'))).toEqual([
    'x: its command names params.yaml, where optimizer.name is "adam", and does not see that this run has no optimizer.name: read the params from the JSON file that PIPE_CONTEXT names, or edit params.yaml',
  ]);
});

it('causes no warning for a map with a value for each item that the command is given', async () => {
  const project = projectWithin({
    'params.yaml': 'lr: { default: 1, b: 2 }\nepochs: { default: 1, b: 2 }\n',
    'pipeline.yaml': `params: params.yaml
stages:
  x:
    matrix: { m: [a, b] }
    cmd: |
      ${COMMIT_PARAMS}
      echo \${lr} > \${outs.o}
    params: [lr, epochs]
    outs: { o: "\${m}" }
    epochs: \${epochs}
`,
  });
  expect(warnings(await project.run('--set', 'lr.b=3', '--set', 'epochs.b=1'))).toEqual([]);
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
  ["from pipe_run import epochs # a context manager\nopen('conf/params.yaml')", true],
  ["from pipe_run import context; context().outs.o; open('conf/params.yaml')", true],
  [
    "from pipe_run import context; context().deps; p = context(default='params.yaml').params",
    false,
  ],
  ["p = load(os.environ['PIPE_CONTEXT'])['outs']; open('conf/params.yaml')", true],
  ["load(os.environ['PIPE_CONTEXT'])['params'] if x else open('conf/params.yaml')", false],
  ["ctx <- fromJSON(Sys.getenv('PIPE_CONTEXT')); ctx$outs$o; read_yaml('params.yaml')", true],
  ["ctx <- fromJSON(Sys.getenv('PIPE_CONTEXT')); ctx$outs$o; ctx$params; 'params.yaml'", false],
  ["const { params, outs }: Context = parse(env.PIPE_CONTEXT ?? 'params.yaml')", false],
  ["main(parse(env.PIPE_CONTEXT)); function main({ params, outs }) {} 'params.yaml'", false],
  ["import pipe_run; o = pipe_run.context().outs; SGD([{'params': w}]); open('params.yaml')", true],
  ['# The defaults of conf/params.yaml are in the command.', false],
  ['yq .rate $ROOT/conf/params.yaml', true],
  ['open("%s/params.yaml" % folder)', true],
  ['open("src/../conf/params.yaml"); open("/other/conf/x.yaml")', true],
  ['open("/other/conf/params.yaml")', false],
  ['compose(config_name="other"); compose("params")', true],
  ['subprocess.run("fit.py --config-name=params", shell=True)', true],
  ['subprocess.run("fit.py -cn params", shell=True)', true],
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
