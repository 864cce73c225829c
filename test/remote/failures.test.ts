/** A remote cache that fails: one line reports it in time, and the run ends as without it. */
import http from 'node:http';
import https from 'node:https';
import { describe, expect, it } from 'vitest';
import type { RunOutcome } from '../rig/project.js';
import { clone, cloneWithin } from './clones.js';
import { listening as portOf } from './served.js';
import {
  certificateOf,
  freePort,
  NGINX,
  nginx,
  OPENSSL,
  type Server,
  s3,
  VERSITYGW,
} from './servers.js';

const warnings = ({ events }: RunOutcome) =>
  events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

async function listening(server: http.Server | https.Server): Promise<Server> {
  const port = await portOf(server);
  return { remote: `http://127.0.0.1:${port}/pipe`, env: {}, data: '/nowhere', port };
}

/** Answers by the method alone. */
function answering(
  status: Readonly<Record<string, number>>,
  body?: string,
  headers: http.OutgoingHttpHeaders = {},
): Promise<Server> {
  const server = http.createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(status[request.method ?? ''] ?? 404, headers).end(body);
    });
  });
  return listening(server);
}

describe('a remote cache', () => {
  it('without a server costs one line', async () => {
    const port = await freePort();
    const made = cloneWithin({ remote: `http://127.0.0.1:${port}`, env: {}, data: '' });
    const run = await made.run();
    expect(run.summary).toMatchObject({ ran: 3 });
    expect(run.code).toBe(0);
    expect(warnings(run)).toEqual([
      expect.stringMatching(
        /^the remote cache http.* is not used for the rest of this run: .*nothing accepts connections there \(ECONNREFUSED\)$/,
      ),
    ]);
  });

  it('whose server fails every request costs one line', async () => {
    const run = await cloneWithin(await answering({ GET: 503, PUT: 503 })).run();
    expect(run.summary).toMatchObject({ ran: 3 });
    expect(warnings(run)).toEqual([expect.stringContaining('status 503')]);
  });

  it('without TLS is not used with https', async () => {
    const { port } = await answering({ GET: 404 });
    const made = cloneWithin({ remote: `https://127.0.0.1:${port}`, env: {}, data: '' });
    const run = await made.run();
    expect(run.code).toBe(0);
    expect(warnings(run)).toEqual([
      expect.stringMatching(
        /no TLS connection \(wrong version number\): does the server expect http:/,
      ),
    ]);
  });

  it.each([401, 403])('that answers writes with %i is only read afterwards', async (status) => {
    const run = await cloneWithin(await answering({ GET: 404, HEAD: 404, PUT: status })).run();
    expect(run.code).toBe(0);
    expect(run.summary).toMatchObject({ ran: 3 });
    expect(warnings(run)).toEqual([
      expect.stringMatching(new RegExp(`nothing more is sent .*status ${status}`)),
    ]);
  });

  it.each([401, 403])('that answers reads with %i ends the run with a hint', async (status) => {
    const made = cloneWithin(await answering({ GET: status }));
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toMatch(new RegExp(`refuses reads: .*status ${status}.*remote-refused`));
    expect(err).toContain('run with --remote off');
    expect(made.lines('ran.txt')).toEqual([]);
  });

  it.skipIf(NGINX === undefined)('on nginx without the token can only be read', async () => {
    const server = await nginx();
    await cloneWithin(server).run();
    const reader = cloneWithin({ ...server, env: {} });
    expect((await reader.run()).summary).toMatchObject({ restored: 3 });
    const shown = await reader.pipe('remote');
    expect(shown.out).toMatch(/can be read \(\d+ ms\) but not written\n.*status 403/);
    const doctor = await reader.pipe('doctor');
    expect(doctor.code).toBe(2);
    expect(doctor.out).toMatch(/BAD {2}remote cache: .*but not written\nnote .*status 403/);
  });

  it.skipIf(VERSITYGW === undefined)('on S3 refuses a wrong secret', async () => {
    const server = await s3();
    const made = cloneWithin({ ...server, env: { ...server.env, AWS_SECRET_ACCESS_KEY: 'wrong' } });
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toMatch(/SignatureDoesNotMatch.*remote-refused/);
  });

  it('on S3 with an expired token ends the run, or is turned off if it expires later', async () => {
    const body = '<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>';
    for (const reads of [400, 404]) {
      const server = await answering({ GET: reads, HEAD: reads, PUT: 400 }, body);
      const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_SESSION_TOKEN: 'old' };
      const env = { ...keys, AWS_ENDPOINT_URL: server.remote };
      const made = cloneWithin({ remote: 's3://lab-bucket/pipe', env, data: '' });
      const { code, out, err } = await made.pipe('run');
      expect(code).toBe(reads === 400 ? 2 : 0);
      const told = reads === 400 ? err : out;
      expect(told).toContain('status 400 (ExpiredToken)');
      expect(told).toContain(reads === 400 ? 'check the credentials' : 'nothing more is sent');
      expect(made.lines('ran.txt')).toHaveLength(reads === 400 ? 0 : 3);
    }
  });

  it('on S3 without credentials names the ways to give them', async () => {
    const made = cloneWithin({ remote: 's3://lab-bucket/pipe', env: {}, data: '' });
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain('no-credentials');
    expect(err).toContain('AWS_PROFILE');
  });

  it.each([
    ['of another region', 301, 'PermanentRedirect', { 'x-amz-bucket-region': 'eu-west-1' }],
    ['of another region', 400, 'AuthorizationHeaderMalformed', { region: 'eu-west-1' }],
    ['at another address', 307, 'TemporaryRedirect', { location: 'https://other.lab/pipe' }],
    ['with another clock', 403, 'RequestTimeTooSkewed', { date: new Date(0).toUTCString() }],
  ])('on S3 %s (%i %s) names the setting', async (_what, status, code, headers) => {
    const body = `<Error><Code>${code}</Code><Region>eu-west-1</Region></Error>`;
    const server = await answering(
      { GET: status },
      code === 'TemporaryRedirect' ? '' : body,
      headers,
    );
    const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const env = { ...keys, AWS_ENDPOINT_URL: server.remote };
    const made = cloneWithin({ remote: 's3://lab-bucket/pipe', env, data: '' });
    const { code: exit, err } = await made.pipe('run');
    expect(exit).toBe(2);
    expect(err).toMatch(
      /region: eu-west-1|\(https:\/\/other.lab\/pipe\): use that|clock of this machine, which is \d{9,} s ahead/,
    );
    expect(err).not.toContain('check the credentials');
  });

  it('on S3 without its bucket is not taken for an empty one', async () => {
    const body = '<?xml version="1.0"?><Error><Code>NoSuchBucket</Code></Error>';
    const server = await answering({}, body, { 'content-type': 'application/xml' });
    const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    const env = { ...keys, AWS_ENDPOINT_URL: server.remote, PIPE_REMOTE_MODE: 'r' };
    const made = cloneWithin({ remote: 's3://typo/pipe', env, data: '' });
    for (const command of ['run', 'pull']) {
      const { code, err } = await made.pipe(command);
      expect([code, err]).toEqual([2, expect.stringMatching(/refuses reads: .*NoSuchBucket/)]);
      expect(err).toContain('check the address of the remote cache');
    }
    const { code, out } = await made.pipe('remote');
    expect([code, out]).toEqual([1, expect.stringMatching(/cannot be read\n.*NoSuchBucket/)]);
  });

  it('without a server costs a pull one line for all items, and --json tells of each', async () => {
    const remote = `http://127.0.0.1:${await freePort()}`;
    const made = cloneWithin({ remote, env: {}, data: '' });
    const { code, out } = await made.pipe('pull');
    expect([code, out.split('\n')]).toEqual([
      1,
      [
        expect.stringMatching(/^warning: the remote cache .* is not used .*ECONNREFUSED/),
        'pipe: error: 3 items not restored: the remote cache is not used',
        'pipe: 0 ran, 0 restored, 0 fresh, 3 blocked',
        '',
      ],
    ]);
    const { out: json } = await made.pipe('pull', '--json');
    const events = json
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string; reason?: string });
    const types = events.map(({ type }) => type);
    expect(types).toEqual(['run', 'warning', 'item', 'item', 'item', 'summary']);
    const reasons = events.flatMap(({ type, reason }) => (type === 'item' ? [reason] : []));
    expect(reasons).toContain('the remote cache is not used: a warning says why');
    expect(reasons).not.toContain('its result is not in the remote cache');
  });

  it('at an endpoint that is not an address is an error with a hint', async () => {
    for (const url of ['localhost:9000', 'http://host/?x=1', 'https://me:word@host']) {
      const env = { AWS_ENDPOINT_URL: url };
      const made = cloneWithin({ remote: 's3://lab-bucket/pipe', env, data: '' });
      const { code, err } = await made.pipe('run');
      expect(code).toBe(2);
      expect(err).toMatch(/ is not the address of an S3 server.*remote-value/);
      expect(err).not.toContain('word');
    }
  });

  it.skipIf(OPENSSL === undefined)('with an unknown certificate names the variable', async () => {
    const { file, ...pair } = certificateOf('localhost');
    const secured = https.createServer(pair, (request, response) => {
      request.resume().once('end', () => response.writeHead(404).end());
    });
    const { port } = await listening(secured);
    const server = { remote: `https://localhost:${port}`, env: {}, data: '' };
    const run = await clone(server).run('--remote', 'r');
    expect(run.code).toBe(0);
    expect(warnings(run)).toEqual([expect.stringMatching(/not used .*NODE_EXTRA_CA_CERTS/)]);
    const knowing = clone({ ...server, env: { NODE_EXTRA_CA_CERTS: file } });
    expect(warnings(await knowing.run('--remote', 'r'))).toEqual([]);
  });

  it.each([
    'ftp://host/x',
    'https://user:secret@host/x',
    's3://bucket/a#b',
    's3://bucket/a?b',
    's3://bucket/50%',
    's3:///folder',
    's3://bucket:9000/folder',
    'file://server/share',
    'file:///a%2Fb',
  ])('cannot be named %s', async (url) => {
    const made = cloneWithin({ remote: 'file:///nowhere', env: { PIPE_REMOTE: url }, data: '' });
    const { code, err } = await made.pipe('run');
    expect(code).toBe(2);
    expect(err).toContain('remote-value');
  });

  it('that is not configured cannot be pushed to', async () => {
    const made = cloneWithin({ remote: 'file:///nowhere', env: { PIPE_REMOTE: 'off' }, data: '' });
    for (const command of ['push', 'pull', 'remote']) {
      const { code, err } = await made.pipe(command);
      expect([code, err]).toEqual([2, expect.stringContaining('no-remote')]);
    }
  });
});
