/** `pipe epochs A B`: several chains in one table and plot. */
import { expect, it } from 'vitest';
import { curves } from '../../src/cli/chain-curves.js';
import type { Project } from '../rig/project.js';
import { projectWithin } from '../rig/projects.js';

/** The loss falls by the rate until epoch 3, then rises. */
const PIPELINE = `params: { epochs: 4, rate: 1 }
stages:
  train:
    cmd: >-
      for k in $(seq $((PIPE_EPOCH + 1)) $PIPE_EPOCHS); do
      mkdir "$PIPE_COMMIT/draft"; d=$((k < 3 ? 3 - k : k - 3));
      echo "{\\"loss\\": $((10 - \${rate} + d))}" > "$PIPE_COMMIT/draft/metrics.json";
      mv "$PIPE_COMMIT/draft" "$PIPE_COMMIT/$k"; done;
      echo \${rate} > \${outs.model}
    params: [rate]
    outs: { model: cache/out/model }
    epochs: \${epochs}
  plain: { cmd: "echo > \${outs.x}", outs: { x: cache/out/x } }
`;

async function swept(...rates: number[]): Promise<Project> {
  const made = projectWithin({ 'pipeline.yaml': PIPELINE });
  for (const rate of rates) {
    const run = await made.run('train', '--set', `rate=${rate}`);
    expect([run.code, run.err]).toEqual([0, '']);
  }
  return made;
}

async function keysOf(made: Project): Promise<string[]> {
  const { out } = await made.pipe('results', 'train', '--sort', 'rate', '--json');
  return (JSON.parse(out) as { key: string }[]).map(({ key }) => key.slice(0, 10));
}

it('compares chains by their best epoch, shows the epoch of the outs, and draws all', async () => {
  const made = await swept(1, 5);
  const [one = '', five = ''] = await keysOf(made);
  const { out, err, code } = await made.pipe('epochs', one, five);
  expect([code, err]).toEqual([0, '']);
  const lines = out.split('\n').map((line) => line.trim().split(/ {2,}/));
  expect(lines[0]).toEqual(['chain', 'item', 'rate', 'epochs', 'best loss', 'outs', 'time']);
  expect([lines[1]?.[0], ...(lines[1]?.slice(2, -1) ?? [])]).toEqual([
    'a',
    'train',
    '5',
    '4',
    '5 (epoch 3)',
    '6 (epoch 4)',
  ]);
  expect(lines[2]?.slice(3, -1)).toEqual(['1', '4', '9 (epoch 3)', '10 (epoch 4)']);
  expect(out).toContain('capital: best;');
  expect([...out.matchAll(/[┤│](.*)/g)].map(([, row]) => row).join('')).toMatch(/B.*A/s);
});

it('shows each of several results of one chain, which is one curve', async () => {
  const made = await swept(1);
  const [four = ''] = await keysOf(made);
  await made.run('train', '--set', 'epochs=6');
  const six = (await keysOf(made)).find((key) => key !== four) ?? '';
  const { out } = await made.pipe('epochs', four, six, four);
  const rows = out.split('\n').slice(1, 3);
  expect(
    rows
      .map((row) => row.trim().split(/ {2,}/))
      .map(([letter, , ...row]) => [letter, ...row.slice(0, -1)]),
  ).toEqual([
    ['a', 'train', '4', '6', '9 (epoch 3)', '10 (epoch 4)'],
    ['a', 'train', '6', '6', '9 (epoch 3)', '12 (epoch 6)'],
  ]);
  expect(out.match(/○/g)).toHaveLength(1 + 2);
  expect(out).not.toMatch(/[┤│].*\*/);

  const json = JSON.parse((await made.pipe('epochs', four, six, '--json')).out);
  expect(json.map(({ target, outs }: { target: number; outs: number }) => [target, outs])).toEqual([
    [4, 4],
    [6, 6],
  ]);
  const csv = (await made.pipe('epochs', four, six, '--csv')).out.trimEnd().split('\n');
  expect(csv).toHaveLength(1 + 6);
  // The current result of an item is that of its key.
  expect((await made.pipe('epochs', 'train', four)).out).toContain(
    'train: 6 epochs completed, target 4',
  );
});

it('shows both epochs of a single chain, also in JSON', async () => {
  const made = await swept(1);
  expect((await made.pipe('epochs', 'train')).out).toContain(
    '\n  best loss: epoch 3; outs: epoch 4\n',
  );
  const [chain] = JSON.parse((await made.pipe('epochs', 'train', '--json')).out);
  expect([chain.best, chain.outs, chain.params]).toEqual([3, 4, {}]);
});

it('names the largest value, and not the best, of a metric whose direction is unknown', async () => {
  const own = PIPELINE.replaceAll('loss', 'dev');
  const made = projectWithin({ 'pipeline.yaml': own });
  await made.run('train', '--set', 'rate=5');
  await made.run('train');
  expect((await made.pipe('epochs', 'train')).out).toContain('\n  largest dev: epoch 1; outs:');
  expect((await made.pipe('epochs', ...(await keysOf(made)))).out).toMatch(/largest dev +outs/);
  const stated = 'keep: { last: 9, best: { metric: dev, mode: min } }';
  made.write('pipeline.yaml', own.replace('    epochs: ', `    ${stated}\n    epochs: `));
  expect((await made.pipe('epochs', 'train')).out).toContain('\n  best dev: epoch 3; outs:');
});

it('prints one line for each epoch as CSV', async () => {
  const made = await swept(1, 5);
  const { out } = await made.pipe('epochs', ...(await keysOf(made)), '--csv');
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  expect(lines[0]).toEqual(['item', 'chain', 'rate', 'epoch', 'seconds', 'loss']);
  expect(lines.slice(1).map(([, , rate, epoch, , loss]) => [rate, epoch, loss].join(' '))).toEqual([
    '5 1 7',
    '5 2 6',
    '5 3 5',
    '5 4 6',
    '1 1 11',
    '1 2 10',
    '1 3 9',
    '1 4 10',
  ]);
});

it('refuses a result without epochs, and one that gc removed', async () => {
  const made = await swept(1);
  await made.run('plain');
  const { out } = await made.pipe('results', 'plain', '--json');
  const plain = await made.pipe('epochs', (JSON.parse(out) as { key: string }[])[0]?.key ?? '');
  expect([plain.code, plain.err]).toEqual([2, expect.stringContaining('plain has no epochs')]);
  const [one = ''] = await keysOf(made);
  made.remove('cache/v1/records');
  const gone = await made.pipe('epochs', one);
  expect([gone.code, gone.err]).toEqual([2, expect.stringContaining('gc removed it')]);
});

it('draws each chain with its letter: a capital for the best epoch, a circle for the epoch of the outs', () => {
  const points = (...values: number[]) => values.map((value, at) => ({ epoch: at + 1, value }));
  const text = curves(
    [
      { points: points(3, 1, 2), best: 2, outs: [3] },
      { points: points(3, 2.5, 2.2), best: 3, outs: [3] },
    ],
    'loss',
    30,
  );
  const rows = text.split('\n').filter((line) => /[┤│]/.test(line));
  expect(rows).toHaveLength(12);
  expect(rows[0]).toBe('  3 ┤*');
  expect(rows[11]).toBe('  1 ┤            A');
  expect(text).toContain('○');
  expect(text).toContain('B');
  expect(curves([{ points: points(1), best: 1, outs: [1] }], 'loss', 30)).toBe('');
});
