/** `pipe watch` and edits of the plan while items execute. */
import { utimesSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Project, Running } from '../../rig/project.js';
import { project } from '../../rig/projects.js';
import { until } from '../../rig/until.js';

const watching: Running[] = [];

afterEach(async () => {
  for (const each of watching.splice(0)) {
    each.kill('SIGTERM');
    await each.ended;
  }
});

/** Also tells what it decides about the executing items after an edit. */
function watch(made: Project, ...args: string[]): Running {
  made.env.PIPE_DEBUG = '1';
  const running = made.start('watch', '--json', ...args);
  watching.push(running);
  return running;
}

const gate = (name = 'gate') => `while [ ! -e ${name} ]; do sleep 0.05; done`;

/** A training that executes until the gate opens, after a stage, and before another one. */
const PIPELINE = `params: [params.yaml, { rate: 1, k: 5 }]
stages:
  # The data.
  data: { cmd: "echo 1 > data.txt", outs: [data.txt] }
  train:
    desc: a model
    matrix: { model: { lines: models.txt } }
    cmd: "echo \${model} \${rate} >> began.txt; cat data.txt params.yaml > /dev/null; ${gate()}; echo \${rate} > \${model}.bin"
    deps: [data.txt]
    params: [width]
    outs: ["\${model}.bin"]
    timeout: 3h
  score: { cmd: "cat a.bin > score.txt; echo \${k} >> score.txt", deps: [a.bin], outs: [score.txt] }
`;
const FILES = {
  'pipeline.yaml': PIPELINE,
  'params.yaml': 'width: 3\nother: 1\n',
  'models.txt': 'a\n',
};

const edit = (made: Project, file: string, from: string | RegExp, to: string) =>
  made.write(file, made.read(file).replace(from, to));

const says =
  (text: string, times = 1) =>
  (err: string) =>
    err.split(text).length > times;
const GOES_ON = 'train@a: goes on after an edit of the plan';
const STOPS = 'train@a: stops after an edit of the plan';

/** Resolves when this number of runs ended. */
const summaries = (running: Running, count: number) =>
  running.events((events) => events.filter(({ type }) => type === 'summary').length >= count);

describe('an edit of the plan that leaves the executing items as they are', () => {
  it.each([
    [
      'adds a stage',
      'pipeline.yaml',
      /$/,
      '  more: { cmd: "echo > more.txt", outs: [more.txt] }\n',
    ],
    ['changes another stage', 'pipeline.yaml', '>> score.txt', '>> score.txt; true'],
    ['removes another stage', 'pipeline.yaml', / {2}score.*\n/, ''],
    ['changes a param of another stage', 'pipeline.yaml', 'k: 5', 'k: 6'],
    ['changes a comment and a description', 'pipeline.yaml', /The data|a model/g, 'Another text'],
    ['changes another param in a file', 'params.yaml', 'other: 1', 'other: 2'],
    ['adds an item of the same stage', 'models.txt', 'a', 'b\na'],
    ['is not valid yet', 'pipeline.yaml', 'matrix:', 'matrix: ['],
  ])('does not stop them: it %s', async (what, file, from, to) => {
    const made = project(FILES);
    const running = watch(made);
    await until(() => made.lines('began.txt').length === 1);
    edit(made, file, from, to);
    if (what === 'is not valid yet') {
      await running.event(
        (event) =>
          event.type === 'warning' &&
          event.message.endsWith(': the run goes on with the pipeline that it began with'),
      );
      edit(made, file, to, 'matrix:');
    }
    await running.errorText(says(GOES_ON));
    made.write('gate', '');
    await summaries(running, 2);
    await running.events((events) => {
      const last = events.at(-1);
      return last?.type === 'summary' && last.failed === 0;
    });
    expect(made.lines('began.txt').filter((line) => line === 'a 1')).toHaveLength(1);
    expect(made.read('a.bin')).toBe('1\n');
    expect((await made.run()).summary).toMatchObject({ ran: 0, restored: 0, failed: 0 });
  });
});

