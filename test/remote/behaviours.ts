/** The promises about a remote cache, on any kind of server. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Project, Running } from '../rig/project.js';
import { clone, cloneWithin, TRAINING } from './clones.js';
import {
  behind,
  folderOf,
  isNowhere,
  namesIn,
  proxyTo,
  type Server,
  sharedFolder,
} from './servers.js';

const last = (out: string) => out.trimEnd().split('\n').at(-1);

type Start = () => Server | Promise<Server>;

/** Every server must support this: others use what one clone computed. */
export function takesAndGoesOn(isHere: boolean, start: Start): void {
  const on = it.skipIf(!isHere);

  on('gives a second clone everything, which then needs no server', async () => {
    const server = await start();
    const first = await cloneWithin(server).run();
    expect(`${first.summary?.ran} ${first.err}`).toBe('3 ');
    const second = cloneWithin(server);
    const taken = await second.run();
    expect(taken.with('restored')).toEqual(['tree', 'large', 'all']);
    expect(Object.values(taken.items).map(({ from }) => from)).toEqual(Array(3).fill('remote'));
    expect(second.lines('ran.txt')).toEqual([]);
    expect(second.read('all.txt').trim()).toBe('20003');
    expect(readFileSync(second.path('cache/out/tree/link'), 'utf8')).toBe('1\n');
    renameSync(server.data, `${server.data}-away`);
    const again = await second.pipe('run');
    expect(`${again.out}${again.err}`).toBe('pipe: 0 ran, 0 restored, 3 fresh\n');
    expect(existsSync(server.data)).toBe(false);
  });

  on('keeps results below a folder with any name', async () => {
    const server = await start();
    // A shared folder creates only its last part, because a missing parent may be an unmounted
    // disk.
    mkdirSync(server.data, { recursive: true });
    const character = fc.constantFrom(...'a.b -_~%#?&=+;:@!$\'"()[]{}*,|<>\\^`é日\u0301');
    const name = fc
      .string({ unit: character, minLength: 1, maxLength: 9 })
      .filter((each) => !/^\.+$/.test(each) && each.trim() === each);
    await fc.assert(
      fc.asyncProperty(name, async (each) => {
        const within = {
          ...folderOf(server, encodeURIComponent(each)),
          data: path.join(server.data, each),
        };
        const one = "stages: { a: { cmd: 'echo 1 > o', outs: [o] } }";
        expect((await cloneWithin(within, one).run()).err).toBe('');
        expect((await cloneWithin(within, one).run()).summary).toMatchObject({ restored: 1 });
        expect(namesIn(within)).toHaveLength(2);
      }),
      { numRuns: 12 },
    );
  });

  on('lets a training go on after the epochs of another clone, to the same bytes', async () => {
    const server = await start();
    const whole = cloneWithin(server, TRAINING);
    await whole.run('--remote', 'off', '--set', 'train.epochs=8');
    const first = cloneWithin(server, TRAINING);
    await first.run();
    expect(first.lines('ran.txt')).toEqual(['1', '2', '3', '4', '5', '6']);
    const second = cloneWithin(server, TRAINING);
    const { items, err } = await second.run('--set', 'train.epochs=8');
    expect(err).toBe('');
    expect(items.train?.epochs).toEqual({ computed: 2, reached: 8 });
    expect(second.lines('ran.txt')).toEqual(['7', '8']);
    expect(second.read('model.txt')).toBe(whole.read('model.txt'));
    // A clone that fetches the result also has its metrics, and those of all epochs.
    const third = cloneWithin(server, TRAINING);
    expect((await third.run()).summary?.restored).toBe(1);
    const shown = async (made: Project) => {
      const { out } = await made.pipe('results', 'train', '--json');
      return JSON.parse(out)[0].metrics;
    };
    expect(await shown(third)).toEqual(await shown(first));
    expect(await shown(third)).toHaveProperty('v');
    expect((await third.pipe('epochs', 'train', '--csv')).out.trim().split('\n')).toHaveLength(9);
  });
}

