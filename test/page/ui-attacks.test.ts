/** Attacks on `pipe ui`: other sites, paths that lead out, and clients that send or read badly. */
import { readdirSync, truncateSync } from 'node:fs';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { Project, type Running } from '../rig/project.js';
import { FILES } from './demo.js';
import { ask, dial, ended, started } from './ui.js';

/** On a busy machine. */
const LONG = { timeout: 300_000 };

/** Of `src/page/live-server.ts`. */
const MOST_LISTENERS = 64;

describe('an attack on pipe ui', () => {
  let project: Project;
  let ui: Running;
  let port: number;
  beforeAll(async () => {
    project = new Project(FILES);
    project.env.TOKEN = 'hush-5ecret-value';
    await project.pipe('run', '-k');
    [ui, port] = await started(project);
  });
  afterAll(async () => {
    expect(await ended(ui)).toBe(130);
    project.dispose();
  });

  const answers = async () => (await ask(port, '/data.json')).status;

  /** The response when its head is there, with the request that ends it. */
  const follow = () =>
    new Promise<[IncomingMessage, ClientRequest]>((resolve, reject) => {
      const asked = request({ port, host: '127.0.0.1', path: '/events', agent: false });
      asked.on('response', (response) => resolve([response.resume(), asked]));
      asked.on('error', reject).end();
      onTestFinished(() => void asked.destroy());
    });

  it('by DNS rebinding, or by pages of other origins and sites, is refused', async () => {
    for (const headers of [
      { Host: `evil.example:${port}` },
      { Host: 'evil.example' },
      { Host: '127.0.0.1' },
      { Origin: 'http://evil.example' },
      { Origin: 'null' },
      { Origin: `http://127.0.0.1:${port + 1}` },
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' },
      { 'Sec-Fetch-Site': 'same-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'iframe' },
    ] as Record<string, string>[])
      for (const where of ['/', '/data.json', '/events', '/log?item=broken'])
        expect([headers, (await ask(port, where, headers)).status]).toEqual([headers, 403]);
    const own = { Host: `localhost:${port}`, Origin: `http://localhost:${port}` };
    expect((await ask(port, '/data.json', own)).status).toBe(200);
  });

  it('that tries to write is refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect((await ask(port, '/data.json', {}, method)).status).toBe(405);
  });

  it('by a path gets only files that the pipeline names', async () => {
    project.write('private.txt', 'mine alone');
    const names = [
      'private.txt',
      '../private.txt',
      '../../../../../../etc/passwd',
      '/etc/passwd',
      '..%2fprivate.txt',
      '%2e%2e/private.txt',
      '%2e%2e%2fprivate.txt',
      '%252e%252e%252fprivate.txt',
      '..%5cprivate.txt',
      '..%c0%afprivate.txt',
      '....//private.txt',
      './private.txt%00',
      'broken%00/../private.txt',
      `file://${project.path('private.txt')}`,
    ];
    for (const name of names)
      for (const where of [
        `/${name}`,
        `/data.json/${name}`,
        `/events/${name}`,
        `/log/${name}`,
        `/picture/${name}`,
        `/log?item=${name}`,
        `/log?item=broken/../../../${name}`,
        `/picture?digest=${name}`,
        `/picture?digest=f:${name}`,
      ]) {
        const { status, body } = await ask(port, where);
        expect([where, status]).toEqual([where, 404]);
        expect(body).not.toMatch(/mine|root:/);
      }
    expect((await ask(port, '//evil.example/')).status).toBe(404);
  });

  it('with a log of 500 MB makes it read only the end', async () => {
    const folder = path.join(project.root, 'cache/logs/broken');
    truncateSync(path.join(folder, readdirSync(folder).sort().at(-1)!), 500e6);
    const { status, body } = await ask(port, '/log?item=broken');
    expect(status).toBe(200);
    expect(JSON.parse(body).bytes).toBe(500e6);
    expect(body.length).toBeLessThan(100_000);
  });

  it('by many streams does not stop the page: streams above 64 are told to retry', async () => {
    const streams = await Promise.all(Array.from({ length: MOST_LISTENERS }, follow));
    expect(streams.map(([{ statusCode }]) => statusCode)).toEqual(streams.map(() => 200));
    const more = await Promise.all(Array.from({ length: 200 }, follow));
    for (const [{ statusCode, headers }] of more)
      expect([statusCode, headers['retry-after']]).toEqual([503, '5']);
    expect(await answers()).toBe(200);
    streams[0]?.[1].destroy();
    await expect.poll(async () => (await follow())[0].statusCode, LONG).toBe(200);
  });

  it('by huge headers or a huge address is refused', async () => {
    expect((await ask(port, '/data.json', { 'X-Long': 'x'.repeat(20_000) })).status).toBe(431);
    expect((await ask(port, `/log?item=${'x'.repeat(20_000)}`)).status).toBe(431);
    expect(await answers()).toBe(200);
  });

  it('by a request that is not HTTP, or for another server, is refused', async () => {
    for (const [text, status] of [
      ['\x16\x03\x01 a TLS greeting\r\n\r\n', 400],
      [`GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, 404],
      ['GET / HTTP/1.0\r\n\r\n', 403],
    ] as const) {
      const socket = await dial(port, text, true);
      const line = await new Promise<string>((resolve) => {
        socket.setEncoding('utf8').once('data', resolve);
      });
      expect([text, line.split(' ')[1]]).toEqual([text, String(status)]);
    }
    expect(await answers()).toBe(200);
  });
});
