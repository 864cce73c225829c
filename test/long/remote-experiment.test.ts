/** The experiment of this repository, computed on one machine and taken by another. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  behind,
  NGINX,
  nginx,
  proxyTo,
  type Server,
  s3,
  sharedFolder,
  VERSITYGW,
} from '../remote/servers.js';
import { copyExperiment, SMALL } from '../rig/experiment.js';
import { project } from '../rig/projects.js';

function clone({ remote, env }: Pick<Server, 'remote' | 'env'>) {
  const made = project();
  copyExperiment(made);
  Object.assign(made.env, env, { PIPE_REMOTE: remote });
  return made;
}

const SERVERS: readonly (readonly [string, boolean, () => Server | Promise<Server>])[] = [
  ['a shared folder', true, sharedFolder],
  ['nginx', NGINX !== undefined, nginx],
  ['an S3 server', VERSITYGW !== undefined, s3],
];

it('is restored completely, and then needs no server', async (context) => {
  const first = clone({ remote: 'off', env: {} });
  const ran = await first.pipe('run', ...SMALL);
  expect(ran.out, ran.err).toContain('pipe: 10 ran, 0 restored, 0 fresh');
  for (const [name, isHere, start] of SERVERS) {
    if (!isHere) {
      context.annotate(`${name} is not installed here`);
      continue;
    }
    const server = await start();
    Object.assign(first.env, server.env, { PIPE_REMOTE: server.remote });
    expect((await first.pipe('push', ...SMALL)).out).toMatch(/10 results in the remote cache/);

    const proxy = server.port === undefined ? undefined : await proxyTo(server.port);
    const second = clone(proxy === undefined ? server : behind(server, proxy));
    const taken = await second.pipe('run', ...SMALL);
    expect(`${taken.out}${taken.err}`, name).toContain('pipe: 0 ran, 10 restored, 0 fresh');
    for (const file of ['reports/report.md', 'reports/index.html'])
      expect(readFileSync(second.path(file)).equals(readFileSync(first.path(file)))).toBe(true);

    const asked = proxy?.requests.length;
    proxy?.close();
    const again = await second.pipe('run', ...SMALL);
    expect(`${again.out}${again.err}`, name).toBe('pipe: 0 ran, 0 restored, 10 fresh\n');
    expect(proxy?.requests.length).toBe(asked);
  }
});
