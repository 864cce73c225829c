import { describe, expect, it } from 'vitest';
import { createJobQueue } from '../../src/execute/ready-queue.js';

const GB = 2 ** 30;

/** Jobs that the test ends manually, in a queue for a machine of the given size. */
async function machine(capacity: { cpu: number; memory: number; gpu: number }) {
  const queue = await createJobQueue(capacity);
  const running = new Map<string, () => void>();
  const started: string[] = [];
  const add = (name: string, need: { cpu?: number; memory?: number; gpu?: number }, priority = 0) =>
    queue.add(
      () =>
        new Promise<void>((resolve) => {
          started.push(name);
          running.set(name, resolve);
        }),
      { priority, need: { cpu: 1, memory: 0, gpu: 0, ...need } },
    );
  /** Ends a job; resolves when the queue has searched for the next one. */
  const end = async (name: string) => {
    const looked = new Promise<void>((resolve) => queue.onNext(resolve));
    running.get(name)?.();
    await looked;
  };
  return { add, end, started, queue };
}

describe('a job queue over resources', () => {
  it('starts jobs that fit and holds back others', async () => {
    const { add, end, started } = await machine({ cpu: 2, memory: GB, gpu: 1 });
    for (const name of ['a', 'b', 'c']) void add(name, {});
    expect(started).toEqual(['a', 'b']);
    await end('a');
    expect(started).toEqual(['a', 'b', 'c']);
  });

  it('lets a CPU job pass a GPU job that has to wait', async () => {
    const { add, started } = await machine({ cpu: 4, memory: GB, gpu: 1 });
    void add('train@faces', { gpu: 1 }, 9);
    void add('train@animals', { gpu: 1 }, 8);
    void add('evaluate', {}, 1);
    expect(started).toEqual(['train@faces', 'evaluate']);
  });

  it('starts the longest critical path first, then the oldest', async () => {
    const { add, end, started } = await machine({ cpu: 1, memory: GB, gpu: 0 });
    void add('first', {});
    void add('short', {}, 1);
    void add('long', {}, 5);
    void add('also short', {}, 1);
    await end('first');
    expect(started).toEqual(['first', 'long']);
    await end('long');
    expect(started).toEqual(['first', 'long', 'short']);
  });

  it('counts memory', async () => {
    const { add, started } = await machine({ cpu: 8, memory: 4 * GB, gpu: 0 });
    void add('a', { memory: 3 * GB });
    void add('b', { memory: 2 * GB });
    void add('c', { memory: GB });
    expect(started).toEqual(['a', 'c']);
  });

  it('runs a job that needs more than the machine has alone, instead of never', async () => {
    const { add, end, started } = await machine({ cpu: 2, memory: GB, gpu: 1 });
    void add('small', {});
    void add('large', { cpu: 64, gpu: 8 });
    expect(started).toEqual(['small']);
    await end('small');
    expect(started).toEqual(['small', 'large']);
  });

  it('runs nothing in parallel with a job that needs more memory than there is', async () => {
    const { add, end, started } = await machine({ cpu: 4, memory: GB, gpu: 1 });
    void add('large', { memory: 64 * GB });
    void add('small', {});
    expect(started).toEqual(['large']);
    await end('large');
    expect(started).toEqual(['large', 'small']);
  });

  it('frees the resources of a job that fails', async () => {
    const { queue, started, add } = await machine({ cpu: 1, memory: GB, gpu: 0 });
    const failing = queue.add(() => Promise.reject(new Error('no')), {
      priority: 0,
      need: { cpu: 1, memory: 0, gpu: 0 },
    });
    const looked = new Promise<void>((resolve) => queue.onNext(resolve));
    await expect(failing).rejects.toThrow('no');
    await looked;
    void add('next', {});
    expect(started).toEqual(['next']);
  });
});