/** Whatever happens to the server, no result is wrong, and the run ends as without it. */
export function staysTrue(isHere: boolean, start: Start): void {
  const on = it.skipIf(!isHere);

  on('never restores a damaged object, says so, and is healed by the run', async () => {
    const server = await start();
    await cloneWithin(server).run();
    const names = namesIn(server);
    expect(names.length).toBeGreaterThan(4);
    for (const [index, damaged] of names.entries()) {
      const file = path.join(server.data, damaged);
      const before = readFileSync(file);
      for (const damage of index === 0 ? DAMAGES : [DAMAGES[index % 4] as Damage]) {
        damage(file, before);
        const hurt = cloneWithin(server);
        const run = await hurt.run();
        expect(run.code).toBe(0);
        expect(run.summary?.ran).toBeGreaterThan(0);
        expect(hurt.read('all.txt').trim()).toBe('20003');
        const told = run.events.filter(({ type }) => type === 'warning').length;
        // A missing record is not damage.
        const isAbsent = damage === DAMAGES[3] && damaged.startsWith('ac/');
        expect(`${damaged} ${told > 0}`).toBe(`${damaged} ${!isAbsent}`);
        expect((await cloneWithin(server).run()).summary).toMatchObject({ ran: 0, restored: 3 });
      }
    }
  });

  on('holds no value of an environment variable that enters the key', async () => {
    const server = await start();
    const pipeline = 'stages:\n  one: { cmd: "echo done > o.txt", outs: [o.txt], env: [TOKEN] }\n';
    const first = cloneWithin(server, pipeline);
    first.env.TOKEN = 'tell-nobody-4711';
    await first.run();
    expect(namesIn(server)).toHaveLength(2);
    expect(isNowhere(server.data, 'tell-nobody')).toBe(true);
    const second = cloneWithin(server, pipeline);
    second.env.TOKEN = 'tell-nobody-4711';
    expect((await second.run()).with('restored')).toEqual(['one']);
    const third = cloneWithin(server, pipeline);
    third.env.TOKEN = 'another';
    expect((await third.run()).with('ran')).toEqual(['one']);
  });

  on('is not written in read-only mode', async () => {
    const server = await start();
    const proxy = server.port === undefined ? undefined : await proxyTo(server.port);
    const reader = cloneWithin(proxy === undefined ? server : behind(server, proxy));
    reader.env.PIPE_REMOTE_MODE = 'r';
    expect((await reader.run()).summary).toMatchObject({ ran: 3 });
    expect(namesIn(server)).toEqual([]);
    if (proxy === undefined) return;
    expect(proxy.requests.length).toBeGreaterThan(0);
    expect(proxy.requests.filter((each) => !/^(GET|HEAD) /.test(each))).toEqual([]);
  });
}

/** Several clones send at the same time, or send different results. */
export function settlesRivals(isHere: boolean, start: Start): void {
  const on = it.skipIf(!isHere);

  on('keeps the first of two results of one key, and warns of the other', async () => {
    const server = await start();
    const pipeline = 'stages:\n  dice: { cmd: "echo $ROLL > o.txt", outs: [o.txt] }\n';
    const [one, two, three] = ['1', '2', '3'].map((roll) => {
      const made = cloneWithin(server, pipeline);
      made.env.ROLL = roll;
      return made;
    });
    await one?.run();
    const { events, code } = (await two?.run('--force')) ?? {};
    expect(code).toBe(0);
    expect(events?.filter(({ type }) => type === 'warning')).toEqual([
      expect.objectContaining({
        item: 'dice',
        message: expect.stringMatching(
          /a different result for the same key.*made on .*not determin/,
        ),
      }),
    ]);
    expect(two?.read('o.txt')).toBe('2\n');
    expect((await three?.run())?.with('restored')).toEqual(['dice']);
    expect(three?.read('o.txt')).toBe('1\n');
  });

  on('holds one record when many clones send one key at once', async () => {
    const server = await start();
    const pipeline = 'stages:\n  one: { cmd: "echo 1 > o.txt", outs: [o.txt] }\n';
    const clones = Array.from({ length: 20 }, () => cloneWithin(server, pipeline));
    await clones[0]?.run('--remote', 'off');
    for (const each of clones.slice(1))
      cpSync(clones[0]?.root as string, each.root, { recursive: true });
    const pushed = await Promise.all(clones.map((each) => each.pipe('push')));
    expect(new Set(pushed.map(({ code, out, err }) => `${code} ${out}${err}`))).toEqual(
      new Set(['0 pipe: 1 result in the remote cache\n']),
    );
    expect(namesIn(server)).toHaveLength(2);
    expect((await cloneWithin(server, pipeline).run()).with('restored')).toEqual(['one']);
  });

  on('holds the union of two heads of a chain that were written at once', async () => {
    const server = await start();
    const clones = [4, 6, 5, 3].map((epochs) => ({
      epochs,
      made: cloneWithin(server, TRAINING),
    }));
    for (const { epochs, made } of clones)
      await made.run('--remote', 'off', '--set', `train.epochs=${epochs}`);
    await Promise.all(
      clones.map(({ epochs, made }) => made.pipe('push', '--set', `train.epochs=${epochs}`)),
    );
    for (const epochs of [3, 4, 5, 6]) {
      const next = cloneWithin(server, TRAINING);
      // Only the result of the last epoch needs more than its state.
      const run = await next.run('--set', `train.epochs=${epochs}`);
      expect(`${epochs} ${run.summary?.restored} ${run.err}`).toBe(`${epochs} 1 `);
    }
    const longer = cloneWithin(server, TRAINING);
    const { items } = await longer.run('--set', 'train.epochs=7');
    expect(items.train?.epochs).toEqual({ computed: 1, reached: 7 });
  });
}

