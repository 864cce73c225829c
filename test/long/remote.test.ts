/** All promises about a remote cache, at every step, and on the servers that need a program. */
import { describe, expect, it } from 'vitest';
import {
  settlesRivals,
  staysTrue,
  survivesEveryStep,
  survivesItsDeath,
  survivesKills,
} from '../remote/behaviours.js';
import { clone } from '../remote/clones.js';
import { behind, NGINX, nginx, proxyTo, type Server, s3, VERSITYGW } from '../remote/servers.js';

/** Round trip to a server in milliseconds. */
const DELAY = 50;

/**
 * Many small files and many items, on a server that is far away. Counts only what depends on the
 * distance; the rest is CPU time, which `node bench/remote.mjs` measures.
 */
function travelsFar(isHere: boolean, start: () => Promise<Server>): void {
  it.skipIf(!isHere)(
    'needs few requests for 10,000 files, and requests 1,000 items concurrently',
    async () => {
      const server = await start();
      const far = async () => {
        const proxy = await proxyTo(server.port as number, { delay: DELAY });
        return { proxy, server: behind(server, proxy) };
      };
      const files =
        'stages:\n  many: { cmd: "mkdir m; seq 9999999 | head -c 40960000 | split -a 4 -b 4096 - m/", outs: [m] }\n';
      const [out, back, look] = [await far(), await far(), await far()];
      const first = clone(out.server, files);
      await first.pipe('run', '--remote', 'off');
      expect((await first.pipe('push')).code).toBe(0);
      expect(out.proxy.requests.length).toBeLessThan(15);
      const second = clone(back.server, files);
      expect((await second.pipe('pull')).out).toContain('0 ran, 1 restored');
      expect(back.proxy.requests.length).toBeLessThan(15);
      const stages = Array.from(
        { length: 1000 },
        (_, at) => `  i${at}: { cmd: "echo ${at} > ${at}.txt", outs: [${at}.txt] }`,
      );
      const many = clone(look.server, `stages:\n${stages.join('\n')}\n`);
      const began = performance.now();
      expect((await many.pipe('status', '--remote', 'r')).code).toBe(0);
      const { requests, mostAtOnce } = look.proxy;
      expect(requests.length).toBe(1000);
      expect(mostAtOnce()).toBeGreaterThan(60);
      expect((requests.length / mostAtOnce()) * DELAY).toBeLessThan(1000);
      expect(performance.now() - began).toBeGreaterThan((requests.length / 64) * DELAY);
    },
  );
}

describe('a remote cache on a shared folder', () => {
  survivesEveryStep('is killed', 1);
  survivesEveryStep('fails', 1);
});

describe('a remote cache on nginx', () => {
  travelsFar(NGINX !== undefined, nginx);
  staysTrue(NGINX !== undefined, nginx);
  settlesRivals(NGINX !== undefined, nginx);
  survivesItsDeath(NGINX !== undefined, nginx, 1);
  survivesKills(NGINX !== undefined, nginx, 1);
});

describe('a remote cache on an S3 server', () => {
  travelsFar(VERSITYGW !== undefined, s3);
  staysTrue(VERSITYGW !== undefined, s3);
  settlesRivals(VERSITYGW !== undefined, s3);
  survivesItsDeath(VERSITYGW !== undefined, s3, 1);
  survivesKills(VERSITYGW !== undefined, s3, 1);
});
