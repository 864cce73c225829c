/**
 * Servers that break the protocol, or implement less of it: no wrong result is used, and the run
 * ends as without them.
 */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { credentialsOf } from '../../../src/remote/aws-credentials.js';
import { FileStore } from '../../../src/remote/file-store.js';
import { clone, cloneWithin, LARGE } from '../../remote/clones.js';
import { cut, listening, type Refusal, served, storeAt } from '../../remote/served.js';
import { namesIn, sharedFolder } from '../../remote/servers.js';
import type { RunOutcome } from '../../rig/project.js';

const warnings = ({ events }: RunOutcome) =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), 'pipe-broken-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The answer of a server to each read, instead of the body. */
const ANSWERS: Readonly<Record<string, (body: Buffer, response: http.ServerResponse) => void>> = {
  'is longer than it says': (body, response) => {
    response.setHeader('content-length', body.length - 3);
    response.socket?.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length - 3}\r\n\r\n`);
    response.socket?.write(body);
  },
  'is shorter than it says': (body, response) => {
    response.setHeader('content-length', body.length + 3);
    response.write(body, () => response.destroy());
  },
  'is compressed': (body, response) => {
    const packed = gzipSync(body);
    response.setHeader('content-length', packed.length).setHeader('content-encoding', 'gzip');
    response.end(packed);
  },
  'is a page to log in': (_, response) => {
    response.removeHeader('content-length');
    response.end('<html>log in</html>');
  },
  'is another one': (body, response) => response.end(Buffer.alloc(body.length, 'x')),
};

describe('a server', () => {
  it.each(Object.keys(ANSWERS))('whose body %s gives nothing', async (what) => {
    let isBroken = false;
    const server = await served((_, body, response) => {
      if (isBroken) ANSWERS[what]?.(body, response);
      return isBroken;
    });
    await cloneWithin(server).run();
    isBroken = true;
    const reader = cloneWithin(server);
    const run = await reader.run('--remote', 'r');
    expect(run.code).toBe(0);
    expect(run.summary).toMatchObject({ ran: 3, restored: 0 });
    expect(warnings(run).length).toBeGreaterThan(0);
    expect(reader.read('all.txt').trim()).toBe('20003');
    // No request asks for compression, but an answer without the header may be compressed.
    for (const { headers } of server.asked) expect(headers['accept-encoding']).toBe('identity');
  });

  it('that does not say how long a body is is read', async () => {
    const server = await served((_, body, response) => {
      response.removeHeader('content-length');
      response.write(body.subarray(0, 5));
      response.end(body.subarray(5));
      return true;
    });
    await cloneWithin(server).run();
    const run = await cloneWithin(server).run();
    expect(run.summary).toMatchObject({ ran: 0, restored: 3 });
    expect(warnings(run)).toEqual([]);
  });

  it('that ignores ranges sends an object again from its start', async () => {
    let breaks = 3;
    const server = await served(({ name, from }, body, response) => {
      if (!name.startsWith('/cas/') || breaks === 0) return false;
      const whole = readFileSync(path.join(server.data, name));
      breaks--;
      response.statusCode = 200;
      response.setHeader('content-length', whole.length);
      expect(body.length).toBe(whole.length - from);
      // The second answer has more than the first one, and the last one all.
      if (breaks > 0) return cut(whole, whole.length - breaks * 600_000, response);
      response.end(whole);
      return true;
    });
    await cloneWithin(server, LARGE).run();
    const run = await cloneWithin(server, LARGE).run();
    expect(run.summary).toMatchObject({ ran: 0, restored: 1 });
    expect(warnings(run)).toEqual([]);
    expect(breaks).toBe(0);
  });

  it.each(['head', 'body'])(
    'that sends the %s of an answer in a trickle is given up',
    async (what) => {
      let asked = 0;
      const server = http.createServer((request, response) => {
        asked++;
        if (what === 'body') response.writeHead(200, { 'content-length': 1_000_000 });
        else request.socket.write('HTTP/1.1 200 OK\r\nx: ');
        const sending = setInterval(() => {
          if (what === 'body') response.write('x');
          else request.socket.write('x');
        }, 5);
        request.socket.once('error', () => {}).once('close', () => clearInterval(sending));
      });
      const base = `http://127.0.0.1:${await listening(server)}`;
      const store = storeAt(base, true, { window: 100 });
      const file = path.join(folder(), 'file');
      for (const read of [store.get('ac/x', 2e6), store.download('cas/x', file, 2e6)])
        await expect(read).rejects.toThrow('less than 1024 bytes in 0.1 s');
      expect(asked).toBe(2);
    },
  );

  it('that requests a pause gets it', async () => {
    const server = await served(undefined, (_, response) => {
      if (server.asked.length > 1) return undefined;
      response.setHeader('retry-after', '1');
      return 429;
    });
    await storeAt(server.remote, true).get('ac/x', 100);
    const [first, second] = server.asked;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(990);
  });

  it('that rejects conditions gets writes without them', async () => {
    const server = await served(undefined, ({ method, headers }) => {
      const isConditional =
        headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;
      return method === 'PUT' && isConditional ? 501 : undefined;
    });
    expect(warnings(await cloneWithin(server).run())).toEqual([]);
    expect((await cloneWithin(server).run()).summary).toMatchObject({ ran: 0, restored: 3 });
    const before = storeAt(server.remote, true);
    await before.update('ac/head', 100, (there) =>
      there === undefined ? Buffer.from('1') : undefined,
    );
    expect(String(await before.get('ac/head', 100))).toBe('1');
  });

  it.each([
    [507, /status 507 for PUT: free disk space/],
    [413, /status 413 for PUT: .*client_max_body_size/],
    [308, /status 308 for PUT: the server redirects to another address/],
  ])(
    'that answers writes with %i is still read, and the line says what to do',
    async (status, line) => {
      const refusal: Refusal = ({ method }) => (method === 'PUT' ? status : undefined);
      const run = await cloneWithin(await served(undefined, refusal)).run();
      expect(run.code).toBe(0);
      expect(run.summary).toMatchObject({ ran: 3 });
      expect(warnings(run)).toEqual([expect.stringMatching(line)]);
    },
  );

  it('that rejects later reads, as with an expired token, does not stop the run', async () => {
    let reads = 0;
    const refusal: Refusal = ({ method }) => (method === 'GET' && ++reads > 2 ? 403 : undefined);
    const made = cloneWithin(await served(undefined, refusal));
    const run = await made.run();
    expect(run.code).toBe(0);
    expect(run.summary).toMatchObject({ ran: 3 });
    expect(warnings(run)).toEqual([expect.stringMatching(/not used for the rest .*status 403/)]);
  });

  it('that has only a part of an object gets the complete object', async () => {
    const server = await served();
    const first = cloneWithin(server, LARGE);
    await first.run();
    for (const name of namesIn(server))
      if (name.startsWith('cas/')) truncateSync(path.join(server.data, name), 300_000);
      else rmSync(path.join(server.data, name));
    expect((await first.pipe('push')).code).toBe(0);
    const run = await cloneWithin(server, LARGE).run();
    expect(run.summary).toMatchObject({ ran: 0, restored: 1 });
    expect(warnings(run)).toEqual([]);
  });
});