describe('an edit of the plan that changes an executing item', () => {
  it.each([
    ['its command', 'pipeline.yaml', 'rate: 1', 'rate: 2', 'a 2'],
    ['its params in a file', 'params.yaml', 'width: 3', 'width: 4', 'a 1'],
    ['its time limit', 'pipeline.yaml', '3h', '2h', 'a 1'],
    ['what it needs', 'pipeline.yaml', 'echo 1', 'echo 2', 'a 1'],
  ])('stops it: it changes %s', async (_what, file, from, to, line) => {
    const made = project(FILES);
    const running = watch(made);
    await until(() => made.lines('began.txt').length === 1);
    edit(made, file, from, to);
    await until(() => made.lines('began.txt').length === 2);
    expect(made.lines('began.txt')).toEqual(['a 1', line]);
    expect(
      await running.event((event) => event.type === 'item' && event.verdict === 'cancelled'),
    ).toMatchObject({ item: 'train@a', reason: `${file} changed` });
  });

  it('stops it if the edit removes it', async () => {
    const made = project({ ...FILES, 'models.txt': 'a\nb\n' });
    const running = watch(made);
    await until(() => made.lines('began.txt').length === 2);
    edit(made, 'pipeline.yaml', / {2}score.*\n/, '');
    await running.errorText(says(GOES_ON));
    edit(made, 'models.txt', 'a\n', '');
    await running.errorText(says(STOPS));
    await until(() => made.lines('began.txt').length === 3);
    expect(made.lines('began.txt')[2]).toBe('b 1');
  });

  it('stops it if its command reads the file, which is written again with the same text', async () => {
    const made = project(FILES);
    const running = watch(made);
    await until(() => made.lines('began.txt').length === 1);
    utimesSync(made.path('params.yaml'), 1, 1);
    await running.errorText(says(STOPS));
    await until(() => made.lines('began.txt').length === 2);
  });

  it('stops it if its command reads another value in the file than that of --set', async () => {
    const made = project(FILES);
    const running = watch(made, '--set', 'width=7');
    await until(() => made.lines('began.txt').length === 1);
    edit(made, 'params.yaml', 'other: 1', 'other: 2');
    await running.errorText(says(GOES_ON));
    edit(made, 'params.yaml', 'width: 3', 'width: 4');
    await running.errorText(says(STOPS));
    await until(() => made.lines('began.txt').length === 2);
  });
});

it('starts no item with the definition from before an edit', async () => {
  const made = project(FILES);
  const running = watch(made);
  await until(() => made.lines('began.txt').length === 1);
  edit(made, 'pipeline.yaml', 'k: 5', 'k: 6');
  await running.errorText(says(GOES_ON));
  made.write('gate', '');
  await summaries(running, 2);
  expect(made.read('score.txt')).toBe('1\n6\n');
  expect(
    await running.event((event) => event.type === 'item' && event.item === 'score'),
  ).toMatchObject({
    verdict: 'failed',
    failure: { message: 'pipeline.yaml changed since the run began: run again' },
  });
  expect(made.lines('began.txt')).toHaveLength(1);
});

it.each([
  ['a param that it lists', 'width: $(date +%N), other: 1', 3],
  ['another param', 'width: 1, other: $(date +%N)', 0],
])('ends the loop of a stage that always runs and writes %s', async (_what, params, stops) => {
  const write = `echo "{ ${params} }" > params.json`;
  const made = project({
    'params.json': '{ width: 1, other: 1 }\n',
    'pipeline.yaml': `params: params.json
stages:
  own: { cmd: "echo >> began.txt; ${write.replaceAll('"', '\\"')}; ${gate()}", params: [width], always: true }
`,
  });
  if (stops === 0) made.write('gate', '');
  const running = made.start('watch');
  watching.push(running);
  await running.text((out) => out.includes('params.json changes whenever own runs'));
  made.write('gate', '');
  await running.text((out) => out.endsWith('pipe: watching\n'));
  expect(running.told().match(/starting over/g) ?? []).toHaveLength(stops);
  expect(running.told().match(/^pipe: params\.json changed/gm)).toHaveLength(3);
});
