/** GPU leases: one holder for each GPU, in order of arrival, among real processes. */
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acquireGpus, type LeaseOptions, runtimeFolder } from '../../src/process/gpu-lease.js';
import { HAS_PROC, statOf } from '../../src/sys/proc.js';
import { type Script, startScript, tempFolder } from './support/script.js';

function machine(gpus: string, folder = tempFolder()): NodeJS.ProcessEnv {
  return { ...process.env, PIPE_RUNTIME_DIR: folder, PIPE_GPUS: gpus };
}

function options(env: NodeJS.ProcessEnv, more: Partial<LeaseOptions> = {}): LeaseOptions {
  return { doing: 'test', env, ...more };
}

async function user(name: string, env: NodeJS.ProcessEnv): Promise<Script> {
  return startScript('gpu-user', [name], env);
}

/** Its next line that starts with the text. */
async function says(script: Script, start: string): Promise<string> {
  const line = await script.line();
  expect(line).toMatch(new RegExp(`^${start}`));
  return line as string;
}

describe('free GPUs', () => {
  test('are granted by index, and free again when released', async () => {
    const env = machine('0,3,5');
    const first = await acquireGpus(2, options(env));
    const second = await acquireGpus(1, options(env));
    expect([first.indices, second.indices]).toEqual([[0, 3], [5]]);
    expect(first.visible).toBe('0,3');
    first.release();
    expect((await acquireGpus(1, options(env))).indices).toEqual([0]);
  });

  test('more than the machine has are a user error', async () => {
    await expect(acquireGpus(3, options(machine('2')))).rejects.toThrow(
      'the item needs 3 GPUs, but this machine has 2',
    );
  });

  test('without any, one slot serves every request, one item at a time', async () => {
    const env = machine('0');
    const lease = await acquireGpus(4, options(env));
    expect(lease.indices).toEqual([0]);
    const onWait = () => lease.release();
    expect((await acquireGpus(1, options(env, { onWait }))).indices).toEqual([0]);
  });

  test('without any, CUDA_VISIBLE_DEVICES is left as it is', async () => {
    expect((await acquireGpus(1, options(machine('0')))).visible).toBeUndefined();
  });

  test('entries of CUDA_VISIBLE_DEVICES are passed on verbatim', async () => {
    const { PIPE_GPUS: _none, ...env } = machine('');
    const entries = ['MIG-4dfc5ef2-0e9f-5e6e-a9a5-4e0c8c1fabcd', 'GPU-8932f937', '41'];
    const given = { ...env, CUDA_VISIBLE_DEVICES: entries.join(',') };
    const first = await acquireGpus(2, options(given));
    const second = await acquireGpus(1, options(given));
    expect([first.visible, second.visible]).toEqual([entries.slice(0, 2).join(','), '41']);
  });
});

test("all runs share the queue's folder, whatever TMPDIR and XDG_RUNTIME_DIR are", () => {
  const { PIPE_RUNTIME_DIR: _own, ...env } = process.env;
  const folders = ['TMPDIR', 'XDG_RUNTIME_DIR'].map((name) =>
    runtimeFolder({ ...env, [name]: tempFolder() }),
  );
  expect(new Set([...folders, runtimeFolder(env)]).size).toBe(1);
});

describe('PIPE_RUNTIME_DIR', () => {
  const at = (folder: string) => () => runtimeFolder({ PIPE_RUNTIME_DIR: folder });

  test('may be a link to a folder of the user', () => {
    const link = join(tempFolder(), 'link');
    symlinkSync(tempFolder(), link);
    expect(at(link)()).toBe(link);
  });

  test('is refused when no folder can be there', () => {
    const folder = tempFolder();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync('nowhere', join(folder, 'link'));
    expect(at(join(folder, 'file'))).toThrow('cannot hold GPU leases: it is not a folder');
    expect(at(join(folder, 'file/x'))).toThrow(`${folder}/file is not a folder`);
    expect(at(join(folder, 'link/x'))).toThrow(`${folder}/link is a broken link`);
  });

  test.runIf(HAS_PROC).each(['/proc', '/proc/x/y'])('%s is refused at once', (folder) => {
    expect(at(folder)).toThrow('no folder can be created in /proc');
  });
});

