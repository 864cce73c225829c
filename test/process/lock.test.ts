/** Locks: exclusive, waiting, and taken over immediately when their holder is dead. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acquireLock, lockHolder, tryLock } from '../../src/process/file-lock.js';
import { type LockOwner, newOwner, readOwner, TORN } from '../../src/process/lock-owner.js';
import { withoutLinks } from '../rig/no-links.js';
import { lockStorm, randomOf } from './support/lock-storm.js';
import { startScript, tempFolder } from './support/script.js';

function writeLock(folder: string, name: string, owner: Partial<LockOwner>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), JSON.stringify({ ...newOwner('other'), ...owner }));
}

/** No process has this pid. */
const DEAD = { pid: 2 ** 22 + 1, start: '1', token: 'dead' };

describe('a free lock', () => {
  test('is taken immediately and names its holder', async () => {
    const folder = join(tempFolder(), 'locks');
    const lock = await acquireLock(folder, 'train@faces', { doing: 'train@faces' });
    expect(readOwner(join(folder, 'train@faces'))).toMatchObject({
      pid: process.pid,
      doing: 'train@faces',
    });
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('can be taken again after it was freed, and freeing twice is harmless', async () => {
    const folder = tempFolder();
    const first = await acquireLock(folder, 'a', { doing: 'first' });
    first.release();
    const second = await acquireLock(folder, 'a', { doing: 'second' });
    first.release();
    expect(lockHolder(folder, 'a')).toMatchObject({ doing: 'second' });
    second.release();
    expect(lockHolder(folder, 'a')).toBeUndefined();
  });
});

describe('a lock that is held', () => {
  test('by this process keeps the next one waiting until it is freed', async () => {
    const folder = tempFolder();
    const order: string[] = [];
    const first = await acquireLock(folder, 'a', { doing: 'first' });
    const second = acquireLock(folder, 'a', {
      doing: 'second',
      onWait: (owner) => {
        order.push(`waits for ${owner.doing}`);
        first.release();
      },
    });
    (await second).release();
    expect(order).toEqual(['waits for first']);
  });

  test('by another process is not taken, and is taken once that frees it', async () => {
    const folder = tempFolder();
    const other = await startScript('holder', [folder, 'a', 'theirs']);
    other.tell('take');
    expect(await other.line()).toBe('taken');
    expect(tryLock(folder, 'a', 'mine')).toBeUndefined();
    const waited = new Promise<LockOwner>((resolve) => {
      void acquireLock(folder, 'a', { doing: 'mine', onWait: resolve }).then((lock) =>
        lock.release(),
      );
    });
    expect(await waited).toMatchObject({ doing: 'theirs', pid: other.pid });
    other.tell('free');
    expect(await other.line()).toBe('freed');
    (await acquireLock(folder, 'a', { doing: 'mine' })).release();
    await other.end();
  });

  test('ends the waiting when the signal aborts', async () => {
    const folder = tempFolder();
    const lock = await acquireLock(folder, 'a', { doing: 'first' });
    const abort = new AbortController();
    const waiting = acquireLock(folder, 'a', {
      doing: 'second',
      signal: abort.signal,
      onWait: () => abort.abort(new Error('interrupted')),
    });
    await expect(waiting).rejects.toThrow('interrupted');
    expect(lockHolder(folder, 'a')).toMatchObject({ doing: 'first' });
    lock.release();
  });

  test('by a process of another machine counts as alive', () => {
    const folder = tempFolder();
    writeLock(folder, 'a', { ...DEAD, host: 'another-machine' });
    expect(lockHolder(folder, 'a')).toMatchObject({ host: 'another-machine' });
  });

  test('by a process of another container of this machine counts as alive', () => {
    const folder = tempFolder();
    writeLock(folder, 'a', { ...DEAD, space: '1' });
    expect(lockHolder(folder, 'a')).toMatchObject({ space: '1' });
  });
});

describe('the lock of a dead holder', () => {
  test('is taken over by a waiting process as soon as the holder is killed', async () => {
    const folder = tempFolder();
    const other = await startScript('holder', [folder, 'a', 'theirs']);
    other.tell('take');
    expect(await other.line()).toBe('taken');
    const dead: number[] = [];
    const lock = await acquireLock(folder, 'a', {
      doing: 'mine',
      onWait: () => void other.kill(),
      onDead: (owner) => void dead.push(owner.pid),
    });
    expect(dead).toEqual([other.pid]);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['whose pid no process has', DEAD],
    ['whose pid another process has by now', { start: '1', token: 'dead' }],
  ])('is free: %s', async (_, owner) => {
    const folder = tempFolder();
    writeLock(folder, 'a', owner);
    (await acquireLock(folder, 'a', { doing: 'mine' })).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is free if a crash has damaged the file in any way', async () => {
    const folder = tempFolder();
    const texts = ['', '{"host": "x", "pi', 'null', '[]', '{"pid":1}'];
    texts.forEach((text, name) => {
      writeFileSync(join(folder, String(name)), text);
    });
    const take = async (name: string) =>
      (await acquireLock(folder, name, { doing: 'mine' })).release();
    await Promise.all(Object.keys(texts).map(take));
    expect(readdirSync(folder)).toEqual([]);
  });

  test('is taken over even after deaths during the takeover, and during the takeover of the inner lock', async () => {
    const folder = tempFolder();
    writeLock(folder, 'a', DEAD);
    writeLock(folder, 'a~dead', { ...DEAD, token: 'heir' });
    writeLock(folder, 'a~dead~heir', { ...DEAD, token: 'grandheir' });
    const lock = await acquireLock(folder, 'a', { doing: 'mine' });
    expect(readdirSync(folder)).toEqual(['a']);
    lock.release();
  });

  test('is taken over by one process only, and the others wait for it', async () => {
    const folder = tempFolder();
    writeLock(folder, 'a', DEAD);
    const order: string[] = [];
    let second: Promise<void> | undefined;
    const takeSecond = async () => {
      const onDead = () => void order.push('second ends orphans');
      const onWait = (owner: LockOwner) => {
        order.push(`second waits for ${owner.doing}`);
        first.release();
      };
      (await acquireLock(folder, 'a', { doing: 'second', onDead, onWait })).release();
      order.push('second');
    };
    const first = await acquireLock(folder, 'a', {
      doing: 'first',
      onDead: () => {
        order.push('first ends orphans');
        second = takeSecond();
      },
    });
    await second;
    expect(order).toEqual(['first ends orphans', 'second waits for first', 'second']);
  });

  test('stays in place when ending its orphans fails, so that the next process finds it', async () => {
    const folder = tempFolder();
    writeLock(folder, 'a', DEAD);
    const onDead = () => Promise.reject(new Error('cannot kill'));
    await expect(acquireLock(folder, 'a', { doing: 'mine', onDead })).rejects.toThrow(
      'cannot kill',
    );
    expect(readOwner(join(folder, 'a'))).toMatchObject({ token: 'dead' });
    expect(existsSync(join(folder, 'a~dead'))).toBe(false);
  });
});

describe('a lock file of another kind', () => {
  test.skipIf(process.platform === 'win32').each<[string, (path: string) => void]>([
    ['a named pipe', (path) => execFileSync('mkfifo', [path])],
    ['a link to an endless device', (path) => symlinkSync('/dev/zero', path)],
    [
      'larger than a text can be',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 2 ** 30);
      },
    ],
  ])('is taken over like a damaged one, and not read: %s', async (_kind, plant) => {
    const folder = tempFolder();
    const file = join(folder, 'a');
    plant(file);
    expect(readOwner(file)).toBe(TORN);
    const lock = await acquireLock(folder, 'a', { doing: 'mine' });
    expect(lockHolder(folder, 'a')).toMatchObject({ doing: 'mine' });
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('locks with different names', () => {
  test('are independent, whatever characters the names contain', async () => {
    const folder = tempFolder();
    const names = [
      'a',
      'a~dead',
      'a/b',
      'a%2fb',
      '.',
      '..',
      '',
      'ü',
      'x'.repeat(300),
      'x'.repeat(301),
    ];
    const locks = await Promise.all(
      names.map((name) => acquireLock(folder, name, { doing: name })),
    );
    expect(new Set(readdirSync(folder)).size).toBe(names.length);
    expect(names.map((name) => lockHolder(folder, name)?.doing)).toEqual(names);
    for (const lock of locks) lock.release();
  });
});

test('without hard links, two processes never hold a lock and none waits forever', async () => {
  const env = withoutLinks('EPERM');
  const storm = await lockStorm(tempFolder(), 4, 15, randomOf(2), env);
  expect(storm.violations).toEqual([]);
  expect(storm.entries).toBeGreaterThan(5);
});

test('two processes never hold a lock, however many of them are killed at random times', async () => {
  const storm = await lockStorm(tempFolder(), 4, 25, randomOf(1));
  expect(storm.violations).toEqual([]);
  expect(storm.entries).toBeGreaterThan(10);
});