/** The server dies at each request, or at each third one. */
export function survivesItsDeath(isHere: boolean, start: Start, step: number): void {
  it.skipIf(!isHere)(
    'never holds a record without its objects, whenever the server dies',
    async () => {
      const all = await start();
      let server = folderOf(all, 0);
      const count = async (dieAt?: number) => {
        const proxy = await proxyTo(server.port as number, dieAt === undefined ? {} : { dieAt });
        const writer = cloneWithin(behind(server, proxy));
        writer.env.PIPE_REMOTE_MODE = 'rw';
        const run = await writer.run();
        expect(run.code).toBe(0);
        expect(last(run.out)).toContain('"failed":0');
        proxy.close();
        return proxy.requests.length;
      };
      const requests = await count();
      expect(requests).toBeGreaterThan(6);
      for (let dieAt = 1; dieAt <= requests; dieAt += step) {
        server = folderOf(all, dieAt);
        await count(dieAt);
        const reader = cloneWithin(server);
        reader.env.PIPE_REMOTE_MODE = 'r';
        const run = await reader.run();
        expect(run.events.filter(({ type }) => type === 'warning')).toEqual([]);
        expect(reader.read('all.txt').trim()).toBe('20003');
      }
    },
  );
}

/** The writer is killed at each request, or at each third one. */
export function survivesKills(isHere: boolean, start: Start, step: number): void {
  it.skipIf(!isHere)(
    'never holds a record without its objects, whenever its writer is killed',
    async () => {
      const all = await start();
      for (let killAt = 1, isOver = false; !isOver; killAt += step) {
        const server = folderOf(all, killAt);
        let writing: Running | undefined;
        const onRequest = (count: number) => count === killAt && writing?.kill('SIGKILL');
        const proxy = await proxyTo(server.port as number, { onRequest });
        const writer = clone(behind(server, proxy));
        writing = writer.start('run');
        isOver = (await writing.ended).signal !== 'SIGKILL';
        const reader = cloneWithin(server);
        reader.env.PIPE_REMOTE_MODE = 'r';
        const run = await reader.run();
        expect(run.events.filter(({ type }) => type === 'warning')).toEqual([]);
        expect(reader.read('all.txt').trim()).toBe('20003');
        expect((await writer.pipe('run')).code).toBe(0);
        expect((await writer.pipe('push')).code).toBe(0);
        expect((await cloneWithin(server).run()).summary).toMatchObject({ ran: 0, restored: 3 });
        proxy.close();
      }
    },
  );
}

const STEPS = fileURLToPath(new URL('../rig/store-steps.cjs', import.meta.url));

/**
 * At each operation on a shared folder, or each nth one, its writer is killed, or the folder is
 * gone.
 */
export function survivesEveryStep(how: 'is killed' | 'fails', every: number): void {
  it(`never holds a record without its objects, whenever its writer ${how}`, async () => {
    for (let at = 1, isOver = false; !isOver; at += every) {
      const server = sharedFolder();
      const writer = clone(server);
      const before = { ...writer.env };
      Object.assign(writer.env, {
        NODE_OPTIONS: `--require ${STEPS}`,
        PIPE_TEST_STORE: server.data,
        PIPE_TEST_STEP: String(at),
        PIPE_TEST_STEP_ENDS: how,
      });
      const run = await writer.pipe('run');
      isOver = run.signal !== 'SIGKILL' && !run.out.includes('is not used for the rest');
      if (how === 'fails') expect(run.code).toBe(0);
      for (const name of Object.keys(writer.env)) if (!(name in before)) delete writer.env[name];
      const reader = cloneWithin(server);
      reader.env.PIPE_REMOTE_MODE = 'r';
      const isMade = existsSync(server.data);
      const { events } = await reader.run();
      const warnings = events.flatMap((event) => (event.type === 'warning' ? event.message : []));
      expect(warnings).toEqual(isMade ? [] : [expect.stringContaining('does not exist')]);
      expect(reader.read('all.txt').trim()).toBe('20003');
      expect((await writer.pipe('run')).code).toBe(0);
      expect((await writer.pipe('push')).code).toBe(0);
      expect((await cloneWithin(server).run()).summary).toMatchObject({ ran: 0, restored: 3 });
    }
  });
}

type Damage = (file: string, bytes: Buffer) => void;

const DAMAGES: readonly Damage[] = [
  (file, bytes) => {
    const flipped = Buffer.from(bytes);
    const at = Math.floor(bytes.length / 2);
    flipped[at] = (flipped[at] as number) ^ 1;
    writeFileSync(file, flipped);
  },
  (file, bytes) => writeFileSync(file, bytes.subarray(0, bytes.length - 1)),
  (file) => writeFileSync(file, ''),
  (file) => rmSync(file),
];
