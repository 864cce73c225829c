/** The remote cache on a shared folder; test/slow/ interrupts its steps, and uses servers. */
import { describe, expect, it } from 'vitest';
import { takesAndGoesOn } from './behaviours.js';
import { clone, cloneWithin, TRAINING } from './clones.js';
import { namesIn, sharedFolder } from './servers.js';

const set = (epochs: number) => ['--set', `train.epochs=${epochs}`];

const last = (out: string) => out.trimEnd().split('\n').at(-1);

describe('a remote cache on a shared folder', () => {
  takesAndGoesOn(true, sharedFolder);
});

describe('a clone with a remote cache', () => {
  it('sends and fetches only by push and pull if its runs do not', async () => {
    const server = sharedFolder();
    const first = clone(server);
    first.env.PIPE_REMOTE = 'off';
    expect((await first.run()).summary).toMatchObject({ ran: 3 });
    const { PIPE_REMOTE: _, ...env } = first.env;
    expect(namesIn(server)).toEqual([]);
    Object.assign(first, { env });
    expect((await first.pipe('push', 'tree')).out).toBe('pipe: 1 result in the remote cache\n');
    const second = clone(server);
    const pulled = await second.pipe('pull');
    expect(pulled.code).toBe(1);
    expect(pulled.out).toContain('tree: restored from the remote cache');
    expect(pulled.out).toContain('large: blocked: its result is not in the remote cache');
    expect(second.lines('ran.txt')).toEqual([]);
    expect((await first.pipe('push')).out).toBe('pipe: 3 results in the remote cache\n');
    expect(last((await second.pipe('pull')).out)).toBe('pipe: 0 ran, 2 restored, 1 fresh');
  });

  it('is asked by status, why and --dry only with --remote', async () => {
    const server = sharedFolder();
    await cloneWithin(server).run();
    const second = cloneWithin(server);
    expect((await second.pipe('run', '--dry')).out).toContain('pipe: would run 3');
    const dry = await second.pipe('run', '--dry', '--remote', 'r');
    expect(last(dry.out)).toBe('pipe: would run 0, would restore 3, 0 fresh');
    expect((await second.pipe('why', 'all')).out).not.toContain('restored');
    expect((await second.pipe('why', 'all', '--remote', 'r')).out).toBe(
      'all would be restored from the cache:\n  its result is in the remote cache\n',
    );
    const states = JSON.parse((await second.pipe('status', '--json', '--remote', 'r')).out);
    expect(states.map(({ state }: { state: string }) => state)).toEqual(
      Array(3).fill('restorable'),
    );
  });

  it.each([
    ['more.txt, cache/out/tree, cache/out/large.txt', 'true', []],
    ['more.txt, cache/out/tree/1, cache/out/large.txt', 'true', ['tree']],
    ['cache/out/tree/*, cache/out/large.txt', 'true', ['tree']],
    ['cache/out', 'true', ['large', 'tree']],
    // The text of a link may lead to another input.
    ['cache/out/tree, cache/out/large.txt', 'ln -s 1 $D/2', ['tree']],
  ])('fetches by status only what keys depend on: [%s], %s', async (deps, link, fetched) => {
    const server = sharedFolder();
    const pipeline = `
stages:
  tree: { cmd: "D=\${outs.d}; mkdir $D; echo 1 > $D/1; ${link}", outs: { d: cache/out/tree } }
  large: { cmd: "seq 20000 > \${outs.f}", outs: { f: cache/out/large.txt } }
  all: { cmd: wc -l cache/out/large.txt > all.txt, deps: [${deps}], outs: [all.txt] }
`;
    const [first, second] = [cloneWithin(server, pipeline), cloneWithin(server, pipeline)];
    for (const each of [first, second]) each.write('more.txt', 'more');
    await first.run();
    const { out, err } = await second.pipe('status', '--remote', 'r');
    expect(out.match(/restorable/g), out + err).toHaveLength(3);
    const stats = JSON.parse((await second.pipe('cache', 'stats', '--json')).out);
    expect(stats.items.map(({ item }: { item: string }) => item).sort()).toEqual(fetched);
  });

  it('shows the epochs of a fetched result, whose states are not here', async () => {
    const server = sharedFolder();
    await cloneWithin(server, TRAINING).run();
    const second = cloneWithin(server, TRAINING);
    await second.run();
    expect((await second.pipe('epochs', 'train')).out.match(/not here/g)).toHaveLength(6);
    const longer = await second.run('--set', 'train.epochs=7');
    expect(longer.events.filter(({ type }) => type === 'epoch')).toHaveLength(1);
    expect((await second.pipe('epochs', 'train')).out.match(/not here/g)).toHaveLength(5);
  });

  it.each([2, 5, 7])(
    'sends the epochs of an earlier run without a remote cache with a result of %i epochs',
    async (target) => {
      const server = sharedFolder();
      const first = cloneWithin(server, TRAINING);
      await first.run('--remote', 'off');
      await first.run(...set(target));
      const second = cloneWithin(server, TRAINING);
      const restored = await second.run(...set(target));
      expect(restored.summary?.restored).toBe(1);
      const { items } = await second.run(...set(8));
      expect(items.train?.epochs).toEqual({ computed: 8 - Math.max(6, target), reached: 8 });
    },
  );

  it('pushes the results of the named variant, whatever outs another variant left', async () => {
    const server = sharedFolder();
    const pipeline = `
params: { rate: 1 }
stages:
  train: { cmd: "echo \${rate} > \${outs.m}", outs: { m: model.txt } }
  always: { cmd: "cat \${deps.m} > \${outs.a}", deps: { m: model.txt }, outs: { a: a.txt }, always: true }
  sample: { cmd: "cat \${deps.a} > \${outs.s}", deps: { a: a.txt }, outs: { s: sample.txt } }
`;
    const first = cloneWithin(server, pipeline);
    first.env.PIPE_REMOTE_MODE = 'r';
    await first.run();
    await first.run('--set', 'rate=2');
    delete first.env.PIPE_REMOTE_MODE;
    expect((await first.pipe('push')).out).toBe('pipe: 3 results in the remote cache\n');
    const second = cloneWithin(server, pipeline);
    await second.pipe('run', 'always');
    expect((await second.pipe('run', 'sample')).out).toContain('sample: restored');
  });
});