describe('a shared folder', () => {
  it('with a pipe instead of a record or an object counts as without it', async () => {
    const { data } = sharedFolder();
    for (const each of ['ac', 'cas']) mkdirSync(path.join(data, each), { recursive: true });
    for (const name of ['ac/x', 'cas/x']) spawnSync('mkfifo', [path.join(data, name)]);
    const store = new FileStore(data, () => {});
    expect(await store.get('ac/x', 100)).toBeUndefined();
    expect(await store.sizeOf('cas/x')).toBeUndefined();
    expect(await store.download('cas/x', path.join(folder(), 'file'), 100)).toBeUndefined();
  });

  it('whose lock file other writers always hold is given up', async () => {
    const { data } = sharedFolder();
    mkdirSync(path.join(data, 'ac'), { recursive: true });
    let count = 0;
    const renewing = setInterval(
      () => writeFileSync(path.join(data, 'ac/x.lock'), String(++count)),
      2,
    );
    onTestFinished(() => clearInterval(renewing));
    const store = new FileStore(data, () => {}, { stale: 50 });
    const updating = store.update('ac/x', 100, () => Buffer.from('head'));
    await expect(updating).rejects.toThrow('stays locked');
  });

  it('that does not answer costs one line', async () => {
    // As stat(1) waits on a network file system whose server is gone.
    const bin = folder();
    writeFileSync(path.join(bin, 'stat'), '#!/bin/sh\nexec sleep 1000\n', { mode: 0o755 });
    const made = clone(sharedFolder());
    made.env.PATH = `${bin}:${process.env.PATH}`;
    const run = await made.run();
    expect(run.code).toBe(0);
    expect(run.summary).toMatchObject({ ran: 3 });
    expect(warnings(run)).toEqual([expect.stringMatching(/not used .*no answer within 5 s/)]);
  });
});

it('a server that accepts connections and never answers costs one line and less than 10 s', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on('error', () => {})));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const seconds = async (...args: string[]) => {
    const made = cloneWithin({ remote: `http://127.0.0.1:${port}/pipe`, env: {}, data: '' });
    const began = performance.now();
    const run = await made.run(...args);
    return { run, took: performance.now() - began };
  };
  const without = await seconds('--remote', 'off');
  const { run, took } = await seconds();
  for (const socket of sockets) socket.destroy();
  silent.close();
  // Both are slower on a busy machine.
  expect(took - without.took).toBeLessThan(10_000);
  expect(run.code).toBe(0);
  expect(warnings(run)).toEqual([expect.stringContaining('no answer within 5 s')]);
});

describe('credentials that expire', () => {
  function profile(answer: string) {
    const home = folder();
    const count = path.join(home, 'count');
    writeFileSync(
      path.join(home, 'config'),
      `[default]\ncredential_process = echo >> ${count}; ${answer}\n`,
    );
    const env = { PATH: process.env.PATH, HOME: home, AWS_CONFIG_FILE: path.join(home, 'config') };
    return { ask: credentialsOf(env), asked: () => readFileSync(count, 'utf8').length };
  }
  const expired = `printf '{"AccessKeyId":"a","SecretAccessKey":"b","Expiration":"2020-01-01T00:00:00Z"}'`;

  it('are requested once for all waiting requests', async () => {
    const { ask, asked } = profile(expired);
    await Promise.all(Array.from({ length: 10 }, ask));
    expect(asked()).toBe(2);
  });

  it('and cannot be renewed are a refusal, not a user error', async () => {
    const { ask } = profile(`[ $(wc -l < $HOME/count) = 1 ] && ${expired}`);
    await expect(ask()).rejects.toMatchObject({ name: 'StoreError', kind: 'unreadable' });
  });
});
