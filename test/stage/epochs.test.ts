/** The stage's side of the epoch protocol, with a run that stores when the test says so. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { watchCommits } from '../../src/process/epoch-commits.js';
import { EpochProtocol, epochVariables } from '../../src/stage/epoch-protocol.js';
import { tempFolder } from '../process/support/script.js';

/** The folders of an incremental stage, and its side of the protocol. */
function stage(target: number, completed: number) {
  const folder = tempFolder();
  const commit = join(folder, 'commit');
  const state = join(folder, 'state');
  mkdirSync(commit);
  mkdirSync(state);
  const epochs = new EpochProtocol({ target, completed, state, commit });
  return { commit, state, epochs };
}

const weights = (text: string) => (folder: string) => writeFileSync(join(folder, 'weights'), text);

describe('the variables', () => {
  test('are absent for a stage that is not incremental', () => {
    expect(epochVariables({})).toBeUndefined();
  });

  test('are complete, or an error', () => {
    expect(() => epochVariables({ PIPE_EPOCHS: '3' })).toThrow('PIPE_COMMIT');
  });

  test('become numbers and folders', () => {
    const env = { PIPE_EPOCHS: '8', PIPE_EPOCH: '3', PIPE_STATE: '/s', PIPE_COMMIT: '/c' };
    expect(epochVariables(env)).toEqual({ target: 8, completed: 3, state: '/s', commit: '/c' });
  });
});

describe('the epochs still to compute', () => {
  test.each([
    [3, 0, [1, 2, 3]],
    [5, 3, [4, 5]],
    [5, 5, []],
  ])('of %d with %d completed are %j', (target, completed, remaining) => {
    expect([...stage(target, completed).epochs.remaining()]).toEqual(remaining);
  });

  test('start from the state of the last completed one, or from none', () => {
    const { epochs, state } = stage(5, 3);
    expect(epochs.state).toBe(state);
    expect(stage(5, 0).epochs.state).toBeUndefined();
  });
});

describe('a commit', () => {
  test('is a folder that appears complete, with its metrics', async () => {
    const { epochs, commit } = stage(2, 0);
    await epochs.commit(1, weights('one'), { loss: 0.5, val: { ssim: 0.9 } });
    expect(readdirSync(commit)).toEqual(['1']);
    expect(readFileSync(join(commit, '1/weights'), 'utf8')).toBe('one');
    expect(JSON.parse(readFileSync(join(commit, '1/metrics.json'), 'utf8'))).toEqual({
      loss: 0.5,
      val: { ssim: 0.9 },
    });
  });

  test('does not appear if its state could not be written, and can be made again', async () => {
    const { epochs, commit } = stage(2, 0);
    const failing = epochs.commit(1, () => Promise.reject(new Error('disk full')));
    await expect(failing).rejects.toThrow('disk full');
    expect(existsSync(join(commit, '1'))).toBe(false);
    await epochs.commit(1, weights('one'));
    expect(existsSync(join(commit, '1'))).toBe(true);
  });

  test('is built while the previous one is being stored, and appears when that is done', async () => {
    const { epochs, commit } = stage(2, 0);
    await epochs.commit(1, weights('one'));
    let second: Promise<void> | undefined;
    await new Promise<void>((resolve) => {
      second = epochs.commit(2, (folder) => {
        weights('two')(folder);
        resolve();
      });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(readdirSync(commit).sort()).toEqual(['1', 'draft-2']);
    rmSync(join(commit, '1'), { recursive: true });
    await second;
    expect(readdirSync(commit)).toEqual(['2']);
  });

  test.each([
    [2, 'Epoch 2 was committed, but epoch 1 is next'],
    [0, 'Epoch 0 was committed, but epoch 1 is next'],
  ])('of epoch %d out of order is an error', async (epoch, message) => {
    await expect(stage(3, 0).epochs.commit(epoch, weights('x'))).rejects.toThrow(message);
  });

  test('beyond the target is an error', async () => {
    await expect(stage(3, 3).epochs.commit(4, weights('x'))).rejects.toThrow(
      'Epoch 4 was committed, but the last epoch, 3, is committed already',
    );
  });

  test('that was not awaited is an error at the next one', async () => {
    const { epochs } = stage(3, 0);
    const first = epochs.commit(1, weights('one'));
    await expect(epochs.commit(2, weights('two'))).rejects.toThrow('await each commit');
    await first;
  });

  test.each([
    ['nothing', () => {}],
    [
      'nothing but the removal of the folder',
      (folder: string) => rmSync(folder, { recursive: true }),
    ],
  ])(
    'of a state that writes %s is an error, because no run could continue from it',
    async (_, write) => {
      const { epochs, commit } = stage(2, 0);
      await expect(epochs.commit(1, write, { loss: 1 })).rejects.toThrow(
        'write the complete state',
      );
      expect(existsSync(join(commit, '1'))).toBe(false);
      await epochs.commit(1, weights('one'));
      expect(readdirSync(commit)).toEqual(['1']);
    },
  );

  test('with NaN and the infinities writes null, as the Python package does in effect', async () => {
    const { epochs, commit } = stage(3, 0);
    const metrics = { loss: Number.NaN, val: { low: Number.NEGATIVE_INFINITY, none: null, x: 1 } };
    await epochs.commit(1, weights('one'), metrics);
    expect(readFileSync(join(commit, '1', 'metrics.json'), 'utf8')).toBe(
      '{"loss":null,"val":{"low":null,"none":null,"x":1}}\n',
    );
  });
});

test('a stage and a run complete all epochs, with at most one state in transit', async () => {
  const { epochs, commit } = stage(6, 2);
  const stored: string[] = [];
  let most = 0;
  const watch = watchCommits({
    folder: commit,
    completed: 2,
    target: 6,
    onCommit: async (_epoch, folder) => {
      most = Math.max(most, readdirSync(commit).filter((name) => /^\d+$/.test(name)).length);
      await new Promise((resolve) => setImmediate(resolve));
      stored.push(readFileSync(join(folder, 'weights'), 'utf8'));
      rmSync(folder, { recursive: true });
    },
    onMistake: () => expect.fail('no mistake'),
  });
  for (const epoch of epochs.remaining()) await epochs.commit(epoch, weights(`epoch ${epoch}`));
  await epochs.settled();
  expect(stored).toEqual(['epoch 3', 'epoch 4', 'epoch 5', 'epoch 6']);
  expect(most).toBe(1);
  await watch.drain();
});
