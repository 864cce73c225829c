/** Transfers over connections that break, slowly, and with progress. */

import { execFileSync } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http, { type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isCloned } from '../../src/cache/files/copy-tree.js';
import { DamagedObject } from '../../src/cache/files/file-errors.js';
import { FileStore } from '../../src/remote/file-store.js';
import type { Body, Counter } from '../../src/remote/store.js';
import { clone, cloneWithin, LARGE } from './clones.js';
import { cut, listening, served, storeAt } from './served.js';
import { namesIn, sharedFolder } from './servers.js';

describe('a transfer', () => {
  it('of a large object resumes where the connection broke, as often as it breaks', async () => {
    const server = await served(({ name }, body, response) =>
      name.startsWith('/cas/') && body.length > 600_000 ? cut(body, 600_000, response) : false,
    );
    await cloneWithin(server, LARGE).run();
    server.asked.length = 0;
    const taking = cloneWithin(server, LARGE);
    const { events, summary } = await taking.run();
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(summary).toMatchObject({ ran: 0, restored: 1 });
    const { size } = statSync(taking.path('cache/out/large.txt'));
    const gets = server.asked.filter(({ name }) => name.startsWith('/cas/'));
    expect(size).toBeGreaterThan(2_000_000);
    expect(gets.length).toBeGreaterThanOrEqual(Math.floor(size / 600_000));
    for (const [at, { from }] of gets.entries()) {
      expect(from).toBeGreaterThanOrEqual(gets[at - 1]?.from ?? 0);
      expect(from).toBeLessThanOrEqual(at * 600_000);
    }
    expect(gets.at(-1)?.from).toBeGreaterThan(size / 2);
  });

  it('of a pack or a record starts again if the connection breaks', async () => {
    const broken = new Set<string>();
    const server = await served(({ name }, body, response) => {
      if (broken.has(name)) return false;
      broken.add(name);
      return cut(body, Math.floor(body.length / 2), response);
    });
    await cloneWithin(server).run();
    broken.clear();
    const { events, summary } = await cloneWithin(server).run();
    expect(broken.size).toBe(namesIn(server).length);
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(summary).toMatchObject({ ran: 0, restored: 3 });
  });

  it('is retried if the server asks to slow down', async () => {
    const refused = new Set<string>();
    const server = await served(undefined, ({ method, name }) => {
      const isNew = !refused.has(`${method} ${name}`);
      refused.add(`${method} ${name}`);
      return isNew ? 503 : undefined;
    });
    for (const verdict of ['ran', 'restored'] as const) {
      const { events, summary } = await cloneWithin(server, LARGE).run();
      expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
      expect(summary?.[verdict]).toBe(1);
    }
    expect(refused.size).toBeGreaterThan(4);
  });

  it('of an object that the server does not show yet is replaced by computing the item', async () => {
    let isHidden = true;
    const server = await served(undefined, ({ method, name }) =>
      isHidden && method !== 'PUT' && name.startsWith('/cas/') ? 404 : undefined,
    );
    await cloneWithin(server, LARGE).run();
    const early = await cloneWithin(server, LARGE).run();
    expect(early.code).toBe(0);
    expect(early.summary).toMatchObject({ ran: 1, restored: 0 });
    expect(early.events.filter(({ type }) => type === 'warning')).toHaveLength(1);
    isHidden = false;
    const late = await cloneWithin(server, LARGE).run();
    expect(late.events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(late.summary).toMatchObject({ ran: 0, restored: 1 });
  });

  it.each(['server', 'folder'])('of a sparse object from a %s keeps the holes', async (kind) => {
    const server = kind === 'server' ? await served() : sharedFolder();
    const sparse =
      "stages: { s: { cmd: 'printf start > o; truncate -s 20M o; printf middle >> o; truncate -s 40M o', outs: [o] } }";
    const first = cloneWithin(server, sparse);
    expect((await first.run()).code).toBe(0);
    const second = cloneWithin(server, sparse);
    expect((await second.run()).summary).toMatchObject({ restored: 1 });
    expect(readFileSync(second.path('o')).equals(readFileSync(first.path('o')))).toBe(true);
    const room = execFileSync('du', ['-sk', second.path('o'), second.path('cache/v1/objects')]);
    for (const line of room.toString().trim().split('\n'))
      expect(Number.parseInt(line, 10)).toBeLessThan(1000);
  });

  it('of an object that is dropped here meanwhile is no fault of the remote cache', async () => {
    const pipeline = `${LARGE}
  after: { cmd: wc -l < cache/out/large.txt > n.txt, deps: [cache/out/large.txt], outs: [n.txt] }`;
    let drop = (_hex: string) => {};
    const server = await served(undefined, ({ method, name }) => {
      if (method === 'HEAD' && name.startsWith('/cas/')) drop(name.slice('/cas/'.length));
      return undefined;
    });
    const made = cloneWithin(server, pipeline);
    drop = (hex) => rmSync(made.path(`cache/v1/objects/${hex.slice(0, 2)}/${hex.slice(2)}`));
    const { events, summary } = await made.run();
    expect(events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(summary).toMatchObject({ ran: 2 });
    // Of the other item, everything is there.
    expect(namesIn(server).map(path.dirname).sort()).toEqual(['ac', 'cas']);
  });

  it('of a file that is gone names the object, not the place', async () => {
    const body = { content: '/nowhere/object', size: 100, hex: 'a'.repeat(64) };
    const { data, remote } = await served();
    for (const store of [new FileStore(data, () => {}), storeAt(remote, true)])
      await expect(store.put('cas/x', body, true)).rejects.toThrow(DamagedObject);
  });

  it('that makes no progress turns the remote cache off', async () => {
    const server = await served(({ name }, body, response) =>
      name.startsWith('/cas/') ? cut(body, 0, response) : false,
    );
    await cloneWithin(server, LARGE).run();
    const { events, summary, code } = await cloneWithin(server, LARGE).run();
    expect(code).toBe(0);
    expect(summary).toMatchObject({ ran: 1, restored: 0 });
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      expect.objectContaining({ message: expect.stringContaining('is not used for the rest') }),
    ]);
  });

  it('that takes longer than a second reports bytes and rate', async () => {
    let release = () => {};
    const server = await served(({ name }, body, response) => {
      if (!name.startsWith('/cas/')) return false;
      response.write(body.subarray(0, 1_000_000));
      release = () => response.end(body.subarray(1_000_000));
      return true;
    });
    await cloneWithin(server, LARGE).run();
    const taking = clone(server, LARGE).start('run', '--json');
    const told = await taking.event(
      (event) => event.type === 'transfer' && event.done >= 1_000_000,
    );
    release();
    expect(told).toMatchObject({ direction: 'in', total: 2_688_895 });
    expect((await taking.ended).code).toBe(0);
  });
});

