/** `pipe why`: the exact most specific reason, after one edit of each kind. */
import { chmodSync, mkdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';
import { ProjectWithin } from '../rig/within.js';
import { TRAIN } from './support/shell-epochs.js';

const LONG = 'x'.repeat(80);

const PIPELINE = `params: { a: { rate: 1, list: [1, 2], none: null }, long: ${LONG}1, epochs: 2 }
stages:
  first:
    cmd: sh scripts/first.sh \${deps.folder} > \${outs.out}
    deps: { folder: data/folder, file: data/file.txt, lib: "lib/*.txt" }
    params: [a, long]
    env: [WHY_MODE]
    outs: { out: cache/out/first.txt }
  second:
    cmd: cat \${deps.first} > \${outs.out}
    deps: { first: cache/out/first.txt }
    outs: { out: cache/out/second.txt }
${TRAIN}
`;

const SCRIPT = 'cat "$1/deep/x.txt"\n';

let made: Project;

beforeAll(async () => {
  made = new ProjectWithin({
    'pipeline.yaml': PIPELINE,
    'scripts/first.sh': SCRIPT,
    'data/file.txt': 'file\n',
    'data/folder/deep/x.txt': 'x\n',
    'lib/a.txt': 'a\n',
    'lib/b.txt': 'b\n',
    'lib/c.txt/inside': 'c\n',
  });
  await made.pipe('run');
});

afterAll(() => made.dispose());

async function why(...args: string[]): Promise<string> {
  const { out, err } = await made.pipe('why', ...args);
  return out + err;
}

/** An edit that returns its undo. */
type Edit = () => () => void;

const inPipeline =
  (from: string, to: string): Edit =>
  () => {
    if (!PIPELINE.includes(from)) throw new Error(`pipeline.yaml does not hold ${from}`);
    made.write('pipeline.yaml', PIPELINE.replace(from, to));
    return () => made.write('pipeline.yaml', PIPELINE);
  };

const written =
  (file: string, text: string, before?: string): Edit =>
  () => {
    made.write(file, text);
    return () => (before === undefined ? made.remove(file) : made.write(file, before));
  };

const FIRST: readonly (readonly [string, Edit, string])[] = [
  ['a param', inPipeline('rate: 1', 'rate: 0.5'), 'param a.rate 1 → 0.5'],
  ['a param of another kind', inPipeline('rate: 1', 'rate: "1"'), 'param a.rate 1 → "1"'],
  ['a list', inPipeline('[1, 2]', '[1, 3]'), 'param a.list [1,2] → [1,3]'],
  ['a key less', inPipeline(', none: null', ''), 'param a.none null → (absent)'],
  [
    'the end of a long text',
    inPipeline(`${LONG}1`, `${LONG}2`),
    `param long …${'x'.repeat(20)}1 → …${'x'.repeat(20)}2`,
  ],
  [
    'the command',
    inPipeline('sh scripts/first.sh', 'sh -u scripts/first.sh'),
    'command `sh scripts/first.sh data/folder > cache/out/first.txt` → `sh -u scripts/first.sh data/folder > cache/out/first.txt`',
  ],
  ['a script', written('scripts/first.sh', `${SCRIPT}# x\n`, SCRIPT), 'scripts/first.sh changed'],
  ['a dep', written('data/file.txt', 'other\n', 'file\n'), 'dep data/file.txt changed'],
  [
    'a file in a folder',
    written('data/folder/deep/x.txt', 'y\n', 'x\n'),
    'dep data/folder: 1 file changed, first: deep/x.txt',
  ],
  [
    'a new file in a folder',
    written('data/folder/deep/a.txt', ''),
    'dep data/folder: 1 file changed, first: deep/a.txt',
  ],
  [
    'a mode and a new empty folder',
    () => {
      chmodSync(made.path('data/folder/deep/x.txt'), 0o755);
      mkdirSync(made.path('data/folder/empty'));
      return () => {
        chmodSync(made.path('data/folder/deep/x.txt'), 0o644);
        made.remove('data/folder/empty');
      };
    },
    'dep data/folder: 2 files changed, first: deep/x.txt',
  ],
  [
    'a file that a pattern matches',
    written('lib/b.txt', 'other\n', 'b\n'),
    'dep lib/*.txt: 1 file changed, first: lib/b.txt',
  ],
  [
    'a new file that a pattern matches',
    written('lib/0.txt', ''),
    'dep lib/*.txt: 1 file changed, first: lib/0.txt',
  ],
  [
    'a file in a folder that a pattern matches',
    written('lib/c.txt/inside', 'd\n', 'c\n'),
    'dep lib/*.txt: 1 file changed, first: lib/c.txt/inside',
  ],
  ['a dep less', inPipeline(', file: data/file.txt', ''), 'dep file removed'],
  [
    'an out more',
    inPipeline('outs: { out: cache/out/first.txt }', 'outs: { out: cache/out/first.txt, b: b }'),
    'out b added',
  ],
  [
    'a variable',
    () => {
      made.env.WHY_MODE = 'fast';
      return () => delete made.env.WHY_MODE;
    },
    'env WHY_MODE (not set) → fast',
  ],
];

describe('pipe why', () => {
  it.each(FIRST)('names %s', async (_, edit, reason) => {
    const undo = edit();
    expect(await why('first').finally(undo)).toBe(`first would run:\n  ${reason}\n`);
  });

  it('reports that its dependents are not known yet', async () => {
    const undo = written('data/file.txt', 'other\n', 'file\n')();
    expect(await why('second').finally(undo)).toBe(
      'second may run:\n  not known before first has run\n',
    );
  });

  it('names the epochs, a deleted file, a changed out', async () => {
    expect(await why('train', '--set', 'epochs=5')).toBe('train would run:\n  epochs 2 → 5\n');
    made.remove('data/file.txt');
    expect(await why('first')).toBe('first cannot run:\n  dep data/file.txt is missing\n');
    made.write('data/file.txt', 'file\n');
    made.write('cache/out/second.txt', 'edited\n');
    expect(await why('first', 'second')).toBe(
      'first is fresh\nsecond would be restored from the cache:\n  out cache/out/second.txt differs from its record\n',
    );
  });

  it('without names, explains each item that is not fresh', async () => {
    await made.pipe('run');
    expect(await why()).toBe('pipe: 3 fresh\n');
    const undo = written('data/file.txt', 'other\n', 'file\n')();
    expect(await why().finally(undo)).toBe(
      'first would run:\n  dep data/file.txt changed\n' +
        'second may run:\n  not known before first has run\n',
    );
  });

  it('prints the same reasons as JSON', async () => {
    const found = JSON.parse(await why('first', '--json', '--set', 'a.rate=3'));
    expect(found).toMatchObject([
      { item: 'first', state: 'stale', reasons: [{ kind: 'param', text: 'param a.rate 1 → 3' }] },
    ]);
  });
});

it('a param comes before the command that contains it', async () => {
  const made = projectWithin({
    'pipeline.yaml':
      'params: { rate: 1 }\nstages: { a: { cmd: "echo ${rate} > o", params: [rate], outs: [o] } }\n',
  });
  await made.run();
  expect((await made.pipe('why', 'a', '--set', 'rate=2')).out).toBe(
    'a would run:\n  param rate 1 → 2\n  command `echo 1 > o` → `echo 2 > o`\n',
  );
});