describe('waiting', () => {
  test('reports which process holds what since when, and which waits ahead', async () => {
    const env = machine('1');
    const owner = await user('train@faces', env);
    const next = await user('train@animals', env);
    owner.tell('take 1');
    await says(owner, 'has 0');
    next.tell('take 1');
    const time = String.raw`\d\d:\d\d:\d\d`;
    expect(await next.line()).toMatch(
      new RegExp(
        `^waits waits for a GPU: GPU 0 held by train@faces, pid ${owner.pid}, since ${time}$`,
      ),
    );
    const abort = new AbortController();
    const reasons: string[] = [];
    const onWait = (reason: string) => {
      reasons.push(reason);
      abort.abort(new Error('interrupted'));
    };
    const third = acquireGpus(1, options(env, { onWait, signal: abort.signal }));
    await expect(third).rejects.toThrow('interrupted');
    expect(reasons).toEqual([
      expect.stringMatching(
        new RegExp(
          `^waits for a GPU: GPU 0 held by train@faces, .*; earlier in the queue: train@animals, pid ${next.pid},`,
        ),
      ),
    ]);
    owner.tell('free');
    await says(next, 'has 0');
    await Promise.all([owner.end(), next.end()]);
  });

  test('that is aborted leaves no ticket in the queue', async () => {
    const env = machine('1');
    const first = await acquireGpus(1, options(env));
    const gone = acquireGpus(1, options(env, { signal: AbortSignal.timeout(1) }));
    await expect(gone).rejects.toThrow();
    first.release();
    (await acquireGpus(1, options(env))).release();
    expect(readdirSync(join(env.PIPE_RUNTIME_DIR as string, 'gpus'))).toEqual([]);
  });

  test('is in order of arrival: a free GPU is kept for an earlier item that needs two', async () => {
    const env = machine('2');
    const order: string[] = [];
    const first = await acquireGpus(1, options(env));
    let third: Promise<void> | undefined;
    const takeThird = async () => {
      const onWait = () => void order.push('third waits');
      const lease = await acquireGpus(1, options(env, { onWait }));
      order.push('third has one');
      lease.release();
    };
    const second = await acquireGpus(
      2,
      options(env, {
        onWait: () => {
          order.push('second waits');
          third ??= takeThird();
          setImmediate(() => first.release());
        },
      }),
    );
    order.push('second has both');
    second.release();
    await third;
    expect(order.indexOf('second has both')).toBeLessThan(order.indexOf('third has one'));
  });

  test('does not delay items that need other GPUs', async () => {
    const folder = tempFolder();
    const owner = await acquireGpus(1, options(machine('0,', folder)));
    const abort = new AbortController();
    let other: number[] = [];
    const waiting = acquireGpus(
      1,
      options(machine('0,', folder), {
        signal: abort.signal,
        onWait: async () => {
          other = [...(await acquireGpus(1, options(machine('1,', folder)))).indices];
          abort.abort(new Error('enough'));
        },
      }),
    );
    await expect(waiting).rejects.toThrow('enough');
    expect(other).toEqual([1]);
    owner.release();
  });

  test('ends for all of many items that need two of two GPUs', async () => {
    const env = machine('2');
    let inside = 0;
    const use = async (count: number) => {
      const lease = await acquireGpus(count, options(env));
      inside += count;
      expect(inside).toBeLessThanOrEqual(2);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= count;
      lease.release();
    };
    await Promise.all(Array.from({ length: 12 }, (_, i) => use(i % 3 === 0 ? 1 : 2)));
    expect(inside).toBe(0);
  });
});

describe('a process that dies', () => {
  test('while it holds a GPU loses it immediately', async () => {
    const env = machine('1');
    const owner = await user('holder', env);
    owner.tell('take 1');
    await says(owner, 'has 0');
    const lease = await acquireGpus(1, options(env, { onWait: () => void owner.kill() }));
    expect(lease.indices).toEqual([0]);
    lease.release();
  });

  test('while it waits is skipped', async () => {
    const env = machine('1');
    const waiting = await user('waiting', env);
    const first = await acquireGpus(1, options(env));
    waiting.tell('take 1');
    await says(waiting, 'waits');
    await waiting.kill();
    first.release();
    (await acquireGpus(1, options(env))).release();
    expect(readdirSync(join(env.PIPE_RUNTIME_DIR as string, 'gpus'))).toEqual([]);
  });

  test.runIf(HAS_PROC)(
    'leaves stages, which are ended before its GPU is granted again',
    async () => {
      const env = machine('1');
      const owner = await user('holder', env);
      owner.tell('take 1');
      await says(owner, 'has 0');
      owner.tell('start');
      const child = Number((await says(owner, 'started')).split(' ')[1]);
      expect(statOf(child)?.zombie).toBe(false);
      await owner.kill();
      expect(statOf(child)?.zombie).toBe(false);
      (await acquireGpus(1, options(env))).release();
      expect(statOf(child)?.zombie ?? true).toBe(true);
    },
  );
});

test('a ticket that a crash of the machine damaged is ignored', async () => {
  const env = machine('1');
  (await acquireGpus(1, options(env))).release();
  writeFileSync(join(env.PIPE_RUNTIME_DIR as string, 'gpus', '000000000001-torn.ticket'), '{"pi');
  expect((await acquireGpus(1, options(env))).indices).toEqual([0]);
});