describe('the bytes of a body', () => {
  const BYTES = Buffer.alloc(3_000_000, 'pipe');

  /** A body in memory or in a file, and its pieces as they are counted. */
  async function countedOf(kind: 'file' | 'memory', put: (body: Body, count: Counter) => unknown) {
    const folder = mkdtempSync(path.join(tmpdir(), 'pipe-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = path.join(folder, 'object');
    writeFileSync(file, BYTES);
    const pieces: number[] = [];
    const body = { content: kind === 'file' ? file : BYTES, size: BYTES.length, hex: '' };
    await put(body, (direction, bytes) => void (direction === 'out' && pieces.push(bytes)));
    return pieces;
  }

  const sum = (pieces: readonly number[]) => pieces.reduce((all, each) => all + each, 0);

  it('stop on the way to or from a folder at an interrupt, and nothing is left there', async () => {
    const { data } = sharedFolder();
    const end = new AbortController();
    const store = new FileStore(data, () => end.abort(), { signal: end.signal });
    const body = { content: BYTES, size: BYTES.length, hex: '' };
    await expect(store.put('cas/x', body, true)).rejects.toThrow('interrupted');
    expect(readdirSync(path.join(data, 'cas'))).toEqual([]);

    writeFileSync(path.join(data, 'cas/y'), BYTES);
    const other = new AbortController();
    const reading = new FileStore(data, () => other.abort(), { signal: other.signal });
    const file = path.join(data, 'taken');
    await expect(reading.download('cas/y', file, BYTES.length)).rejects.toThrow('interrupted');
  });

  it.each(['file', 'memory'] as const)('in %s are counted as they reach a folder', async (kind) => {
    const server = sharedFolder();
    const pieces = await countedOf(kind, (body, count) =>
      new FileStore(server.data, count).put('cas/x', body, true),
    );
    const file = path.join(server.data, 'cas/x');
    expect(readFileSync(file).equals(BYTES)).toBe(true);
    expect([sum(pieces), statSync(file).mode & 0o777]).toEqual([
      BYTES.length,
      0o666 & ~process.umask(),
    ]);
    // A clone is there at once.
    if (kind === 'memory' || !isCloned(file, `${file}.clone`))
      expect(pieces.length).toBeGreaterThan(5);
  });

  it.each(['file', 'memory'] as const)(
    'in %s are counted as a server receives them',
    async (kind) => {
      const got: number[] = [];
      const server = http.createServer(async (request, response) => {
        for await (const chunk of request) got.push(chunk.length);
        response.writeHead(201).end();
      });
      const base = `http://127.0.0.1:${await listening(server)}`;
      const pieces = await countedOf(kind, (body, count) =>
        storeAt(base, true, {}, {}, count).put('cas/x', body, true),
      );
      expect([sum(pieces), sum(got)]).toEqual([BYTES.length, BYTES.length]);
      expect(pieces.length).toBeGreaterThan(5);
    },
  );

  it('are counted as they come from a server, also in memory', async () => {
    const pieces: number[] = [];
    let rest = () => {};
    const server = http.createServer((_, response) => {
      response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.subarray(0, 1000));
      rest = () => response.end(BYTES.subarray(1000));
    });
    const store = storeAt(
      `http://127.0.0.1:${await listening(server)}`,
      true,
      {},
      {},
      (_, bytes) => {
        pieces.push(bytes);
        if (pieces.length === 1) rest();
      },
    );
    expect((await store.get('cas/x', BYTES.length))?.equals(BYTES)).toBe(true);
    expect([pieces[0], sum(pieces)]).toEqual([1000, BYTES.length]);
  });
});

describe('two writers of one name, on a server that ignores conditions', () => {
  it('end with the data of both, although one had read before the other wrote', async () => {
    let stored = Buffer.from('[]');
    let puts = 0;
    let reads = 0;
    let release = () => {};
    const bothHaveRead = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = http.createServer(async (request, response) => {
      if (request.method === 'GET') {
        const now = stored;
        if (++reads === 2) release();
        await bothHaveRead;
        response.end(reads <= 2 ? now : stored);
        return;
      }
      const chunks: Buffer[] = await request.toArray();
      const write = () => {
        stored = Buffer.concat(chunks);
        response.writeHead(204).end();
      };
      // The second writer is slow: by then, the first one could have read again what it wrote.
      if (++puts === 2) setTimeout(write, 250);
      else write();
    });
    const base = `http://127.0.0.1:${await listening(server)}`;
    const update = async (mine: string) => {
      const store = storeAt(base, false);
      await store.update('x', 1000, (before) => {
        const there: string[] = JSON.parse(String(before));
        return there.includes(mine) ? undefined : Buffer.from(JSON.stringify([...there, mine]));
      });
    };
    await Promise.all([update('a'), update('b')]);
    expect(JSON.parse(String(stored)).sort()).toEqual(['a', 'b']);
  });
});

describe('an answer that arrived while this process was busy', () => {
  /** A request whose time limit is over when the server has acted. */
  async function late(answer: (response: ServerResponse, over: () => void) => void) {
    const ours: Socket[] = [];
    const onSocket = (message: unknown) => ours.push((message as { socket: Socket }).socket);
    subscribe('net.client.socket', onSocket);
    onTestFinished(() => void unsubscribe('net.client.socket', onSocket));
    const over = () => {
      setTimeout(() => ours.at(-1)?.emit('timeout'), 0);
      // The timer is due before any socket is read.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    };
    const port = await listening(http.createServer((_, response) => answer(response, over)));
    return storeAt(`http://127.0.0.1:${port}`, true).get('ac/x', 100);
  }

  it('is read, although its time limit is over', async () => {
    // Node runs timers before sockets: the bytes are in the kernel, and nothing has read them yet.
    const bytes = await late((response, over) => response.end('here', over));
    expect(bytes?.toString()).toBe('here');
  });

  it('is not expected if there is none', async () => {
    await expect(late((_, over) => over())).rejects.toThrow('no answer within 5 s');
  });
});
