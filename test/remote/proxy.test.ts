/** A remote cache that is reachable only through a proxy, as from many compute nodes. */
import http from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { routeTo } from '../../src/remote/route.js';
import type { RunOutcome } from '../rig/project.js';
import { clone, cloneWithin } from './clones.js';
import { listening, served, storeAt } from './served.js';
import { certificateOf, freePort, OPENSSL, type Server } from './servers.js';

const warnings = ({ events }: RunOutcome) =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

const PASS = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;

/**
 * Forwards everything to one port of this machine, for any host name, if the client has the
 * password.
 */
async function proxyTo(port: number) {
  const asked: string[] = [];
  const isLetIn = ({ headers }: http.IncomingMessage) => headers['proxy-authorization'] === PASS;
  const server = http.createServer((request, response) => {
    asked.push(`${request.method} ${new URL(request.url ?? '').host}`);
    if (!isLetIn(request)) {
      request.resume().once('end', () => response.writeHead(407).end());
      return;
    }
    const { method, headers } = request;
    const path = new URL(request.url ?? '').pathname;
    const sent = http.request({ port, method, headers, path }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    request.pipe(sent);
  });
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    if (!isLetIn(request)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
      return;
    }
    const target = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(target).pipe(socket);
    });
    // Either end may go first.
    for (const end of [socket, target]) end.once('error', () => {});
  });
  return { port: await listening(server), asked };
}

describe('a server behind a proxy', () => {
  it('is requested only by its name', async () => {
    const { port, ...server } = await served();
    const proxy = await proxyTo(port as number);
    const env = { http_proxy: `http://me:p%40ss@127.0.0.1:${proxy.port}` };
    const far: Server = { ...server, remote: 'http://storage.lab/pipe', env };
    expect((await clone(far).run()).summary).toMatchObject({ ran: 3 });
    expect((await clone(far).run()).summary).toMatchObject({ ran: 0, restored: 3 });
    expect(new Set(proxy.asked)).toEqual(new Set(['GET storage.lab', 'PUT storage.lab']));
  });

  it.skipIf(OPENSSL === undefined)('is reached through tunnels if it uses TLS', async () => {
    const { file, ...pair } = certificateOf('storage.lab');
    const { port, ...server } = await served(undefined, undefined, pair);
    const proxy = await proxyTo(port as number);
    const env = { NODE_EXTRA_CA_CERTS: file, HTTPS_PROXY: `me:p%40ss@127.0.0.1:${proxy.port}` };
    const far: Server = { ...server, remote: 'https://storage.lab:8443/pipe', env };
    expect((await clone(far).run()).summary).toMatchObject({ ran: 3 });
    expect((await clone(far).run()).summary).toMatchObject({ ran: 0, restored: 3 });
    expect(new Set(proxy.asked)).toEqual(new Set(['CONNECT storage.lab:8443']));
    expect(proxy.asked.length).toBeLessThan(server.asked.length);
  });

  it.each(['http', 'https'])('that requires a password costs one line (%s)', async (protocol) => {
    const proxy = await proxyTo(await freePort());
    const env = { [`${protocol}_proxy`]: `http://127.0.0.1:${proxy.port}` };
    const run = await clone({ remote: `${protocol}://storage.lab`, env, data: '' }).run();
    expect(run).toMatchObject({ code: 0, summary: { ran: 3 } });
    expect(warnings(run)).toEqual([
      expect.stringMatching(
        /storage\.lab through the proxy 127\.0\.0\.1:\d+: the proxy answered with status 407 \(write http:\/\/user:password@host:port/,
      ),
    ]);
  });

  it.each(['http', 'https'])('that does not exist is named (%s)', async (protocol) => {
    const env = { all_proxy: `http://127.0.0.1:${await freePort()}` };
    const store = storeAt(`${protocol}://storage.lab`, true, {}, env);
    await expect(store.get('ac/x', 100)).rejects.toThrow(
      /^storage\.lab through the proxy 127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    );
  });

  it('is unreachable if the proxy is another kind of server', async () => {
    const server = http.createServer((_, response) => response.writeHead(404).end());
    const env = { https_proxy: `http://127.0.0.1:${await listening(server)}` };
    const store = storeAt('https://storage.lab', true, {}, env);
    await expect(store.get('ac/x', 100)).rejects.toThrow(
      /^storage\.lab through the proxy .*: the connection was cut off/,
    );
  });

  it('is given up if the proxy opens no tunnel in time', async () => {
    const silent = http.createServer();
    silent.on('connect', (_, socket) => socket.once('error', () => {}));
    const env = { https_proxy: `http://127.0.0.1:${await listening(silent)}` };
    const store = storeAt('https://storage.lab', true, { answer: 200 }, env);
    await expect(store.get('ac/x', 100)).rejects.toThrow('no tunnel within 0.2 s');
    silent.close();
  });
});

describe('the environment', () => {
  const isThrough = (origin: string, env: Record<string, string>) => {
    const route = routeTo(new URL(origin), env, 1000);
    route.close();
    return route.name.includes('through the proxy');
  };
  const all = { http_proxy: 'proxy:3128', HTTPS_PROXY: 'https://proxy' };

  it.each([
    ['http://storage.lab', '', true],
    ['https://storage.lab', '', true],
    ['https://storage.lab', 'storage.lab', false],
    ['https://storage.lab', 'other.lab, .lab', false],
    ['https://storage.lab', 'lab', false],
    ['https://storage.lab', '*.lab', false],
    ['https://storage.lab', 'STORAGE.LAB', false],
    ['https://storage.lab', 'rage.lab', true],
    ['https://storage.lab', '*', false],
    ['https://storage.lab', 'storage.lab:443', false],
    ['https://storage.lab', 'storage.lab:8443', true],
    ['http://storage.lab:8443', 'storage.lab:8443', false],
    ['http://10.0.0.7', '10.0.0.7', false],
    ['http://10.0.0.7', '0.0.7', true],
    ['http://localhost:9000', '', false],
    ['http://127.0.0.1:9000', '', false],
    ['http://[::1]:9000', '', false],
  ])('for %s with no_proxy=%s: through the proxy: %s', (origin, exceptions, expected) => {
    expect(isThrough(origin, { ...all, no_proxy: exceptions })).toBe(expected);
  });

  it('names the proxy of one protocol only', () => {
    expect(isThrough('https://storage.lab', { http_proxy: 'proxy:3128' })).toBe(false);
    expect(isThrough('https://storage.lab', { ALL_PROXY: 'proxy:3128' })).toBe(true);
  });

  it('with a proxy of another kind is an error with a hint that hides the password', async () => {
    const env = { https_proxy: 'socks5://me:word@127.0.0.1:1080' };
    const { code, err } = await cloneWithin({ remote: 'https://storage.lab', env, data: '' }).pipe(
      'run',
    );
    expect(code).toBe(2);
    expect(err).toContain(
      'https_proxy is not the address of an HTTP proxy: socks5://…@127.0.0.1:1080',
    );
    expect(err).toContain('set it to http://host:port, or list storage.lab in no_proxy');
    expect(err).not.toContain('word');
  });
});
