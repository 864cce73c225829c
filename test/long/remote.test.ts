/** All that is promised of a remote cache, at every step, and on the servers that need a program. */
import { describe } from 'vitest';
import {
  settlesRivals,
  staysTrue,
  survivesEveryStep,
  survivesItsDeath,
  survivesKills,
} from '../remote/behaviours.js';
import { NGINX, nginx, s3, VERSITYGW } from '../remote/servers.js';

describe('a remote cache on a shared folder', () => {
  survivesEveryStep('is killed', 1);
  survivesEveryStep('fails', 1);
});

describe('a remote cache on nginx', () => {
  staysTrue(NGINX !== undefined, nginx);
  settlesRivals(NGINX !== undefined, nginx);
  survivesItsDeath(NGINX !== undefined, nginx, 1);
  survivesKills(NGINX !== undefined, nginx, 1);
});

describe('a remote cache on an S3 server', () => {
  staysTrue(VERSITYGW !== undefined, s3);
  settlesRivals(VERSITYGW !== undefined, s3);
  survivesItsDeath(VERSITYGW !== undefined, s3, 1);
  survivesKills(VERSITYGW !== undefined, s3, 1);
});
